"""The finding: one problem in one village, from the report to the closed ledger line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.prepared import insert
from inspections.models import asked
from inspections.models.base import FindingBase
from inspections.models.deciding import DecidingVerbs
from inspections.models.photos import Photo
from inspections.models.records import Claim, Extension, FindingEvent, Part, RectificationPlan
from inspections.models.sides import ReportConflict, Side, places_of, side_of
from inspections.models.visits import Visit
from inspections.steps import PartName, State, StepRefused
from villages.models import Village

if TYPE_CHECKING:
    from accounts.models import User
    from schemes.models import Item

IN_HAND = (State.OPEN, State.RETURNED)


class FindingQuerySet(models.QuerySet["Finding"]):
    """Sets of findings; who sees which, and what dates can tell."""

    # --- scope ------------------------------------------------------------------------------------------------
    def visible_to(self, user: "User", on: date | None = None) -> Self:
        """Return what the user may read today: the geography is the user's, the role's part is here."""
        on = on or timezone.localdate()
        return self.filter(self._scope(user, on))

    def _scope(self, user: "User", on: date) -> Q:
        q = Q(reported_by=user) if user.roles(on) - {Role.SYSADMIN} else Q(pk=None)
        issued = Q(issued_at__isnull=False)
        geographic = user.places(on, Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER)
        q |= issued & geographic.q()
        for post in user.posts_on(on):
            if post.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}:
                q |= Q(issuing_office_id=post.division_id, early=False)
            elif post.role == Role.AUDITOR:
                q |= issued
            elif post.role == Role.DEPARTMENT:
                q |= issued & Q(item__department_id=post.organisation_id)
        return q

    # --- sets -------------------------------------------------------------------------------------------------
    def issued(self) -> Self:
        """Return what the inspected side knows of."""
        return self.filter(issued_at__isnull=False)

    def to_issue(self, offices: Iterable[Any]) -> Self:
        """Return the reports that wait for these offices."""
        return self.filter(state=State.REPORTED, issuing_office__in=list(offices), early=False)

    def in_hand(self) -> Self:
        """Return what the township has to put right."""
        return self.filter(state__in=IN_HAND)

    def overdue(self, at: datetime) -> Self:
        """Return what is in hand past its due date (24:00 Asia/Shanghai of that day)."""
        return self.in_hand().filter(due_on__lt=timezone.localdate(at))

    def due_today(self, at: datetime) -> Self:
        """Return what is in hand and due today."""
        return self.in_hand().filter(due_on=timezone.localdate(at))

    def on_time(self) -> Self:
        """Return what was fixed by a submission that came before the first due date."""
        return self.filter(ending="fixed", on_time=True)

    def fixed(self, village: Village) -> Self:
        """Return what was put right in a village, the latest first: what a look-back may find again."""
        return self.filter(village=village, ending=FindingBase.Ending.FIXED).order_by("-closed_at", "pk")

    def similar(self, village: Village, item: "Item | None" = None) -> Self:
        """Return the village's findings in hand or under review, the same item first: the hint before recording."""
        live = self.filter(village=village, state__in=[*IN_HAND, State.SUBMITTED, State.CHECKED])
        same_first = models.Case(models.When(item=item, then=0), default=1) if item else models.Value(0)
        return live.for_list().order_by(same_first, "-issued_at")

    def for_list(self) -> Self:
        """Fetch what every list shows along with the rows."""
        return self.select_related("village", "township", "county", "item__aspect", "issuing_office")

    def with_requests(self) -> Self:
        """Tell by row whether a plan, an extension or a claim waits: `plan_waits`, `extension_waits`, `claim_waits`."""
        waiting = {"finding": models.OuterRef("pk"), "state": "asked"}
        return self.annotate(
            plan_waits=models.Exists(RectificationPlan.objects.filter(**waiting)),
            extension_waits=models.Exists(Extension.objects.filter(**waiting)),
            claim_waits=models.Exists(Claim.objects.filter(**waiting)),
        )

    def waiting_for_check(self, on: date) -> Q:
        """Return the condition that the county office still has its working day."""
        return Q(state=State.SUBMITTED, check_due_on__gte=on)

    def to_review(self, user: "User", on: date) -> Self:
        """Return what waits for this user's review, as county check or as issuing office."""
        posts = user.posts_on(on)
        offices = [p.division_id for p in posts if p.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}]
        counties = [p.division_id for p in posts if p.role == Role.COUNTY_OFFICE]
        waiting = self.waiting_for_check(on)
        mine = Q(issuing_office__in=offices, state__in=[State.SUBMITTED, State.CHECKED]) & ~waiting
        return self.filter(mine | (waiting & Q(county__in=counties))).exclude(
            parts__in=Part.objects.filter(user=user, part=PartName.RECTIFY)
        )

    # --- verbs on the set -------------------------------------------------------------------------------------
    def issue_ready(self, at: datetime) -> int:
        """Issue each complete report of a team that may issue directly; the safety net behind `photo_arrived`."""
        issued = 0
        for finding in self.filter(state=State.REPORTED, direct=True).select_related(
            "reported_by", "village"
        ):
            try:
                issued += bool(finding.is_complete() and finding.issue(by=finding.reported_by, at=at))
            except StepRefused:
                continue  # someone else was faster, or the post has ended: the office confirms by hand
        return issued

    def report(
        self,
        *,
        id: UUID,
        by: "User",
        at: datetime,
        village: Village,
        item: "Item",
        description: str,
        digest: str,
        photos: Sequence[Mapping[str, str]] = (),
        source: str = "",
        **more: Any,
    ) -> tuple["Finding", bool]:
        """Take in one report under the client's id; a repeat of the same body returns the first row.

        `photos` are the declared before-photos as {"id", "sha256"}; `digest` is the SHA-256 of the canonical body.
        Returns (finding, created). Raises ReportConflict and StepRefused.
        """
        if existing := self._same_report(id, by, digest):
            return existing, False
        on = timezone.localdate(at)
        places = places_of(village, on)
        _check_recurrence(more.get("recurrence_of"), village, source)
        side = self._visit_side(by, at, village, item, more)
        own_side = side or _look_back_side(by, at, more.get("recurrence_of"))
        office, direct, own_source = own_side or side_of(by, on, places["county"])
        finding = self.model(
            id=id, reported_by=by, reported_at=at, village=village, item=item, description=description,
            digest=digest, declared_photos=[dict(p) for p in photos],
            source=own_source if side else _source(by, on, source, own_source),
            issuing_office=office, direct=direct, **places, **more,
        )  # fmt: skip
        return self._keep(finding, at)

    @staticmethod
    def _visit_side(
        by: "User", at: datetime, village: Village, item: "Item", columns: dict[str, Any]
    ) -> Side | None:
        """Return the side that a report of a visit has by that visit; None outside one, or before it was begun."""
        visit = columns.get("visit_id")
        if visit is None and (columns.get("point") or columns.get("repeats") or columns.get("zero_if")):
            raise StepRefused(_("Observation points belong to a visit: name it."), "invalid")
        if columns.get("zero_if") and not item.zero_if_zh:
            raise StepRefused(_("Nothing leaves this item without a point."), "invalid")
        return Visit.objects.side_for_report(visit, by=by, at=at, village=village) if visit else None

    def _same_report(self, id: UUID, by: "User", digest: str) -> "Finding | None":
        known = asked.REPORT.first(id)
        taken = known[0] != by.pk if known else Photo.objects.parked_by_others(id, by)
        if taken:
            raise ReportConflict(_("This id belongs to something else."), "id_taken")
        if known and known[1] != digest:
            raise ReportConflict(_("A different report was already stored under this id."), "id_conflict")
        return self.get(pk=id) if known else None

    def _keep(self, finding: "Finding", at: datetime) -> tuple["Finding", bool]:
        try:
            with transaction.atomic():
                finding.early = finding.visit_id is not None and not Visit.objects.hold(finding.visit_id)
                insert(finding)
                event = FindingEvent(
                    finding=finding, step="report", by=finding.reported_by, at=at, from_state=State.REPORTED,
                    to_state=State.REPORTED, version=finding.version, internal=True,
                )  # fmt: skip
                insert(event)
                Photo.objects.adopt(finding)
                if finding.recurrence_of:
                    finding.recurrence_of.look_backs.settle(finding, by=finding.reported_by, at=at)
                finding.photo_arrived(at=at)
        except IntegrityError:  # the same PUT came twice at once: the other one was first
            existing = self._same_report(finding.pk, finding.reported_by, finding.digest)
            if existing is None:
                raise
            return existing, False
        return finding, True


