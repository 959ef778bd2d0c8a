"""Begin a visit: from a revealed plan of the inspector's team, or outside a round where his post records problems."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections.models.base import FindingBase
from inspections.models.photos import Photo
from inspections.models.planned import PlannedVisit
from inspections.models.rounds import BARRED_KINDS, VisitKind, units_of
from inspections.models.sides import ReportConflict, Side, places_of, side_of
from inspections.steps import State, StepRefused
from schemes.models import Scheme
from villages.models import Village

if TYPE_CHECKING:
    from inspections.models.visits import Visit

Source = FindingBase.Source
# what a finding of such a visit comes from
SOURCES: dict[str, str] = {
    VisitKind.CITY: Source.CITY_VISIT,
    VisitKind.THIRD_PARTY: Source.THIRD_PARTY,
    VisitKind.MUTUAL: Source.CITY_VISIT,
    VisitKind.COUNTY_PATROL: Source.COUNTY_PATROL,
    VisitKind.LOOK_BACK: Source.LOOK_BACK,
    VisitKind.RECHECK: Source.CITY_VISIT,
}
KIND_OF_SOURCE: dict[str, str] = {
    Source.CITY_VISIT: VisitKind.CITY,
    Source.THIRD_PARTY: VisitKind.THIRD_PARTY,
    Source.COUNTY_PATROL: VisitKind.COUNTY_PATROL,
}


class BeginClaims(TypedDict, total=False):
    """What the phone says of the moment; kept, never trusted."""

    claimed_at: datetime | None
    lat: Decimal | None
    lon: Decimal | None
    accuracy: int | None


class BeginningSet(models.QuerySet["Visit"]):
    """The verb that begins a visit, and what a report says of one."""

    @alters_data
    def begin(
        self,
        *,
        id: uuid.UUID,
        by: User,
        at: datetime,
        village: Village,
        planned: PlannedVisit | None = None,
        rechecks: "Visit | None" = None,
        **claims: Unpack[BeginClaims],
    ) -> tuple["Visit", bool]:
        """Begin under the client's id; a repeat returns the first row. Returns (visit, created).

        `planned` is a row that is revealed to the inspector; without one, what waits for this village is taken.
        """
        if existing := self._same_visit(id, by, village):
            return existing, False
        on = timezone.localdate(at)
        places = places_of(village, on)
        plan = None if rechecks else planned or self._waiting_for(by, at, village)
        columns = _from_plan(plan) if plan else _own(by, on, places, rechecks)
        spot: Any = (
            {**claims, "lat": None, "lon": None, "accuracy": None} if village.sensitive_area else claims
        )
        visit = self.model(
            id=id, village=village, inspector=by, begun_at=at, rechecks=rechecks,
            organisation_id=_agency(by, on) if columns["kind"] == VisitKind.THIRD_PARTY else None,
            **places, **columns, **spot,
        )  # fmt: skip
        return self._keep(visit, plan)

    def _same_visit(self, id: uuid.UUID, by: User, village: Village) -> "Visit | None":
        existing = self.filter(pk=id).first()
        findings = apps.get_model("inspections", "Finding")._default_manager
        taken = (
            existing.inspector_id != by.pk
            if existing
            else findings.filter(visit_id=id).exclude(reported_by=by).exists()
            or Photo.objects.parked_by_others(id, by)
        )
        if taken:
            raise ReportConflict(_("This id belongs to something else."), "id_taken")
        if existing and existing.village_id != village.pk:
            raise ReportConflict(_("A visit to another village was begun under this id."), "id_conflict")
        return existing

    @staticmethod
    def _waiting_for(by: User, at: datetime, village: Village) -> PlannedVisit | None:
        waiting = PlannedVisit.objects.revealed_to(by, at).current().filter(village=village, visit=None)
        return waiting.filter(missed_reason="").for_list().order_by("day", "order").first()

    def _keep(self, visit: "Visit", plan: PlannedVisit | None) -> tuple["Visit", bool]:
        """Store the row, what cannot apply in this village, and that the plan is carried out; or nothing of it."""
        try:
            with transaction.atomic():
                visit.save(force_insert=True)
                if plan:
                    self._carry_out(plan, visit)
                visit.leave_out()
                self._take_in_early(visit)
        except IntegrityError:  # the same request came twice at once: the other one was first
            existing = self._same_visit(visit.pk, visit.inspector, visit.village)
            if existing is None:
                raise
            return existing, False
        return visit, True

    @staticmethod
    def _carry_out(plan: PlannedVisit, visit: "Visit") -> None:
        free = PlannedVisit.objects.standing().filter(pk=plan.pk, visit=None, missed_reason="")
        if not PlannedVisit.objects.filter(pk__in=free.values("pk")).update(visit=visit):
            raise StepRefused(_("This visit was begun, missed or cancelled already."), "conflict")
        pair = plan.team.members.filter(pk__in=plan.pair) if plan.pair else plan.team.members.all()
        visit.present.set(pair.exclude(pk=visit.inspector_id))

    @staticmethod
    def _take_in_early(visit: "Visit") -> None:
        """Give findings that came before their visit its source; one of another village is none of this visit."""
        early = visit.findings.filter(state=State.REPORTED)
        early.exclude(village=visit.village_id).update(visit=None, point="", early=False)
        early.update(source=SOURCES[visit.kind], early=False)

    # --- what a report asks -----------------------------------------------------------------------------------
    def side_for_report(self, id: uuid.UUID, *, by: User, at: datetime, village: Village) -> Side | None:
        """Return the side of a report that belongs to a visit; None where its own post decides.

        Raises ReportConflict for somebody else's visit. One that was not begun yet is known by its plan, if at all.
        """
        direct = any(
            p.issues_directly for p in by.posts_on(timezone.localdate(at)) if p.role == Role.INSPECTOR
        )
        visit = self.select_related("office").filter(pk=id).first()
        if visit is None:
            plan = self._waiting_for(by, at, village)
            return (plan.round.office, direct, SOURCES[plan.round.kind]) if plan else None
        if not visit.is_party(by):
            raise ReportConflict(_("This id belongs to something else."), "id_taken")
        if visit.village_id != village.pk:
            raise StepRefused(_("This visit is to another village."), "invalid")
        return visit.office, direct, SOURCES[visit.kind]

    def hold(self, id: uuid.UUID) -> bool:
        """Keep others from deciding on the visit until this transaction ends: its sheet and a finding may meet.

        Tells whether it was begun at all.
        """
        return self.select_for_update().filter(pk=id).values_list("pk").first() is not None

    def naming(self, id: uuid.UUID, finding_id: uuid.UUID) -> bool:
        """Tell whether the visit's sheet is in and names the finding."""
        visit = self.filter(pk=id).first()
        return visit is not None and visit.names(finding_id)

    @alters_data
    def release_with(self, id: uuid.UUID | None, at: datetime) -> None:
        """Show a visit to the inspected side, as its first finding is issued."""
        if id:
            self.filter(pk=id, submitted_at__isnull=False, released_at=None).update(released_at=at)

    def of_kind(self, kind: str) -> Self:
        """Return the visits of one kind."""
        return self.filter(kind=kind)


