"""From provisional figures to published ones: each step of the office, in one transaction that holds the period.

provisional, sent to the units → applications for review → submitted for approval (the package is made) → approved →
published (the database freezes the rows). A correction is a new edition beside the old, approved on its own.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.files import File
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from assessments import inputs, packaging
from assessments.models.appeals import Appeal, File_, Override, raise_appeal
from assessments.models.periods import Period
from assessments.models.standings import Edition, Level, Standing, StandingPart, VillageItem
from assessments.rebuilding import hold, rebuild, write
from assessments.steps import PeriodState
from audit.verbs import alters_data
from inspections.steps import StepRefused
from notifications.models import Notice
from schemes.models import Item
from villages.models import Division, Village

FROZEN_WITH_IT: tuple[tuple[Any, str], ...] = (
    (StandingPart, "standing__edition"), (Standing, "edition"), (VillageItem, "edition"),
)  # fmt: skip


@dataclass(frozen=True)
class Approval:
    """By what the standings were approved: document, number and date, and the signed scan with its kind and digest."""

    document: str
    number: str
    on: date
    scan: "File[Any] | None" = None
    scan_kind: str = ""
    scan_sha256: str = ""

    def refuse_unfit(self, today: date) -> None:
        """Raise StepRefused where something is missing."""
        if not (self.document.strip() and self.number.strip()):
            raise StepRefused(_("Name the document of the approval and its number."), "no_approval")
        if self.on > today:
            raise StepRefused(_("The day of the approval is not over yet."), "invalid")


def _same_version(period: Period, version: int) -> Period:
    """Hold the period as its sender saw it."""
    held = hold(period)
    if held.version != version:
        raise StepRefused(
            _("Someone else has just changed this period. Reload it and look again."), "conflict"
        )
    return held


# --- provisional ----------------------------------------------------------------------------------------------
@alters_data
@transaction.atomic
def send_provisional(period: Period, *, by: User, at: datetime, appeals_until: date) -> None:
    """Compute once more and send the figures to the units, with a window for applications."""
    held, on = _same_version(period, period.version), timezone.localdate(at)
    if appeals_until <= on:
        raise StepRefused(_("Leave the units at least a day for their applications."), "invalid")
    if not held.has_opened_sheets:
        raise StepRefused(_("Open the sheets first."), "sheets_sealed")
    held.take("send_provisional", by=by, at=at, appeals_until=appeals_until)
    rebuild(held, at=at)
    _tell_units(held, at, "provisional", _("Provisional standings have been sent to your unit."))
    period.refresh_from_db()


def _words(message: Any) -> Callable[[], str]:
    """Return a lazy sentence as `tell` takes it: put into each reader's language by then."""
    return lambda: str(message)


def _tell_units(period: Period, at: datetime, what: str, text: Any) -> None:
    on = timezone.localdate(at)
    people = User.objects.holding(Role.COUNTY_OFFICE, on)
    key = f"period:{period.pk}:{what}:{period.version}"
    Notice.objects.tell(people, key=key, text=_words(text), url=period.get_absolute_url(), at=at)


@alters_data
@transaction.atomic
def appeal(
    period: Period, *, by: User, at: datetime, unit: Division, item: Item, source: str, text: str,
    village: Village | None = None, files: Iterable[File_] = (),
) -> Appeal:  # fmt: skip
    """Apply for the review of one item; the city office is told."""
    held = hold(period)
    if village is not None and not _was_seen(held, unit, village, item):
        raise StepRefused(
            _("No visit of this period has scored this item in this village of the unit."), "invalid"
        )
    row = raise_appeal(
        held, by=by, at=at, unit=unit, item=item, source=source, text=text, village=village, files=files
    )
    on = timezone.localdate(at)
    message = _("A unit applies for the review of a score.")
    people = User.objects.holding(Role.CITY_OFFICE, on)
    Notice.objects.tell(
        people, key=f"appeal:{row.pk}:raised", text=_words(message), url=row.get_absolute_url(), at=at
    )
    return row