# visits that score: a county office cannot record its own patrol as one of them
SCORING = {FindingBase.Source.CITY_VISIT, FindingBase.Source.THIRD_PARTY}


def _look_back_side(by: "User", at: datetime, fixed: "Finding | None") -> Side | None:
    """Return the side of an inspector whose look-back finds a fixed finding again: the office that ordered it."""
    case = fixed and fixed.look_backs.open_to(by, at).select_related("round__office").first()
    if not case:
        return None
    office, on = case.round.office, timezone.localdate(at)
    posts = [post for post in by.posts_on(on) if post.division_id == office.pk]
    direct = any(post.role == Role.INSPECTOR and post.issues_directly for post in posts)
    return office, direct, FindingBase.Source.LOOK_BACK


def _source(by: "User", on: date, wished: str, own: str) -> str:
    """Return the source of a report: offices name any, everybody else's is that of the post."""
    if wished and wished != own and not by.roles(on) & {Role.CITY_OFFICE, Role.COUNTY_OFFICE}:
        raise StepRefused(_("Only an office records problems from other sources."), "invalid")
    if wished in SCORING and own == FindingBase.Source.COUNTY_PATROL:
        raise StepRefused(_("City and third-party visits are recorded by the city's side."), "invalid")
    return wished or own


def _check_recurrence(fixed: "Finding | None", village: Village, source: str) -> None:
    """Refuse what cannot have come back: a look-back names a fixed finding of the same village."""
    if fixed is None:
        return
    again = fixed.village_id == village.pk and fixed.ending == FindingBase.Ending.FIXED
    if not again or source != FindingBase.Source.LOOK_BACK:
        message = _("A recurrence is recorded by a look-back and names a fixed finding of this village.")
        raise StepRefused(message, "invalid")


