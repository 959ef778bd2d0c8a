"""Re-checks of an agency's sheets: a share is drawn by lot, an inspector of the office fills the same sheet again.

What is drawn is known to whoever drew it and to the inspector alone, until the second sheet is in.
"""

import json
import secrets
import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Role, User
from audit.verbs import alters_data
from inspections import draws
from inspections.models.rounds import VisitKind, works_for
from inspections.models.visits import Visit
from inspections.steps import StepRefused
from villages.models import Division

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class RecheckDrawQuerySet(models.QuerySet["RecheckDraw"]):
    """Sets of draws, and the verb that draws."""

    @alters_data
    @transaction.atomic
    def draw(
        self,
        *,
        by: User,
        at: datetime,
        office: Division,
        organisation: Organisation,
        since: date,
        until: date,
        inspector: User,
        share: int | None = None,
    ) -> "RecheckDraw":
        """Draw a share of the sheets that an agency submitted in these days and that were not drawn before."""
        on = timezone.localdate(at)
        if not works_for(by, office, on):
            raise StepRefused(_("Only the office that ordered the visits draws re-checks."), "not_yours")
        if inspector not in self.inspectors(office, on):
            raise StepRefused(_("An inspector of the office re-checks, never an agency."), "invalid")
        waiting = sorted(str(key) for key in self._waiting(office, organisation, since, until))
        if not waiting:
            raise StepRefused(
                _("This agency has no sheets of these days that were not drawn already."), "none"
            )
        percent, seed = share or settings.RECHECK_SHARE, secrets.token_bytes(draws.SEED_BYTES)
        drawn = self.create(
            office=office, organisation=organisation, since=since, until=until, share=percent, by=by, at=at,
            seed=seed.hex(), candidates=waiting,
        )  # fmt: skip
        drawn.picks.bulk_create(
            Recheck(draw=drawn, visit_id=key, inspector=inspector) for key in drawn.recomputed()
        )
        return drawn

    @staticmethod
    def _waiting(office: Division, organisation: Organisation, since: date, until: date) -> Any:
        sheets = Visit.objects.submitted().filter(
            office=office, organisation=organisation, kind=VisitKind.THIRD_PARTY,
            submitted_at__date__range=(since, until), recheck_picks=None,
        )  # fmt: skip
        return sheets.values_list("pk", flat=True)

    def inspectors(self, office: Division, on: date) -> list[User]:
        """Return who can re-check for an office: its own inspectors and staff."""
        posts = Q(posts__role=Role.INSPECTOR, posts__division=office, posts__organisation=None)
        posts |= Q(posts__role=Role.CITY_OFFICE, posts__division=office)
        people = User.objects.filter(posts, is_active=True).distinct().select_related("person")
        own = {Role.INSPECTOR, Role.CITY_OFFICE}
        return [
            user
            for user in people
            if any(p.role in own and p.division_id == office.pk for p in user.posts_on(on))
        ]


class RecheckDraw(models.Model):
    """One draw: what was in the box, the seed, and what came out; with these three anybody draws it again."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("office"))
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name=_("third-party agency")
    )
    since = models.DateField(_("from"))
    until = models.DateField(_("until"))
    share = models.PositiveSmallIntegerField(_("share, per cent"))
    seed = models.CharField(max_length=64)
    candidates = models.JSONField(default=list)  # ids of the sheets in the box, sorted
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = RecheckDrawQuerySet.as_manager()

    if TYPE_CHECKING:
        picks: RelatedManager["Recheck"]

    class Meta:
        verbose_name = _("draw of re-checks")
        verbose_name_plural = _("draws of re-checks")
        constraints = [
            models.CheckConstraint(condition=Q(share__range=(1, 100)), name="recheck_share_per_cent"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.since} – {self.until}"

    def recomputed(self) -> list[str]:
        """Return what the seed draws from the box: the share rounded up, so that there is always one."""
        lot = draws.Lot(bytes.fromhex(self.seed), "", json.dumps(self.candidates).encode())
        count = -(-len(self.candidates) * self.share // 100)
        return lot.shuffled(self.candidates)[:count]


class RecheckQuerySet(models.QuerySet["Recheck"]):
    """Sets of sheets that were drawn."""

    def visible_to(self, user: User, on: date) -> "RecheckQuerySet":
        """Return what the user drew or checks himself, and what his office has back."""
        offices = [
            p.division_id for p in user.posts_on(on) if p.role in {Role.CITY_OFFICE, Role.COUNTY_OFFICE}
        ]
        done = Q(draw__office__in=offices, recheck__submitted_at__isnull=False)
        return self.filter(Q(draw__by=user) & Q(draw__office__in=offices) | Q(inspector=user) | done)

    def compared(self) -> "RecheckQuerySet":
        """Return those whose second sheet is in."""
        return self.filter(recheck__submitted_at__isnull=False)

    def for_list(self) -> "RecheckQuerySet":
        """Fetch what a line shows in the same query."""
        return self.select_related(
            "visit__village",
            "visit__township",
            "visit__county",
            "draw__organisation",
            "recheck",
            "inspector__person",
        )


class Recheck(models.Model):
    """One drawn sheet, and the sheet that is held against it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draw = models.ForeignKey(RecheckDraw, models.PROTECT, related_name="picks")
    visit = models.OneToOneField(Visit, models.PROTECT, related_name="recheck_picks")
    inspector = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recheck = models.OneToOneField(Visit, models.PROTECT, null=True, related_name="+")

    objects = RecheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("re-check")
        verbose_name_plural = _("re-checks")

    def __str__(self) -> str:
        return f"{self.visit}"

    @staticmethod
    def new_id() -> uuid.UUID:
        """Return an id for a visit that is begun from a page."""
        return uuid.uuid4()

    @alters_data
    @transaction.atomic
    def begin(self, *, id: uuid.UUID, by: User, at: datetime) -> Visit:
        """Begin the second visit; only the inspector named by the draw does, and only once."""
        if self.inspector_id != by.pk:
            raise StepRefused(_("The inspector named by the draw re-checks this sheet."), "not_yours")
        if self.recheck_id and self.recheck_id != id:
            raise StepRefused(_("This re-check was begun already."), "conflict")
        begun, _created = Visit.objects.begin(
            id=id, by=by, at=at, village=self.visit.village, rechecks=self.visit
        )
        if (
            not Recheck.objects.filter(pk=self.pk)
            .filter(Q(recheck=None) | Q(recheck=begun))
            .update(recheck=begun)
        ):
            raise StepRefused(_("This re-check was begun already."), "conflict")
        self.recheck = begun
        return begun