def _was_seen(period: Period, unit: Division, village: Village, item: Item) -> bool:
    rows = VillageItem.objects.filter(edition__period=period, edition__state=Edition.State.PROVISIONAL)
    return rows.filter(county=unit, village=village, item=item, visits__gt=0).exists()


# --- decisions ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Effect:
    """What a decision does to the unit: total and rank before and after (those of the item, too)."""

    before: Standing
    after: Standing
    item_before: StandingPart | None
    item_after: StandingPart | None

    @property
    def moved(self) -> int:
        """Return by how many ranks the unit rises."""
        return (self.before.rank or 0) - (self.after.rank or 0)


class _Undo(Exception):
    """Take back what was only tried."""


@alters_data
def preview(row: Appeal, *, at: datetime, units: int) -> Effect:
    """Return what the score would become, by trying it and taking it back."""
    found: list[Effect] = []
    with suppress(_Undo), transaction.atomic():
        hold(row.period)
        found.append(_apply(row, at, units))
        raise _Undo
    return found[0]


@alters_data
@transaction.atomic
def decide(row: Appeal, *, by: User, at: datetime, reason: str, units: int | None = None) -> Effect:
    """Decide an application: `units` is the new score of the item, None leaves it. Returns the effect."""
    held = hold(row.period)
    row.refresh_from_db(from_queryset=Appeal.objects.select_for_update(of=("self",)).select_related("period"))
    if refused := row.refusal(by, timezone.localdate(at)):
        raise refused
    if not reason.strip():
        raise StepRefused(_("Give a reason."), "reason_missing")
    if units is not None and not 0 <= units <= row.item.points:
        raise StepRefused(_("The new score lies between 0 and the points of the item."), "invalid")
    effect = _apply(row, at, units)
    state = Appeal.State.REJECTED if units is None else Appeal.State.UPHELD
    Appeal.objects.filter(pk=row.pk).update(
        state=state, decided_by=by, decided_at=at, decision=reason.strip(),
        before=effect.before.total, before_display=effect.before.display, before_rank=effect.before.rank,
        after=effect.after.total, after_display=effect.after.display, after_rank=effect.after.rank,
    )  # fmt: skip
    row.refresh_from_db()
    held.note("decide", by=by, at=at, data={"appeal": str(row.pk), "state": state, "units": units})
    message = _("Your application for a review has been decided.")
    Notice.objects.tell(
        [row.raised_by],
        key=f"appeal:{row.pk}:decided",
        text=_words(message),
        url=row.get_absolute_url(),
        at=at,
    )
    return effect


def _apply(row: Appeal, at: datetime, units: int | None) -> Effect:
    """Bring the figures up to date, then put the decided score in its place and compute again."""
    before = _standing_of(rebuild(row.period, at=at), row)
    if units is None:
        return Effect(before[0], before[0], before[1], before[1])
    Override.objects.create(
        period=row.period, appeal=row, unit=row.unit, item=row.item, source=row.source, village=row.village,
        units=units, at=at,
    )  # fmt: skip
    after = _standing_of(rebuild(row.period, at=at), row)
    return Effect(before[0], after[0], before[1], after[1])


def _standing_of(edition: Edition, row: Appeal) -> tuple[Standing, StandingPart | None]:
    standing = edition.standings.get(level=Level.UNIT, place=row.unit_id)
    parts = standing.parts.filter(kind=StandingPart.Kind.ITEM, code=row.item.code, source="")
    return standing, parts.first()


# --- approval -------------------------------------------------------------------------------------------------
@alters_data
@transaction.atomic
def submit(period: Period, *, by: User, at: datetime, remark: str = "") -> Edition:
    """Compute a last time, make the package and submit both for approval; from here on nothing moves."""
    held = _same_version(period, period.version)
    if waiting := Appeal.objects.waiting().filter(period=held).count():
        message = _("%(count)s applications for review wait for their decision.")
        raise StepRefused(message % {"count": waiting}, "appeals_wait")
    if held.appeals_until and timezone.localdate(at) <= held.appeals_until:
        message = _("The window for applications is open until %(day)s.")
        raise StepRefused(message % {"day": held.appeals_until}, "window_open")
    edition = rebuild(held, at=at)
    _refuse_gaps(edition, remark)
    _pack(edition, at)
    held.take("submit", by=by, at=at, remark=remark, data={"package": edition.package_sha256})
    period.refresh_from_db()
    return edition


