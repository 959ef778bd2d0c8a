"""One message to one person, and the messages that leave the house."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, models
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.prepared import Prepared
from audit.verbs import alters_data

LEASE = dt.timedelta(minutes=5)
LONGEST_WAIT = dt.timedelta(hours=6)


# (user, key, text, url)
Line = tuple[uuid.UUID, str, str, str]
# a first sweep writes hundreds of thousands: arrays spare an object and its parameters for each
_WRITE = """
INSERT INTO notifications_notice (id, user_id, key, text, url, step, urgent, created_at, send_after)
SELECT gen_random_uuid(), line.*, %s, %s, %s, %s FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS line
ON CONFLICT DO NOTHING"""


class NoticeQuerySet(models.QuerySet["Notice"]):
    def tell(
        self,
        users: Iterable[User],
        *,
        key: str,
        text: "str | Callable[[], str]",
        url: str,
        at: dt.datetime,
        send_after: dt.datetime | None = None,
        urgent: bool = False,
        step: str = "",
    ) -> None:
        """Write one notice per user, in the caller's transaction; the same key to the same user counts once, ever.

        `text` is a lazy string or a callable and is rendered in each user's own language.
        """
        active = {user.pk: user for user in users if user.is_active}
        texts = {
            language: render(text, language)[:500] for language in {user.speaks for user in active.values()}
        }
        lines = [(pk, key, texts[user.speaks], url) for pk, user in active.items()]
        _write(lines, step=step, urgent=urgent, at=at, send_after=send_after or at)

    @alters_data
    def tell_all(self, lines: Iterable[Line], *, step: str, at: dt.datetime) -> None:
        """Write many notices of one step in the caller's transaction and order; what is told already stays."""
        _write(list(lines), step=step, urgent=False, at=at, send_after=at)

    def cancel(self, key_prefix: str, at: dt.datetime) -> int:
        """Delete what nobody has been shown yet (a decision undone in time); return how many."""
        return self.filter(key__startswith=key_prefix, send_after__gt=at, sent_at__isnull=True).delete()[0]

    def visible(self, at: dt.datetime) -> "NoticeQuerySet":
        """Return notices whose waiting time is over."""
        return self.filter(send_after__lte=at)

    def unread(self, at: dt.datetime) -> "NoticeQuerySet":
        """Return visible notices that their user has not opened."""
        return self.visible(at).filter(read_at__isnull=True)

    def for_list(self) -> "NoticeQuerySet":
        """Order unread first, then newest."""
        return self.order_by(F("read_at").asc(nulls_first=True), "-send_after", "-pk")

    def mark_read(self, at: dt.datetime) -> int:
        """Mark these as read, so that no message need speak of them any more; return how many were not."""
        return self.unread(at).update(read_at=at, sent_at=Coalesce("sent_at", at))

    def unsent(self, at: dt.datetime) -> "NoticeQuerySet":
        """Return visible notices that no outside message has covered yet."""
        return self.visible(at).filter(sent_at__isnull=True)


def _write(rows: list[Line], *, step: str, urgent: bool, at: dt.datetime, send_after: dt.datetime) -> None:
    if rows and connection.vendor == "postgresql":
        users, *texts = zip(*rows, strict=True)
        columns = [[str(user) for user in users], *(list(column) for column in texts)]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [step, urgent, at, send_after, *columns])
        return
    same: dict[str, Any] = {"step": step, "urgent": urgent, "created_at": at, "send_after": send_after}
    notices = (Notice(user_id=user, key=key, text=text, url=url, **same) for user, key, text, url in rows)
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=1000)


class Notice(models.Model):
    """A line in somebody's list. `key` names what happened to which object, so that telling twice changes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    key = models.CharField(max_length=200, db_index=True)
    text = models.CharField(_("Notice"), max_length=500)
    url = models.CharField(max_length=300, blank=True)
    step = models.CharField(max_length=40, blank=True)
    urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    # shown and sent only from then: ten seconds after a decision, so that undoing it leaves no trace
    send_after = models.DateTimeField(_("At"))
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(_("Read"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("Notice")
        verbose_name_plural = _("Notices")
        constraints = [
            # one notice per person, finding and step, ever
            models.UniqueConstraint(fields=["user", "key"], name="notice_once"),
        ]
        indexes = [
            # the list and the unread count in the header of every page
            models.Index(fields=["user", "-send_after"], name="notice_list"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at__isnull=True)),
            # the sending sweep
            models.Index(fields=["send_after"], name="notice_unsent", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        """Return the address that marks it as read and goes on to what it is about."""
        return reverse("notice_open", args=[self.pk])


_UNREAD: Prepared[tuple[int]] = Prepared(
    lambda user, at: (
        Notice.objects.unread(at)
        .filter(user_id=user)
        .order_by()
        .values("user_id")
        .annotate(waiting=Count("pk"))
        .values_list("waiting")
    ),
    uuid.UUID,
    dt.datetime,
)


def unread_count(user: User, at: dt.datetime) -> int:
    """Count a user's unread notices, for the header of every page."""
    row = _UNREAD.first(user.pk, at)
    return row[0] if row else 0


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, at: dt.datetime) -> "MessageQuerySet":
        """Return messages whose turn it is, oldest first."""
        return self.filter(sent_at__isnull=True, next_try_at__lte=at).order_by("next_try_at", "pk")

    def failing(self) -> "MessageQuerySet":
        """Return messages that were tried in vain and still wait (for the status page)."""
        return self.filter(sent_at__isnull=True, tries__gt=0).exclude(error="")


class Message(models.Model):
    """A message that leaves the house and says only how many things wait.

    Written in the transaction that marks its notices as sent, delivered afterwards: once, by whoever claims it.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", _("Mail")
        APPRISE = "apprise", _("Group channel")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # empty for the channels of the whole city
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    # which of the configured channel addresses; the address itself, a secret, is never stored
    position = models.PositiveSmallIntegerField(default=0)
    count = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("Outside message")
        verbose_name_plural = _("Outside messages")
        indexes = [
            # the sending sweep and the status page
            models.Index(fields=["next_try_at"], name="message_unsent", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.created_at:%Y-%m-%d %H:%M}"

    def claim(self, at: dt.datetime) -> bool:
        """Take the message for one try; of two sweeps at once, one gets it.

        The claim already books the next try, so that a process killed half-way loses nothing.
        """
        wait = min(LEASE * 2**self.tries, LONGEST_WAIT)
        mine = Message.objects.due(at).filter(pk=self.pk, tries=self.tries).order_by()
        return bool(mine.update(tries=F("tries") + 1, next_try_at=at + wait))

    def delivered(self, at: dt.datetime) -> None:
        """Note that it left."""
        Message.objects.filter(pk=self.pk).update(sent_at=at, error="")

    def failed(self, error: str) -> None:
        """Note why it did not leave; the claim has booked the next try."""
        Message.objects.filter(pk=self.pk).update(error=error[:200])


def render(text: "str | Callable[[], str]", language: str) -> str:
    """Return the text as a reader of this language sees it."""
    with translation.override(language):
        return str(text() if callable(text) else text)
