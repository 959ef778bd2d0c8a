"""The verbs of a visit: submit its sheet once and whole, correct it with a reason, score anew, release."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections.models import visit_photos
from inspections.models.base import FindingBase
from inspections.models.planned import PlannedVisit
from inspections.models.rounds import works_for
from inspections.models.sides import ReportConflict
from inspections.sheets import SCORED, Sheet, SheetRefused
from inspections.steps import State, StepRefused
from schemes.models import Item, SchemeSource
from schemes.scoring import Fact, NotMeasured, Score, score

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from inspections.models.finding import Finding
    from inspections.models.visits import Visit, VisitItem, VisitPoint, VisitVersion

# endings of findings that a score does not count
NOT_COUNTED = (FindingBase.Ending.WITHDRAWN, FindingBase.Ending.DUPLICATE, FindingBase.Ending.NOT_OURS)
# what was written in the minutes before a scoring may not have been seen by it: the sweep looks at these again
MARGIN = timedelta(minutes=10)
NOT_APPLICABLE = "not_applicable"


class VisitVerbs(models.Model):
    """Verbs; the columns are those of `Visit`."""

    if TYPE_CHECKING:
        pk: uuid.UUID
        findings: RelatedManager[Finding]
        points: RelatedManager[VisitPoint]
        items: RelatedManager[VisitItem]
        versions: RelatedManager[VisitVersion]

    class Meta:
        abstract = True

    @property
    def _me(self) -> "Visit":
        return cast("Visit", self)

    # --- who --------------------------------------------------------------------------------------------------
    def is_party(self, user: User) -> bool:
        """Tell whether the user makes this visit: as its inspector, or present."""
        return self._me.inspector_id == user.pk or self._me.present.filter(pk=user.pk).exists()

    def may_be_present(self, on: date) -> dict[str, User]:
        """Return who can have come along: the team, outside a round the inspectors of the same desk or agency."""
        plan = PlannedVisit.objects.filter(visit=self._me).select_related("team").first()
        if plan:
            people = plan.team.members.all()
        else:
            desks = [p for p in self._me.inspector.posts_on(on) if p.role != Role.SYSADMIN]
            colleagues = models.Q(pk__in=[])
            for post in desks:
                colleagues |= models.Q(
                    posts__role=post.role,
                    posts__division=post.division_id,
                    posts__organisation=post.organisation_id,
                )
            people = User.objects.filter(colleagues, is_active=True).distinct()
        others = people.exclude(pk=self._me.inspector_id).select_related("person")
        return {str(user.pk): user for user in others}

    def may_correct(self, user: User, on: date) -> bool:
        """Tell whether the user may correct the sheet: its inspector until it is released, then the office alone."""
        me = self._me
        if me.submitted_at is None:
            return False
        return (me.inspector_id == user.pk and me.released_at is None) or works_for(user, me.office, on)

    # --- what is looked at ------------------------------------------------------------------------------------
    def scheme_items(self) -> list[Item]:
        """Return the items of the scheme that a visit to a village scores, in order."""
        rows = (
            self._me.scheme.items.filter(level=Item.Level.VILLAGE)
            .select_related("aspect")
            .order_by("position")
        )
        return [item for item in rows if SchemeSource.Code.VISIT in item.sources]

    def items_to_look_at(self) -> list[Item]:
        """Return those that applied to the village when the visit began."""
        out = set(self.items.filter(status=NOT_APPLICABLE).values_list("item_id", flat=True))
        return [item for item in self.scheme_items() if item.pk not in out]

    @alters_data
    def leave_out(self) -> None:
        """Keep what does not apply to the village: its attributes of this moment decide, nobody on the spot."""
        out = [item for item in self.scheme_items() if not item.applies_to(self._me.village)]
        self.items.bulk_create(
            self.items.model(visit=self._me, item=item, status=NOT_APPLICABLE) for item in out
        )

    def sheet(self) -> Sheet:
        """Return the sheet as of the newest version."""
        return Sheet.read(self.versions.order_by("-number").values_list("body", flat=True)[0])

    # --- submit and correct -----------------------------------------------------------------------------------
    @alters_data
    def submit(
        self, *, by: User, at: datetime, sheet: Sheet, claimed_submitted_at: datetime | None = None
    ) -> bool:
        """Take in the sheet, once and for all; tell whether this was the first time.

        A repeat of the same sheet changes nothing. Raises SheetRefused, StepRefused, ReportConflict for another.
        """
        me = self._me
        if me.inspector_id != by.pk:
            raise StepRefused(_("The inspector who began this visit submits it."), "not_yours")
        with transaction.atomic():
            self._lock()
            if me.submitted_at:
                if me.digest != sheet.digest():
                    raise ReportConflict(_("Another sheet was submitted under this id."), "id_conflict")
                return False
            self._check(sheet, at)
            me.digest, me.submitted_at, me.claimed_submitted_at = sheet.digest(), at, claimed_submitted_at
            if self.findings.filter(issued_at__isnull=False).exists():
                me.released_at = at
            self._write(sheet, "submitted", by, at)
        self._issue_named(at)
        return True

    @alters_data
    def correct(
        self, *, by: User, at: datetime, sheet: Sheet, reason: str, number: int | None = None
    ) -> None:
        """Correct a submitted sheet with a reason; the old version is kept. `number` is the version it starts from.

        The same correction sent again changes nothing.
        """
        if not self.may_correct(by, timezone.localdate(at)):
            raise StepRefused(_("Once it is released, only the office corrects a visit."), "not_yours")
        if not reason.strip():
            raise StepRefused(_("Give a reason."), "reason_missing")
        with transaction.atomic():
            self._lock()
            if self._is_repeat(sheet, by, reason.strip(), number):
                return
            if number is not None and number != self._me.number:
                raise StepRefused(
                    _("Someone else has just corrected this visit. Look at it again."), "conflict"
                )
            self._check(sheet, at)
            self._refuse_dropping(sheet)
            self._write(sheet, "corrected", by, at, reason.strip())
        self._issue_named(at)

    def _is_repeat(self, sheet: Sheet, by: User, reason: str, number: int | None) -> bool:
        """Tell whether this correction is the newest version already: its answer was lost, and it came again."""
        if number is None or number + 1 != self._me.number:
            return False
        newest = self.versions.get(number=self._me.number)
        same = (newest.cause, newest.by_id, newest.reason) == ("corrected", by.pk, reason)
        return same and Sheet.read(newest.body).digest() == sheet.digest()

    def _lock(self) -> None:
        """Read the row again and keep others from it until the transaction ends."""
        self.refresh_from_db(from_queryset=type(self._me).objects.select_for_update())

    def _check(self, sheet: Sheet, at: datetime) -> None:
        arrived = self.findings.filter(pk__in=sheet.findings).values_list("pk", "item__code", "point")
        sheet.check(self.items_to_look_at(), {str(key): (code, point) for key, code, point in arrived})
        on = timezone.localdate(at)
        if set(sheet.present) - {*self.may_be_present(on), str(self._me.inspector_id)}:
            raise SheetRefused({"present": _("Choose inspectors of the same team, desk or agency.")})

    def _refuse_dropping(self, sheet: Sheet) -> None:
        """Refuse a correction that leaves out an issued finding: it is withdrawn, not forgotten."""
        issued = self.findings.filter(issued_at__isnull=False).values_list("pk", flat=True)
        if {str(key) for key in issued} & set(self._me.named_findings) - set(sheet.findings):
            message = _("An issued finding stays on the sheet. Where it was wrong, the office withdraws it.")
            raise SheetRefused({"findings": message})

    def _write(self, sheet: Sheet, cause: str, by: User | None, at: datetime, reason: str = "") -> None:
        """Replace what the sheet says by a new version of it, and score it."""
        me = self._me
        items = {item.code: item for item in self.items_to_look_at()}
        scores = self._scores(sheet, items)
        me.number, me.notes, me.named_findings = me.number + 1, sheet.notes, list(sheet.findings)
        self._add_up(items, scores, at)
        me.save()
        me.present.set(User.objects.filter(pk__in=sheet.present).exclude(pk=me.inspector_id))
        self.points.all().delete()
        self.points.bulk_create(
            self.points.model(visit=me, code=row.code, status=row.status, remark=row.remark)
            for row in sheet.points
        )
        self._write_items(sheet, items, scores)
        self._add_version(sheet, cause, by, at, scores, reason)
        visit_photos.attach(me, sheet)

    def _write_items(self, sheet: Sheet, items: Mapping[str, Item], scores: Mapping[str, Score]) -> None:
        self.items.exclude(status=NOT_APPLICABLE).delete()
        rows = []
        for row in sheet.items:
            if row.item not in items:
                continue
            found = scores.get(row.item)
            rows.append(
                self.items.model(
                    visit=self._me, item=items[row.item], status=row.status, sampled=row.sampled, met=row.met,
                    answer=row.answer, remark=row.remark, units=found.units if found else None,
                    counted=found.counted if found else 0, repeated=found.repeated if found else 0,
                    zeroed=bool(found and found.zeroed),
                )
            )  # fmt: skip
        self.items.bulk_create(rows)

    def _add_version(
        self,
        sheet: Sheet,
        cause: str,
        by: User | None,
        at: datetime,
        scores: Mapping[str, Score],
        reason: str,
    ) -> None:
        me = self._me
        units = {row.item: scores[row.item].units if row.item in scores else None for row in sheet.items}
        self.versions.create(
            number=me.number, cause=cause, body=sheet.body(), scores=units, got=me.got, possible=me.possible,
            reason=reason, by=by, at=at,
        )  # fmt: skip

    def _issue_named(self, at: datetime) -> None:
        """Issue what was complete but for its sheet, each for itself; what the sweep finds later it issues too."""
        self.findings.filter(early=True).update(early=False)  # came in the moment of the beginning
        waiting = self.findings.filter(pk__in=self._me.named_findings, state=State.REPORTED, direct=True)
        for finding in waiting.select_related("reported_by", "village"):
            with suppress(StepRefused):
                finding.photo_arrived(at=at)
        self._me.refresh_from_db(fields=["released_at"])

    # --- scores -----------------------------------------------------------------------------------------------
    def _facts(self, named: Collection[str]) -> dict[str, list[Fact]]:
        """Return what counts of the named findings that are here, by the code of their item."""
        rows = self.findings.filter(pk__in=named, village=self._me.village_id)
        rows = rows.exclude(state=State.REJECTED).exclude(ending__in=NOT_COUNTED)
        found: dict[str, list[Fact]] = defaultdict(list)
        for code, point, repeats, zero_if in rows.values_list("item__code", "point", "repeats", "zero_if"):
            found[code].append(Fact(point, repeats, zero_if))
        return found

    def _scores(self, sheet: Sheet, items: Mapping[str, Item]) -> dict[str, Score]:
        facts, found = self._facts(sheet.findings), {}
        for row in sheet.items:
            if row.status == SCORED and (item := items.get(row.item)):
                with suppress(NotMeasured):  # checked when it was taken in
                    found[row.item] = score(item.points, item.rule, facts.get(row.item, ()), row.measure)
        return found

    def _add_up(self, items: Mapping[str, Item], scores: Mapping[str, Score], at: datetime) -> None:
        me = self._me
        me.got = sum(found.units for found in scores.values())
        me.possible = sum(items[code].points for code in scores)
        me.scored_at = at - MARGIN

    @alters_data
    @transaction.atomic
    def rescore(self, *, at: datetime) -> bool:
        """Score the sheet anew after findings came late or ended otherwise; a new version only if that changes it."""
        self._lock()
        sheet, items = self.sheet(), {item.code: item for item in self.items_to_look_at()}
        scores = self._scores(sheet, items)
        known = {row.item.code: row for row in self.items.filter(status=SCORED).select_related("item")}
        if all(known[code].units == found.units for code, found in scores.items()):
            self._recount(scores, known)
            self._add_up(items, scores, at)
            self._me.save(update_fields=["scored_at"])
            return False
        self._write(sheet, "rescored", None, at)
        return True

    @staticmethod
    def _recount(scores: Mapping[str, Score], known: "Mapping[str, VisitItem]") -> None:
        """Keep the counts behind an unchanged score true."""
        for code, found in scores.items():
            row = known[code]
            if (row.counted, row.repeated, row.zeroed) != (found.counted, found.repeated, found.zeroed):
                row.counted, row.repeated, row.zeroed = found.counted, found.repeated, found.zeroed
                row.save(update_fields=["counted", "repeated", "zeroed"])

    # --- release ----------------------------------------------------------------------------------------------
    @alters_data
    def release(self, *, by: User, at: datetime) -> None:
        """Show the visit to the inspected side; the office that ordered it does."""
        if not works_for(by, self._me.office, timezone.localdate(at)):
            raise StepRefused(_("The office that ordered the visit releases it."), "not_yours")
        mine: Any = type(self._me).objects.filter(pk=self.pk, submitted_at__isnull=False, released_at=None)
        if not mine.update(released_at=at, released_by=by):
            raise StepRefused(_("This visit is released already, or was never submitted."), "wrong_state")
        self.refresh_from_db()