def _refuse_gaps(edition: Edition, remark: str) -> None:
    """Refuse to submit what lacks a source without a word about it."""
    gaps = edition.standings.filter(level=Level.UNIT, provisional=True).count()
    if gaps and not remark.strip():
        message = _(
            "%(count)s units lack the score of a source and stay provisional. Say why, or wait for it."
        )
        raise StepRefused(message % {"count": gaps}, "provisional")


def _pack(edition: Edition, at: datetime) -> None:
    """Write the package and keep it with its digest; refuse if a visit changed between the figures and the package."""
    with packaging.package(edition) as made:
        now = inputs.read(edition.period, timezone.localdate(at))
        if not edition.period.is_of_parts and now.fingerprint != edition.inputs_sha256:
            raise StepRefused(_("Something was changed at this very moment. Do it once more."), "conflict")
        edition.package_sha256, edition.package_size = made.sha256, made.size
        edition.package.save("package.zip", File(made.file), save=False)
    edition.save()


@alters_data
@transaction.atomic
def take_back(period: Period, *, by: User, at: datetime, remark: str) -> None:
    """Take the figures back before they are approved; the package made for them goes."""
    held = _same_version(period, period.version)
    if not remark.strip():
        raise StepRefused(_("Give a reason."), "reason_missing")
    held.take("take_back", by=by, at=at, remark=remark)
    Edition.objects.filter(period=held, state=Edition.State.PROVISIONAL).update(
        package="", package_sha256="", package_size=0
    )
    period.refresh_from_db()


@alters_data
@transaction.atomic
def approve(period: Period, *, by: User, at: datetime, approval: Approval) -> None:
    """Record by what document the leading group has approved what was submitted."""
    held = _same_version(period, period.version)
    approval.refuse_unfit(timezone.localdate(at))
    if refused := held.refusal("approve", by, timezone.localdate(at)):
        raise refused
    changes: dict[str, Any] = {
        "approval_document": approval.document.strip(), "approval_number": approval.number.strip(),
        "approved_on": approval.on,
    }  # fmt: skip
    if approval.scan is not None:
        field = held.approval_scan
        field.save("scan", approval.scan, save=False)
        changes |= {
            "approval_scan": field.name, "approval_scan_kind": approval.scan_kind,
            "approval_scan_sha256": approval.scan_sha256,
        }  # fmt: skip
    held.take("approve", by=by, at=at, **changes)
    period.refresh_from_db()


@alters_data
@transaction.atomic
def publish(period: Period, *, by: User, at: datetime) -> Edition:
    """Publish what was approved: its rows are frozen, and every unit sees rank, total, aspects and coverage of all."""
    held = _same_version(period, period.version)
    edition = (
        held.editions.get(state=Edition.State.PROVISIONAL) if held.state == PeriodState.APPROVED else None
    )
    held.take("publish", by=by, at=at, published_at=at, data={"package": edition and edition.package_sha256})
    assert_packed = edition is not None and bool(edition.package_sha256)
    if edition is None or not assert_packed:
        raise StepRefused(
            _("There is no package to publish. Take the figures back and submit them again."), "no_package"
        )
    approval = Approval(
        held.approval_document, held.approval_number, held.approved_on or timezone.localdate(at)
    )
    _freeze(edition, approval, by, at)
    _tell_units(held, at, "published", _("Standings have been published."))
    period.refresh_from_db()
    return edition


