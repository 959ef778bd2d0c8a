"""Look-backs (回头看): closed findings drawn to be looked at again, and what was seen there.

A case is as secret as a planned visit until it is revealed to its team. The inspected side learns of one only when a
result asks for its answer, when a new finding is issued, or when the round is closed.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections import deadlines, lookback_notices
from inspections.models.finding import Finding, ReportConflict
from inspections.models.lookback_sets import LookBackCaseQuerySet, Result
from inspections.models.photos import Photo
from inspections.models.rounds import Round, RoundState, Team, units_of, works_for
from inspections.reporting import digest
from inspections.steps import PartName, StepRefused
from villages.models import Holiday

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

# what the inspector writes himself; what came back is written by its new finding
SEEN = frozenset({Result.FIXED, Result.NOT_FIXED, Result.CLAIMED})
CASE_STEPS = ("look", "hear", "confirm", "reopen", "give_up")


class LookBackCase(models.Model):
    """One closed finding that a team looks at again."""

    Result = Result

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="cases")
    # the draw that chose it; none where an amendment added it
    draw = models.ForeignKey("inspections.Draw", models.PROTECT, null=True, related_name="cases")
    added = models.ForeignKey("inspections.Amendment", models.PROTECT, null=True, related_name="adds_cases")
    cancelled = models.ForeignKey(
        "inspections.Amendment", models.PROTECT, null=True, related_name="cancels_cases"
    )
    # the row in whose place it stands: once for each
    instead_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="again")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="look_backs")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    pair = models.JSONField(default=list)  # ids of the two inspectors drawn for the day
    day = models.DateField()
    order = models.PositiveSmallIntegerField()
    reveals_at = models.DateTimeField()
    # how many tickets it had in the draw, and why: [code, number, tickets] each
    weight = models.PositiveSmallIntegerField(_("tickets"))
    reasons = models.JSONField(default=list)

    result = models.CharField(_("result"), max_length=9, choices=Result.choices, blank=True)
    remark = models.TextField(_("what was seen"), blank=True)
    result_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    result_at = models.DateTimeField(_("looked at"), null=True)
    new_finding = models.OneToOneField(Finding, models.PROTECT, null=True, related_name="found_by_look_back")

    # claimed but never done: the township is heard, then a second person decides
    hear_by = models.DateField(_("to be answered by"), null=True)
    statement = models.TextField(_("the township's statement"), blank=True)
    statement_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    statement_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(_("confirmed"), null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirm_remark = models.TextField(blank=True)

    # not looked at after all
    given_up_reason = models.CharField(_("reason"), max_length=300, blank=True)
    given_up_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    given_up_at = models.DateTimeField(null=True)

    # the draw is never edited: only what came of it, and the amendment that took it out
    append_only_when = "OLD.id IS NOT NULL"
    append_only_except = frozenset(
        {
            "cancelled", "result", "remark", "result_by", "result_at", "new_finding", "hear_by", "statement",
            "statement_by", "statement_at", "confirmed", "confirmed_by", "confirmed_at", "confirm_remark",
            "given_up_reason", "given_up_by", "given_up_at",
        }
    )  # fmt: skip

    objects = LookBackCaseQuerySet.as_manager()

    if TYPE_CHECKING:
        photos: RelatedManager["LookBackPhoto"]
        round_id: uuid.UUID
        cancelled_id: uuid.UUID | None
        result_by_id: uuid.UUID | None

    class Meta:
        verbose_name = _("look-back case")
        verbose_name_plural = _("look-back cases")
        indexes = [
            # the day pages
            models.Index(fields=["round", "day", "team"], name="look_back_by_day"),
            # the offices' tasks and the townships' hearings
            models.Index(fields=["result"], condition=~Q(result=""), name="look_back_by_result"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["draw", "finding"], name="look_back_drawn_once"),
            models.CheckConstraint(
                condition=Q(draw__isnull=False) ^ Q(added__isnull=False),
                name="look_back_by_draw_or_amendment",
            ),
            models.CheckConstraint(
                condition=Q(cancelled=None) | Q(result="", given_up_at=None),
                name="look_back_cancelled_unseen",
            ),
            models.CheckConstraint(
                condition=Q(result="", result_by=None, result_at=None)
                | Q(result__gt="", result_by__isnull=False, result_at__isnull=False),
                name="look_back_result_is_signed",
            ),
            # what came back is a new finding, and nothing else is
            models.CheckConstraint(
                condition=Q(result="came_back", new_finding__isnull=False)
                | (~Q(result="came_back") & Q(new_finding=None)),
                name="look_back_came_back_as_a_finding",
            ),
            models.CheckConstraint(
                condition=Q(confirmed=None, confirmed_by=None)
                | Q(confirmed__isnull=False, confirmed_by__isnull=False, result="claimed"),
                name="look_back_confirms_a_claim",
            ),
            # the second person is another one
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("result_by")),
                name="look_back_second_person",
            ),
            models.CheckConstraint(
                condition=Q(given_up_at=None)
                | Q(given_up_by__isnull=False, given_up_reason__gt="", result=""),
                name="look_back_given_up_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.finding}"

    def get_absolute_url(self) -> str:
        """Return the case's page."""
        return reverse("lookback_case", args=[self.pk])

    @property
    def is_secret(self) -> bool:
        """Tell whether reading of it is written down under the round's seal."""
        if self.result in {Result.NOT_FIXED, Result.CLAIMED} or (
            self.new_finding and self.new_finding.issued_at
        ):
            return False
        return self.round.is_secret

    @property
    def counts(self) -> bool:
        """Tell whether the result counts: what was claimed but never done only when it is confirmed."""
        return bool(self.result) and (self.result != Result.CLAIMED or self.confirmed is True)

    # --- who may what -----------------------------------------------------------------------------------------
    def refusal(self, step: str, user: User, at: datetime) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        if step in {"look", "give_up"}:
            return self._look_refusal(step, user, at)
        if step == "reopen":
            theirs = LookBackCase.objects.to_reopen(user, timezone.localdate(at)).filter(pk=self.pk)
            return (
                None
                if theirs.exists()
                else StepRefused(_("This step belongs to another office or post."), "not_yours")
            )
        if self.result != Result.CLAIMED or self.confirmed is not None:
            return StepRefused(_("There is nothing to be heard or decided here now."), "wrong_state")
        return self._hear_refusal(user, at) if step == "hear" else self._confirm_refusal(user, at)

    def steps_for(self, user: User, at: datetime) -> list[str]:
        """Return the steps this user may take now."""
        return [step for step in CASE_STEPS if self.refusal(step, user, at) is None]

    def _look_refusal(self, step: str, user: User, at: datetime) -> StepRefused | None:
        in_team = self.team.memberships.filter(user=user).exists() and self.reveals_at <= at
        planner = step == "give_up" and self.round.is_known_to(user)
        if not in_team and not planner:
            return StepRefused(_("Only the team that looks at it does this."), "not_yours")
        if self.round.state != RoundState.RUNNING:
            return StepRefused(_("The round is not running."), "wrong_state")
        if self.result or self.given_up_at or self.cancelled_id:
            return StepRefused(_("There is a result already."), "wrong_state")
        if in_team and self.finding.county_id in units_of(user, timezone.localdate(at)):
            return StepRefused(_("Nobody inspects the own unit."), "own_unit")
        return None

    def _hear_refusal(self, user: User, at: datetime) -> StepRefused | None:
        posts = user.posts_on(timezone.localdate(at))
        if not any(
            post.role == Role.TOWNSHIP and post.division_id == self.finding.township_id for post in posts
        ):
            return StepRefused(_("The township of the finding is heard here."), "not_yours")
        if self.statement:
            return StepRefused(_("Your township has made its statement already."), "wrong_state")
        return None

    def _confirm_refusal(self, user: User, at: datetime) -> StepRefused | None:
        on = timezone.localdate(at)
        if not works_for(user, self.round.office, on):
            return StepRefused(_("This step belongs to the office that ordered the look-back."), "not_yours")
        if self.result_by_id == user.pk or self.team.memberships.filter(user=user).exists():
            return StepRefused(
                _("A second person decides: nobody who looked at it himself."), "second_person"
            )
        if self.finding.parts.filter(user=user, part=PartName.RECTIFY).exists():
            return StepRefused(_("You have already acted for the other side of this finding."), "both_sides")
        if not self.statement and self.hear_by and on <= self.hear_by:
            message = _("The township is heard first, until the end of %(day)s.")
            return StepRefused(message % {"day": f"{self.hear_by:%Y-%m-%d}"}, "not_heard")
        return None

    # --- the results ------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def look(
        self, *, by: User, at: datetime, result: str, remark: str = "", photos: Sequence[uuid.UUID] = ()
    ) -> None:
        """Write down what was seen; what came back is written by `find_again`."""
        if result not in SEEN:
            raise StepRefused(_("Choose what you have seen."), "invalid")
        if result != Result.FIXED and not remark.strip():
            raise StepRefused(_("Describe what you have seen."), "invalid")
        if result == Result.CLAIMED and not photos:
            raise StepRefused(_("Take at least one photo of what was never done."), "photos_missing")
        columns = {"hear_by": self._hear_by(at)} if result == Result.CLAIMED else {}
        if refused := self.refusal("look", by, at):
            raise refused
        own = _sent_photos(photos, by)
        self._write(by=by, at=at, result=result, remark=remark.strip(), **columns)
        self._keep(own)
        if result == Result.NOT_FIXED:
            lookback_notices.not_fixed(self, at)
        elif result == Result.CLAIMED:
            lookback_notices.claimed(self, at)

    def _hear_by(self, at: datetime) -> date:
        """Return the last day on which the township is heard; without a calendar, as many calendar days and two."""
        on, days = timezone.localdate(at), settings.LOOKBACK_HEARING_WORKING_DAYS
        counted = deadlines.working_days_after(on, days, Holiday.objects.calendar())
        return counted or on + timedelta(days=days + 2)

    def _write(self, *, by: User, at: datetime, **columns: Any) -> None:
        """Refuse, or write the result if nobody was faster."""
        if refused := self.refusal("look", by, at):
            raise refused
        mine = LookBackCase.objects.outstanding().filter(pk=self.pk)
        if not mine.update(result_by=by, result_at=at, **columns):
            raise StepRefused(_("There is a result already."), "conflict")
        self.refresh_from_db()

    def _keep(self, photos: Sequence[Photo]) -> None:
        """Keep the inspector's photos with the case."""
        LookBackPhoto.objects.bulk_create(
            LookBackPhoto(case=self, photo=photo, position=n) for n, photo in enumerate(photos)
        )
        Photo.objects.filter(pk__in=[photo.pk for photo in photos]).update(parked=False)

    @alters_data
    @transaction.atomic
    def find_again(
        self,
        *,
        id: uuid.UUID,
        by: User,
        at: datetime,
        description: str,
        photos: Sequence[dict[str, str]],
        severity: str = Finding.Severity.MINOR,
    ) -> Finding:
        """Record that the problem came back: a new finding that names the old one; the same id twice records once."""
        if self.result == Result.CAME_BACK and self.new_finding_id == id and self.result_by_id == by.pk:
            return Finding.objects.get(pk=id)
        if refused := self.refusal("look", by, at):
            raise refused
        if not photos:
            raise StepRefused(_("Take at least one photo of the problem."), "photos_missing")
        old = self.finding
        fields: dict[str, Any] = {
            "id": id, "village": old.village, "item": old.item, "place": old.place, "description": description,
            "severity": severity, "photos": [dict(photo) for photo in photos],
            "source": Finding.Source.LOOK_BACK, "recurrence_of": old,
        }  # fmt: skip
        try:
            found, _new = Finding.objects.report(by=by, at=at, digest=digest(fields), **fields)
        except ReportConflict as conflict:
            raise StepRefused(str(conflict), conflict.code) from conflict
        self._write(by=by, at=at, result=Result.CAME_BACK, remark=description, new_finding=found)
        return found

    # --- claimed but never done -------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def hear(self, *, by: User, at: datetime, text: str) -> None:
        """Take the township's statement, once; until the office has decided it is never too late."""
        if refused := self.refusal("hear", by, at):
            raise refused
        if not text.strip():
            raise StepRefused(_("Write what your township has to say."), "invalid")
        waiting = LookBackCase.objects.filter(pk=self.pk, result=Result.CLAIMED, confirmed=None, statement="")
        if not waiting.update(statement=text.strip(), statement_by=by, statement_at=at):
            raise StepRefused(_("Someone else has just changed this. Reload it and look again."), "conflict")
        self.refresh_from_db()
        lookback_notices.heard(self, at)

    @alters_data
    @transaction.atomic
    def confirm(self, *, by: User, at: datetime, accept: bool, remark: str) -> None:
        """Confirm as a second person that it was never done, or drop it; only what is confirmed counts."""
        if refused := self.refusal("confirm", by, at):
            raise refused
        if not remark.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        waiting = LookBackCase.objects.filter(pk=self.pk, result=Result.CLAIMED, confirmed=None)
        # a statement that came in this moment is read before anything is decided
        decided = waiting.filter(statement=self.statement).update(
            confirmed=accept, confirmed_by=by, confirmed_at=at, confirm_remark=remark.strip()
        )
        if not decided:
            raise StepRefused(_("Someone else has just changed this. Reload it and look again."), "conflict")
        self.refresh_from_db()
        lookback_notices.decided(self, at)

    @alters_data
    @transaction.atomic
    def give_up(self, *, by: User, at: datetime, reason: str) -> None:
        """Say why it is not looked at after all; it counts as drawn and not looked at."""
        if refused := self.refusal("give_up", by, at):
            raise refused
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        mine = LookBackCase.objects.outstanding().filter(pk=self.pk)
        if not mine.update(given_up_reason=reason.strip(), given_up_by=by, given_up_at=at):
            raise StepRefused(_("There is a result already."), "conflict")
        self.refresh_from_db()


def _sent_photos(ids: Sequence[uuid.UUID], by: User) -> list[Photo]:
    """Return the inspector's photos that nothing shows yet; they have to be here already."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > settings.PHOTOS_PER_SIDE:
        raise StepRefused(_("At most %(n)s photos.") % {"n": settings.PHOTOS_PER_SIDE}, "photos_full")
    free = Photo.objects.unattached().filter(uploader=by, refused="")
    own = free.filter(pk__in=wanted).in_bulk()
    if len(own) < len(wanted):
        message = _("Some photos are still on their way. Wait until all are sent, then send this again.")
        raise StepRefused(message, "photos_missing")
    return [own[key] for key in wanted]


class LookBackPhoto(models.Model):
    """A photo of what was seen; what came back has its photos on the new finding."""

    case = models.ForeignKey(LookBackCase, models.CASCADE, related_name="photos")
    photo = models.OneToOneField(Photo, models.PROTECT, related_name="look_back_use")
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("photo of a look-back")

    def __str__(self) -> str:
        return f"{self.case_id} {self.position}"