class Finding(DecidingVerbs):
    """One problem: village, place, scheme item, photos; its way from reported to closed."""

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        indexes = [
            # the ledger of a unit, a township and the city, paged by key
            models.Index(fields=["county", "state", "due_on", "id"], name="finding_county_ledger"),
            models.Index(fields=["township", "state", "due_on", "id"], name="finding_township_ledger"),
            models.Index(fields=["-issued_at", "-id"], name="finding_by_issue"),
            models.Index(fields=["county", "-issued_at", "-id"], name="finding_county_by_issue"),
            models.Index(fields=["township", "-issued_at", "-id"], name="finding_township_by_issue"),
            # what an office has issued, by state: its part of the scope, so that counts need not read the whole table
            models.Index(fields=["issuing_office", "state", "due_on"], name="finding_office_ledger"),
            # the reminder sweep and the overdue counts
            models.Index(
                fields=["due_on", "id"], condition=Q(state__in=IN_HAND), name="finding_in_hand_by_due"
            ),
            # the review queue, oldest first
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state__in=["submitted", "checked"]),
                name="finding_to_review",
            ),
            # the issuing office's list of what waits to be issued
            models.Index(
                fields=["reported_at", "id"], condition=Q(state="reported"), name="finding_to_issue"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(issued_at__isnull=False) | Q(state__in=["reported", "rejected"]),
                name="finding_issued_or_reported",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", ending__gt="", closed_at__isnull=False)
                | (~Q(state="closed") & (Q(ending="") | Q(state="rejected"))),
                name="finding_closed_has_ending",
            ),
            # only a fixed finding counts as on time or late
            models.CheckConstraint(
                condition=Q(on_time=None) | Q(ending="fixed"), name="finding_on_time_is_fixed"
            ),
            models.CheckConstraint(condition=Q(times_returned__gte=0), name="finding_times_returned"),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.village.name} {self.item.code}"

    @property
    def days_left(self) -> int | None:
        """Return whole days from today to the due date; negative when overdue."""
        return (self.due_on - timezone.localdate()).days if self.due_on else None

    def was_not_checked(self) -> bool:
        """Tell whether the county's check lapsed (未初核)."""
        return bool(self.check_due_on and not self.checked_at and self.state == State.CLOSED)

    def timeline(self, user: "User", on: date) -> models.QuerySet[FindingEvent]:
        """Return the events the user may read: what happened before the issue stays with the issuing side."""
        events = self.events.select_related("by__person").order_by("version")
        return events if self._is_issuing_side(user, on) else events.filter(internal=False)

    def _is_issuing_side(self, user: "User", on: date) -> bool:
        offices = {
            p.division_id for p in user.posts_on(on) if p.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}
        }
        return (
            self.issuing_office_id in offices
            or self.reported_by_id == user.pk
            or user.has_role(Role.AUDITOR, on)
        )


__all__ = ["IN_HAND", "Finding", "FindingQuerySet", "ReportConflict"]