def _freeze(edition: Edition, approval: Approval, by: User, at: datetime) -> None:
    for model, path in FROZEN_WITH_IT:
        model.objects.filter(**{path: edition.pk}).update(frozen=True)
    Edition.objects.filter(pk=edition.pk).update(
        state=Edition.State.PUBLISHED, published_at=at, published_by=by,
        approval_document=approval.document.strip(), approval_number=approval.number.strip(),
        approved_on=approval.on,
    )  # fmt: skip
    edition.refresh_from_db()


# --- corrections ----------------------------------------------------------------------------------------------
def refusal_to_correct(period: Period, user: User, on: date) -> StepRefused | None:
    """Return why the user may not correct published standings now, or None."""
    signs = any(post.role == Role.CITY_OFFICE and post.may_sign for post in user.posts_on(on))
    if not signs:
        return StepRefused(
            _("Only people of the city office who may sign correct published standings."), "not_yours"
        )
    if period.state != PeriodState.PUBLISHED:
        return StepRefused(_("Only published standings are corrected."), "wrong_state")
    return None


@alters_data
@transaction.atomic
def correct(period: Period, *, by: User, at: datetime, reason: str) -> Edition:
    """Begin a new edition beside the published one, from what the rows say now; it is seen by the city office alone."""
    held = hold(period)
    if refused := refusal_to_correct(held, by, timezone.localdate(at)):
        raise refused
    if not reason.strip():
        raise StepRefused(_("Give a reason."), "reason_missing")
    if held.editions.filter(state=Edition.State.PROVISIONAL).exists():
        raise StepRefused(_("A correction is being prepared already."), "waiting")
    last: int = held.editions.aggregate(last=Max("number"))["last"]
    edition = Edition(period=held, number=last + 1, reason=reason.strip()[:500])
    write(edition, at=at)
    held.note("correct", by=by, at=at, remark=reason, data={"edition": edition.number})
    return edition


@alters_data
@transaction.atomic
def publish_correction(period: Period, *, by: User, at: datetime, approval: Approval) -> Edition:
    """Publish the correction on an approval of its own; what was published before stays as it was."""
    held = hold(period)
    if refused := refusal_to_correct(held, by, timezone.localdate(at)):
        raise refused
    approval.refuse_unfit(timezone.localdate(at))
    edition = rebuild_correction(held, at)
    _pack(edition, at)
    _freeze(edition, approval, by, at)
    held.note("publish_correction", by=by, at=at, remark=edition.reason, data={"edition": edition.number})
    on = timezone.localdate(at)
    Notice.objects.tell(
        User.objects.holding(Role.COUNTY_OFFICE, on), key=f"edition:{edition.pk}:published",
        text=_words(_("A correction of published standings has been published.")),
        url=reverse("edition", args=[held.pk, edition.number]), at=at,
    )  # fmt: skip
    return edition


def rebuild_correction(period: Period, at: datetime) -> Edition:
    """Compute the correction once more."""
    found = period.editions.filter(state=Edition.State.PROVISIONAL).first()
    if found is None:
        raise StepRefused(_("No correction is being prepared."), "wrong_state")
    return write(found, at=at)


@alters_data
@transaction.atomic
def drop_correction(period: Period, *, by: User, at: datetime, remark: str) -> None:
    """Give a correction up before it is published."""
    held = hold(period)
    if refused := refusal_to_correct(held, by, timezone.localdate(at)):
        raise refused
    found = held.editions.filter(state=Edition.State.PROVISIONAL)
    if not found.exists():
        raise StepRefused(_("No correction is being prepared."), "wrong_state")
    found.delete()
    held.note("drop_correction", by=by, at=at, remark=remark)


def editions_to_refresh() -> Iterable[UUID]:
    """Return the periods whose figures still follow what comes in."""
    live = Period.objects.filter(state__in=[PeriodState.OPEN, PeriodState.PROVISIONAL]).values_list(
        "pk", flat=True
    )
    corrected = Period.objects.filter(
        state=PeriodState.PUBLISHED, editions__state=Edition.State.PROVISIONAL
    ).values_list("pk", flat=True)
    return [*live, *corrected]
