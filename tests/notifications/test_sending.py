"""What leaves the house: counts only, at its time, once."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from notifications import sending
from notifications.models import Message, Notice

SHANGHAI = ZoneInfo("Asia/Shanghai")
# a Tuesday, two in the afternoon
AT = datetime(2026, 11, 24, 14, 0, tzinfo=SHANGHAI)
pytestmark = pytest.mark.django_db


def reachable(*users) -> None:
    for user in users:
        user.email = f"{user.username}@example.org"
        user.save(update_fields=["email"])


def tell(user, key="k", at=AT, **extra) -> None:
    Notice.objects.tell([user], key=key, text="柳家村口散落垃圾", url="/findings/1/", at=at, **extra)


def test_urgent_notice_leaves_at_once_and_only_once(huajia_official):
    reachable(huajia_official)
    tell(huajia_official, urgent=True)
    assert sending.send_due(AT) == 1
    assert sending.send_due(AT + timedelta(seconds=20)) == 0
    assert len(mail.outbox) == 1


def test_mail_says_how_many_and_nothing_else(huajia_official, settings):
    reachable(huajia_official)
    tell(huajia_official, key="a", urgent=True)
    tell(huajia_official, key="b", urgent=True)
    sending.send_due(AT)
    message = mail.outbox[0]
    assert message.subject == "待办提醒"
    assert message.body == f"您有 2 条待办。\n{settings.SITE_URL}"
    assert message.to == ["huajia@example.org"]


def test_mail_is_in_the_users_language(huajia_official):
    huajia_official.choose_language("en")
    reachable(huajia_official)
    tell(huajia_official, urgent=True)
    sending.send_due(AT)
    assert mail.outbox[0].body.startswith("You have 1 thing to do.")


def test_notice_that_waits_is_not_sent_yet(huajia_official):
    reachable(huajia_official)
    tell(huajia_official, urgent=True, send_after=AT + timedelta(seconds=10))
    assert sending.send_due(AT) == 0
    assert sending.send_due(AT + timedelta(seconds=10)) == 1


def test_others_wait_for_the_next_morning_and_go_in_one_mail(huajia_official):
    reachable(huajia_official)
    tell(huajia_official, key="a")
    tell(huajia_official, key="b", at=AT + timedelta(hours=3))
    assert sending.send_due(AT + timedelta(hours=17, minutes=59)) == 0
    assert sending.send_due(AT + timedelta(hours=18)) == 1
    assert "2 条" in mail.outbox[0].body


def test_late_sweep_still_sends_the_digest(huajia_official):
    reachable(huajia_official)
    tell(huajia_official)
    assert sending.send_due(AT + timedelta(days=3)) == 1


def test_read_notices_need_no_mail(huajia_official):
    reachable(huajia_official)
    tell(huajia_official)
    huajia_official.notices.mark_read(AT + timedelta(hours=1))
    assert sending.send_due(AT + timedelta(days=1)) == 0


def test_leaders_of_city_and_unit_get_one_mail_a_week(leader, area_leader):
    reachable(leader, area_leader)
    tell(leader)
    tell(area_leader)
    assert sending.send_due(AT + timedelta(days=5)) == 0  # Sunday
    assert sending.send_due(datetime(2026, 11, 30, 7, 59, tzinfo=SHANGHAI)) == 0
    assert sending.send_due(datetime(2026, 11, 30, 8, 0, tzinfo=SHANGHAI)) == 2


def test_secretary_and_township_leader_get_the_morning_digest(secretary, village_leader):
    reachable(secretary, village_leader)
    tell(secretary)
    tell(village_leader)
    assert sending.send_due(datetime(2026, 11, 25, 8, 0, tzinfo=SHANGHAI)) == 2


def test_user_without_mail_only_sees_the_notice(huajia_official):
    tell(huajia_official, urgent=True)
    assert sending.send_due(AT) == 0
    assert not Notice.objects.unsent(AT).exists()


def test_dead_mail_server_is_shown_and_tried_again(huajia_official):
    reachable(huajia_official)
    tell(huajia_official, urgent=True)
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9
    ):
        assert sending.send_due(AT) == 0
        stuck = Message.objects.failing().get()
        assert stuck.tries == 1 and "ConnectionRefused" in stuck.error
        assert sending.send_due(AT + timedelta(minutes=1)) == 0  # not yet again
    assert sending.send_due(AT + timedelta(minutes=5)) == 1
    assert len(mail.outbox) == 1 and not Message.objects.failing().exists()


class Channel(BaseHTTPRequestHandler):
    taken: list[dict] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args) -> None:
        pass


# a plug-in of apprise probes for a module that Python is about to drop
APPRISE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def channel() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Channel)
    Channel.taken = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@APPRISE
def test_group_channel_gets_one_count_for_all(channel, settings, huajia_official, secretary):
    settings.NOTIFY_APPRISE_URLS = [channel]
    tell(huajia_official, urgent=True)
    tell(secretary, urgent=True)
    assert sending.send_due(AT) == 1
    assert [(body["title"], body["message"]) for body in Channel.taken] == [("待办提醒", "您有 2 条待办。")]


@APPRISE
def test_dead_group_channel_is_tried_again(channel, settings, huajia_official):
    settings.NOTIFY_APPRISE_URLS = ["json://127.0.0.1:9/"]
    tell(huajia_official, urgent=True)
    assert sending.send_due(AT) == 0
    assert Message.objects.failing().get().error.startswith("DeliveryFailed")
    settings.NOTIFY_APPRISE_URLS = [channel]
    assert sending.send_due(AT + timedelta(minutes=5)) == 1


def test_message_of_a_killed_sweep_is_sent_later(huajia_official):
    reachable(huajia_official)
    tell(huajia_official, urgent=True)
    sending.compose(AT)
    assert Message.objects.get().claim(AT)  # and then the process died
    assert sending.deliver(AT) == 0
    assert sending.deliver(AT + timedelta(minutes=5)) == 1


@pytest.mark.postgres
def test_two_sweeps_at_once_send_each_message_once(committed, huajia_official, secretary, hso):
    reachable(huajia_official, secretary, hso)
    for user in (huajia_official, secretary, hso):
        for number in range(40):
            tell(user, key=f"k{number}", urgent=True)
    start = threading.Barrier(4)

    def sweep() -> None:
        start.wait()
        try:
            sending.send_due(AT)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = list(Message.objects.values_list("count", "tries", "sent_at"))
    assert sum(count for count, _tries, _sent in sent) == 120
    assert all(tries == 1 and sent_at for _count, tries, sent_at in sent)
    assert len(mail.outbox) == len(sent)
    assert Notice.objects.filter(sent_at__isnull=True).count() == 0


def test_digest_moments_are_eight_in_shanghai():
    assert sending.digest_cut(AT) == AT.replace(hour=8)
    early = AT.replace(hour=7, minute=59)
    assert sending.digest_cut(early) == datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    assert sending.weekly_cut(AT) == datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    assert sending.weekly_cut(datetime(2026, 11, 23, 7, 0, tzinfo=SHANGHAI)) == datetime(
        2026, 11, 16, 8, tzinfo=SHANGHAI
    )
    assert timezone.localtime(sending.digest_cut(AT)).hour == 8
