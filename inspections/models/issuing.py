"""The issuing side's verbs: issue, refuse, merge, amend, urge, withdraw."""

from copy import copy
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from inspections import deadlines, notices
from inspections.models.base import FindingBase
from inspections.models.photos import Photo
from inspections.models.records import DeadlineRule, FindingEvent, NumberSeries
from inspections.models.sides import places_of
from inspections.models.visits import Visit
from inspections.steps import State, StepRefused
from villages.calendar import WorkCalendar
from villages.chain import chain_at, chain_on
from villages.models import Division, Holiday

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.finding import Finding
    from schemes.models import Item
    from villages.models import Village

WHY_INCOMPLETE = {
    "photos": _("Say why the finding is issued without all its photos."),
    "sheet": _("Say why the finding is issued without the sheet of its visit."),
    "both": _("Say why the finding is issued without all its photos and without the sheet of its visit."),
}
DEFAULT_RULE = deadlines.Rule(days=5, counting="calendar", severity_days={})


class IssuingVerbs(FindingBase):
    """Verbs of the office that issues."""

    class Meta:
        abstract = True

    def is_complete(self) -> bool:
        """Tell whether every declared before-photo has arrived, and the sheet of its visit that names it."""
        if not Photo.objects.before_complete(self):
            return False
        return not self._lacks_sheet()

    def _lacks_sheet(self) -> bool:
        return self.visit_id is not None and not Visit.objects.naming(self.visit_id, self.pk)

    def lacks(self) -> str:
        """Tell what has not come: "photos", "sheet", "both", or nothing."""
        photos, sheet = not Photo.objects.before_complete(self), self._lacks_sheet()
        return "both" if photos and sheet else "photos" if photos else "sheet" if sheet else ""

    def may_issue_incomplete(self, at: datetime) -> bool:
        """Tell whether the office may issue with the photos that came."""
        return at - self.reported_at >= timedelta(hours=settings.ISSUE_INCOMPLETE_AFTER_HOURS)

    def photo_arrived(self, *, at: datetime) -> None:
        """Issue at once if this was the last thing missing and the reporter's team may issue directly."""
        if self.state == State.REPORTED and self.direct and self.is_complete():
            self.issue(by=self.reported_by, at=at)

    @alters_data
    @transaction.atomic
    def issue(self, *, by: "User", at: datetime, kind: str = "", incomplete_reason: str = "") -> FindingEvent:
        """Address the finding to its township: number, chain of responsible persons, due date, notices."""
        on = timezone.localdate(at)
        if not incomplete_reason and self.may_issue_incomplete(at) and not self.is_complete():
            raise StepRefused(WHY_INCOMPLETE[self.lacks()], "reason_missing")
        places = places_of(self.village, on)
        chain = chain_at(self.village_id, places["township"].pk, places["county"].pk, on)
        event = self.take(
            "issue", by=by, at=at, remark=incomplete_reason, to=State.OPEN,
            number=NumberSeries.next_number(places["county"], on.year), issued_by=by, issued_at=at,
            incomplete_reason=incomplete_reason, kind=kind or self.kind, chain=chain.as_json(), **places,
            **self._clock(at),
        )  # fmt: skip
        Visit.objects.release_with(self.visit_id, at)
        notices.issued(self, at)
        return event

    def _clock(self, at: datetime) -> dict[str, Any]:
        """Return the columns of the deadline, counted from the issue by the office's rule of that day."""
        issued = timezone.localtime(at)
        stored = DeadlineRule.objects.for_office(self.issuing_office, issued.date())
        rule = stored.as_rule() if stored else DEFAULT_RULE
        # the table is read only where it counts
        calendar = Holiday.objects.calendar() if rule.counting == "working" else WorkCalendar()
        due = deadlines.due_on(rule, deadlines.day_zero(rule, issued), self.severity, calendar)
        return {"rule": stored, "due_on": due, "first_due_on": due, "awaits_calendar": due is None}

    @alters_data
    @transaction.atomic
    def reject(self, *, by: "User", at: datetime, reason: str) -> FindingEvent:
        """Do not issue a report; its reporter reads why."""
        _need(reason)
        event = self.take(
            "reject", by=by, at=at, remark=reason, to=State.REJECTED, closed_at=at, closed_by=by
        )
        notices.not_issued(self, "reject", at, reason)
        return event

    @alters_data
    @transaction.atomic
    def reconsider(self, *, by: "User", at: datetime, reason: str) -> FindingEvent:
        """Put a report that was not issued back among those that wait; from here the office issues it by hand."""
        _need(reason)
        event = self.take(
            "reconsider",
            by=by,
            at=at,
            remark=reason,
            to=State.REPORTED,
            closed_at=None,
            closed_by=None,
            direct=False,
        )
        notices.not_issued(self, "reconsider", at, reason)
        return event

    @alters_data
    @transaction.atomic
    def merge_into(self, other: "Finding", *, by: "User", at: datetime, remark: str = "") -> FindingEvent:
        """Merge a report into an earlier finding of the same village; its photos are shown there too."""
        if other.pk == self.pk or other.village_id != self.village_id or other.state == State.REJECTED:
            raise StepRefused(_("Only findings of the same village can be merged."), "invalid")
        event = self.take(
            "merge", by=by, at=at, remark=remark, to=State.REJECTED, closed_at=at, closed_by=by,
            ending=self.Ending.DUPLICATE, duplicate_of=other,
        )  # fmt: skip
        Photo.objects.show_also(self, other, at=at)
        notices.not_issued(self, "merge", at, remark)
        return event

    @alters_data
    @transaction.atomic
    def amend(
        self,
        *,
        by: "User",
        at: datetime,
        item: "Item | None" = None,
        village: "Village | None" = None,
        place: str | None = None,
        description: str | None = None,
        kind: str | None = None,
        remark: str = "",
    ) -> FindingEvent:
        """Correct what was found where; notices again, the due date stays."""
        wished: dict[str, Any] = {
            "item": item,
            "village": village,
            "place": place,
            "description": description,
            "kind": kind,
        }
        changes = {
            name: value
            for name, value in wished.items()
            if value is not None and value != getattr(self, name)
        }
        if not changes:
            raise StepRefused(_("Nothing has been changed."), "invalid")
        if village:
            changes |= self._move(village, timezone.localdate(self.issued_at or at))
        before = copy(self)
        event = self.take("amend", by=by, at=at, remark=remark, **changes)
        if self.state != State.REPORTED:
            notices.amended(self, before, at)
        return event

    def _move(self, village: "Village", on: date) -> dict[str, Any]:
        """Return the columns of another village, as they were on the day of issue.

        A numbered finding stays in its unit, and so does a county's own one.
        """
        places = places_of(village, on)
        if self.issuing_office.level == Division.Level.COUNTY and places["county"] != self.issuing_office:
            raise StepRefused(_("A county office issues findings of its own unit only."), "invalid")
        if self.number and places["county"] != self.county:
            raise StepRefused(
                _("The number belongs to the unit. Withdraw the finding and record it there."), "invalid"
            )
        return {**places, "chain": chain_on(village, on).as_json()} if self.number else places

    @alters_data
    @transaction.atomic
    def urge(self, *, by: "User", at: datetime, remark: str = "") -> FindingEvent:
        """Urge the township; a signed step of the office, never automatic."""
        event = self.take("urge", by=by, at=at, remark=remark)
        notices.urged(self, at, remark)
        return event

    @alters_data
    @transaction.atomic
    def withdraw(self, *, by: "User", at: datetime, reason: str) -> FindingEvent:
        """End a finding that should not have been issued; it is never counted as fixed."""
        _need(reason)
        event = self.take(
            "withdraw", by=by, at=at, remark=reason, to=State.CLOSED,
            ending=self.Ending.WITHDRAWN, closed_at=at, closed_by=by,
        )  # fmt: skip
        notices.decided(self, "withdraw", at, reason)
        return event


def _need(reason: str) -> None:
    if not reason.strip():
        raise StepRefused(_("Give a reason."), "reason_missing")
