"""What leaves the house: mails and group messages that say how many things wait, and nothing else.

Two steps. *Composing* turns due notices into messages in one transaction: urgent ones at once, the others at the
next morning's digest (on Mondays for leaders of the city and its units). *Delivering* sends each message that
nobody else has claimed. Both derive everything from rows, so a sweep that runs twice, late or never loses nothing.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable
from smtplib import SMTPException
from uuid import UUID

from apprise import Apprise
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role, User
from notifications.models import Message, Notice
from villages.models import Responsibility

BATCH = 2000
log = logging.getLogger(__name__)


class DeliveryFailed(Exception):
    """The mail server or the channel did not take the message."""


def send_due(at: dt.datetime) -> int:
    """Compose and deliver what is due; return how many messages left."""
    while compose(at):
        pass
    return deliver(at)


# --- composing ------------------------------------------------------------------------------------------------
def digest_cut(at: dt.datetime) -> dt.datetime:
    """Return the last digest moment (08:00 Shanghai) at or before `at`."""
    local = timezone.localtime(at)
    cut = local.replace(hour=settings.DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return cut if cut <= local else cut - dt.timedelta(days=1)


def weekly_cut(at: dt.datetime) -> dt.datetime:
    """Return the last Monday's digest moment at or before `at`."""
    cut = digest_cut(at)
    return cut - dt.timedelta(days=cut.weekday())


def weekly_readers(on: dt.date) -> QuerySet[User]:
    """Return the leaders who get one digest a week: those who cover a unit or an area."""
    kinds = (Responsibility.Kind.MUNICIPAL, Responsibility.Kind.COUNTY)
    covering = Responsibility.objects.on(on).filter(kind__in=kinds).values("person_id")
    return User.objects.holding(Role.LEADER, on).filter(person_id__in=covering)


def due_notices(at: dt.datetime) -> QuerySet[Notice]:
    """Return the notices whose outside message is due now."""
    leaders = Q(user__in=weekly_readers(timezone.localdate(at)))
    digest = (~leaders & Q(send_after__lte=digest_cut(at))) | (leaders & Q(send_after__lte=weekly_cut(at)))
    return Notice.objects.unsent(at).filter(Q(urgent=True) | digest)


@transaction.atomic
def compose(at: dt.datetime) -> int:
    """Turn a batch of due notices into messages; return how many notices that were."""
    rows = due_notices(at)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    batch = dict(rows.order_by("send_after", "pk").values_list("pk", "user_id")[:BATCH])
    if batch:
        Message.objects.bulk_create(_messages(batch.values(), at))
        Notice.objects.filter(pk__in=batch).update(sent_at=at)
    return len(batch)


def _messages(user_ids: Iterable[UUID], at: dt.datetime) -> list[Message]:
    counts = Counter(user_ids)
    with_mail = User.objects.filter(pk__in=counts, is_active=True).exclude(email="").order_by("pk")
    made = [
        Message(user=user, channel=Message.Channel.MAIL, count=counts[user.pk], created_at=at, next_try_at=at)
        for user in with_mail
    ]
    made += [
        Message(
            channel=Message.Channel.APPRISE,
            position=position,
            count=counts.total(),
            created_at=at,
            next_try_at=at,
        )
        for position, _url in enumerate(settings.NOTIFY_APPRISE_URLS)
    ]
    return made


# --- delivering -----------------------------------------------------------------------------------------------
def deliver(at: dt.datetime) -> int:
    """Send every due message that this sweep can claim; return how many left."""
    left = 0
    for message in Message.objects.due(at).select_related("user")[:BATCH]:
        if message.claim(at):
            left += _try(message, at)
    return left


def _try(message: Message, at: dt.datetime) -> bool:
    try:
        _send(message)
    except (SMTPException, OSError, DeliveryFailed) as error:
        log.warning("message %s was not taken: %s", message.pk, error)
        message.failed(f"{type(error).__name__}: {error}")
        return False
    message.delivered(at)
    return True


def _send(message: Message) -> None:
    language = message.user.speaks if message.user else settings.LANGUAGE_CODE
    with translation.override(language):
        subject = _("Things to do")
        text = ngettext("You have %(n)d thing to do.", "You have %(n)d things to do.", message.count)
        text %= {"n": message.count}
    if message.channel == Message.Channel.APPRISE:
        _send_to_channel(message.position, subject, text)
    elif message.user and message.user.is_active and message.user.email:
        # the id is the row's: a server that sees the same message twice can tell
        headers = {
            "Message-ID": f"<{message.pk}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].strip('>')}>"
        }
        EmailMessage(subject, f"{text}\n{settings.SITE_URL}", to=[message.user.email], headers=headers).send()


def _send_to_channel(position: int, subject: str, text: str) -> None:
    urls: list[str] = settings.NOTIFY_APPRISE_URLS
    if position >= len(urls):  # the channel has been taken out of the settings since
        return
    channel = Apprise()
    if not channel.add(urls[position]) or not channel.notify(body=text, title=subject):
        raise DeliveryFailed(f"channel {position + 1}")
