"""What is written down, by whom it can be read, and that nobody can change it."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from audit import triggers
from audit.log import client_address, is_broken, record, record_sealed, unseal
from audit.models import Entry, Verb
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def verbs() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))


@pytest.mark.engine
@pytest.mark.parametrize(
    "sql", ["UPDATE audit_entry SET actor_name = 'somebody else'", "DELETE FROM audit_entry"]
)
def test_database_refuses_to_change_or_delete_an_entry(sql):
    record(None, "export", label="ledger")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Entry.objects.count() == 1


@pytest.mark.postgres
def test_database_refuses_to_truncate_the_log():
    record(None, "export")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE audit_entry")


@pytest.mark.engine
def test_every_declared_table_has_its_triggers_and_putting_them_up_twice_is_the_same():
    triggers.put_up()
    triggers.put_up()
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        standing = {row[0] for row in cursor.fetchall()}
    wanted = {name for guard in triggers.guards() for op, name in guard.names.items() if op != "TRUNCATE"}
    assert wanted and wanted <= standing


@pytest.mark.engine
def test_triggers_can_be_lifted_for_a_test(lift_triggers):
    record(None, "export")
    assert Entry.objects.all().delete()[0] == 1


def test_sign_in_sign_out_and_failures_are_written_down(client, huajia_official):
    client.post(reverse("account_login"), {"login": "huajia", "password": "wrong"})
    client.post(reverse("account_login"), {"login": "huajia", "password": PASSWORD})
    client.post(reverse("account_logout"))
    assert [verb for verb in verbs() if verb != "write"] == ["sign_in_failed", "sign_in", "sign_out"]
    failed, signed_in = Entry.objects.get(verb="sign_in_failed"), Entry.objects.get(verb="sign_in")
    assert (failed.label, failed.actor_id, failed.address) == ("huajia", "", "127.0.0.1")
    assert signed_in.actor_id == str(huajia_official.pk) and signed_in.actor_name == "赵岩"


def test_password_never_reaches_the_log(client, huajia_official):
    client.post(reverse("account_login"), {"login": "huajia", "password": "a-secret-thing"})
    assert not any("a-secret-thing" in str(row) for row in Entry.objects.values_list())


def test_writes_of_signed_in_users_are_written_down_with_route_and_status(client_for, huajia_official):
    response = client_for(huajia_official).post(reverse("set_language"), {"language": "en"})
    entry = Entry.objects.get(verb="write")
    assert entry.detail == {"method": "POST", "route": "set_language", "status": 302}
    assert entry.actor_id == str(huajia_official.pk)
    assert entry.request_id == response["X-Request-ID"]


def test_refusals_are_written_down_and_plain_reading_is_not(client_for, huajia_official):
    client = client_for(huajia_official)
    client.get(reverse("profile"))
    assert "refused" not in verbs()
    assert client.get(reverse("audit")).status_code == 404
    assert Entry.objects.get(verb="refused").detail["route"] == "audit"


def test_strangers_leave_no_entries(client):
    client.get("/nothing-here/")
    client.post("/nothing-here/")
    assert verbs() == []


def test_token_requests_are_written_down_under_the_user(client, huajia_official):
    _token, key = huajia_official.tokens.issue(huajia_official, at=timezone.now())
    response = client.get("/api/v1/nothing/", headers={"authorization": f"Token {key}"})
    assert response.status_code == 404
    client.delete("/api/v1/token/", headers={"authorization": f"Token {key}"})
    assert Entry.objects.get(verb="write").actor_id == str(huajia_official.pk)


def test_record_names_the_object_and_keeps_counts(hso, village):
    entry = record(None, "export", obj=village, actor=hso, rows=12)
    assert (entry.object_type, entry.object_id, entry.label) == ("villages.village", str(village.pk), "柳家")
    assert entry.detail == {"rows": 12}


def test_address_is_the_one_the_outermost_proxy_saw(settings):
    request = RequestFactory().get(
        "/", headers={"x-forwarded-for": "6.6.6.6, 10.1.2.3"}, REMOTE_ADDR="127.0.0.1"
    )
    assert client_address(request) == "127.0.0.1"
    settings.AXES_IPWARE_PROXY_COUNT = 1
    assert client_address(request) == "10.1.2.3"


@pytest.mark.parametrize("who", ["auditor", "sysadmin"])
def test_auditor_and_administrator_read_the_log(client_for, request, who):
    record(None, "export", label="整改台账")
    page = client_for(request.getfixturevalue(who)).get(reverse("audit")).content.decode()
    assert "整改台账" in page and "导出" in page


@pytest.mark.parametrize(
    "who", ["hso", "jinpu_office", "huajia_official", "inspector", "leader", "department"]
)
def test_nobody_else_reads_the_log(client_for, request, who):
    assert client_for(request.getfixturevalue(who)).get(reverse("audit")).status_code == 404


def test_filters_narrow_the_log(client_for, auditor, hso):
    record(None, "export", label="first", actor=hso)
    record(None, "download", label="second")
    today = timezone.localdate()
    client = client_for(auditor)

    def shown(**filters) -> set[str]:
        entries = client.get(reverse("audit"), filters).context["page"].entries
        return {entry.label for entry in entries} & {"first", "second"}

    assert shown() == {"first", "second"}
    assert shown(actor="周正") == {"first"}
    assert shown(verb="download") == {"second"}
    assert shown(what="sec") == {"second"}
    assert shown(since=today, until=today) == {"first", "second"}
    assert shown(until="2020-01-01") == set()
    assert shown(since="nonsense") == set()


def test_pages_are_cut_by_key_and_lead_both_ways(client_for, auditor):
    for number in range(120):
        record(None, "export", label=f"entry {number}")
    client, url = client_for(auditor), reverse("audit")
    first = client.get(url, {"verb": "export"}).context["page"]
    assert [entry.label for entry in first.entries][:1] == ["entry 119"] and not first.has_previous
    second = client.get(url, {"verb": "export", "after": first.next_key}).context["page"]
    third = client.get(url, {"verb": "export", "after": second.next_key}).context["page"]
    assert len(third.entries) == 20 and not third.has_next
    back = client.get(url, {"verb": "export", "before": third.previous_key}).context["page"]
    assert [entry.pk for entry in back.entries] == [entry.pk for entry in second.entries]


def test_page_costs_the_same_for_ten_and_a_hundred_entries(client_for, auditor, django_assert_num_queries):
    client = client_for(auditor)
    for _time in range(10):
        record(None, "export")
    client.get(reverse("audit"))
    with django_assert_num_queries(5):
        client.get(reverse("audit"))
    for _time in range(100):
        record(None, "export")
    with django_assert_num_queries(5):
        client.get(reverse("audit"))


SEAL = uuid.UUID("5ea1ed00-0000-4000-8000-000000000000")


def test_a_sealed_line_leaves_the_open_log_untouched_until_the_seal_is_broken(hso):
    before = Entry.objects.count()
    at = timezone.now()
    record_sealed(SEAL, None, Verb.SEALED_READ, actor=hso, label="plan", at=at)
    assert Entry.objects.count() == before
    assert unseal(SEAL, at=at + timedelta(days=30)) == 1
    opened = Entry.objects.filter(verb=Verb.SEALED_READ).get()
    assert (opened.at, opened.actor_name, opened.label) == (at, str(hso), "plan")


def test_breaking_a_seal_twice_copies_its_lines_once(hso):
    record_sealed(SEAL, None, Verb.SEALED_READ, actor=hso)
    assert [unseal(SEAL, at=timezone.now()), unseal(SEAL, at=timezone.now())] == [1, 0]
    assert Entry.objects.filter(verb=Verb.SEALED_READ).count() == 1
    assert is_broken(SEAL)