def _agency(by: User, on: date) -> uuid.UUID | None:
    """Return the agency that the inspector works for."""
    posts = (post for post in by.posts_on(on) if post.role == Role.INSPECTOR and post.organisation_id)
    return next((post.organisation_id for post in posts), None)


def _from_plan(plan: PlannedVisit) -> dict[str, Any]:
    """Return the columns that the round decides."""
    of = plan.round
    return {
        "kind": of.kind,
        "round": of,
        "office_id": of.office_id,
        "scheme": of.scheme or Scheme.objects.default(),
    }


def _own(by: User, on: date, places: dict[str, Any], rechecks: "Visit | None") -> dict[str, Any]:
    """Return the columns of a visit outside a round: those of the inspector's post. Nobody scores at home."""
    office, _direct, source = side_of(by, on, places["county"])
    kind = VisitKind.RECHECK if rechecks else KIND_OF_SOURCE[source]
    if kind in BARRED_KINDS and places["county"].pk in units_of(by, on):
        raise StepRefused(_("Your post does not record problems in this village."), "not_yours")
    if rechecks and source != Source.CITY_VISIT:
        raise StepRefused(_("An inspector of the office re-checks, never an agency."), "not_yours")
    scheme = rechecks.scheme if rechecks else Scheme.objects.default()
    return {"kind": kind, "round": None, "office_id": office.pk, "scheme": scheme}
