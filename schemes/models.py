"""Scoring schemes: what a village or a county is looked at for, and by whose eyes.

Points and deductions are whole numbers of 1/10,000 point (`UNITS`), weights whole per cent; there is no
binary float anywhere in a score.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from schemes.scoring import CAP_PER_POINT

if TYPE_CHECKING:
    from schemes.definition import Definition
    from villages.models import Village

UNITS = 10_000
# The parts of a written standard; each is a pair of columns, `<part>_zh` and `<part>_en`.
PARTS = ("standard", "good", "bad", "photograph", "not_counted")


def _language() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"


class InTwoLanguages(models.Model):
    """Give `x` for the pair of columns `x_zh` and `x_en`, in the reader's language."""

    class Meta:
        abstract = True

    def pick(self, field: str) -> str:
        """Return the column of `field` in the active language."""
        value: str = getattr(self, f"{field}_{_language()}")
        return value

    @property
    def name(self) -> str:
        """Return the name in the active language."""
        return self.pick("name")


class FrozenWithScheme(models.Model):
    """A row of a scheme that the database refuses to change once the scheme is frozen."""

    # repeats `scheme.frozen_at is not null`: a trigger's condition may look at its own row only
    frozen = models.BooleanField(default=False, editable=False)
    append_only_when = "OLD.frozen"

    class Meta:
        abstract = True


class SchemeQuerySet(models.QuerySet["Scheme"]):
    def default(self) -> Scheme:
        """Return the scheme that new findings are filed under."""
        return self.get(is_default=True)

    @alters_data
    @transaction.atomic
    def load(self, definition: Definition) -> Scheme:
        """Write a checked definition over the rows of the same code and version; twice gives the same rows."""
        scheme, _made = self.get_or_create(
            code=definition.code, version=definition.version, defaults=definition.columns()
        )
        if scheme.frozen_at:
            raise SchemeFrozen(_("This scheme is frozen: load the changes as a new version."))
        self.filter(pk=scheme.pk).update(**definition.columns())
        scheme.write(definition)
        if not self.filter(is_default=True).exists():
            self.filter(pk=scheme.pk).update(is_default=True)
        return self.get(pk=scheme.pk)


class SchemeFrozen(Exception):
    """The scheme has been frozen for a period and takes no more changes."""


class Scheme(InTwoLanguages):
    class Combine(models.TextChoices):
        ITEM = "item", _("Item by item")
        SOURCE_TOTAL = "source_total", _("Source by source")

    code = models.CharField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"))
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    status_note_zh = models.TextField(blank=True)
    status_note_en = models.TextField(blank=True)
    max_total = models.PositiveIntegerField(_("total"))
    combine = models.CharField(max_length=20, choices=Combine.choices, default=Combine.ITEM)
    # Pairs of item codes [first, second]: a fact that meets both is entered under the first only.
    precedence = models.JSONField(default=list, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    is_default = models.BooleanField(default=False)

    # a frozen scheme may still become, or stop being, the one that new findings are filed under
    append_only_when = "OLD.frozen_at IS NOT NULL"
    append_only_except = frozenset({"is_default"})

    objects = SchemeQuerySet.as_manager()

    class Meta:
        verbose_name = _("scoring scheme")
        verbose_name_plural = _("scoring schemes")
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="scheme_version_once"),
            # read by `default()`: there is never more than one
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="scheme_one_default"
            ),
            models.CheckConstraint(
                condition=Q(combine__in=["item", "source_total"]), name="scheme_combine_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def status_note(self) -> str:
        """Return where this text comes from, in the active language."""
        return self.pick("status_note")

    @alters_data
    @transaction.atomic
    def freeze(self, *, at: datetime) -> None:
        """Fix the text for good, before a period is scored by it; a change is a new version."""
        if Scheme.objects.filter(pk=self.pk, frozen_at=None).update(frozen_at=at):
            for rows in (self.sources, self.aspects, self.items):
                rows.update(frozen=True)
        self.refresh_from_db()

    @alters_data
    def write(self, definition: Definition) -> None:
        """Bring sources, aspects and items in line with the definition, keeping ids: a few statements."""
        self._store(SchemeSource, {row.code: row.columns() for row in definition.sources})
        self._store(Aspect, {row.code: row.columns() for row in definition.aspects})
        aspects = {aspect.code: aspect for aspect in self.aspects.all()}
        items = [(aspects[aspect.code], item) for aspect in definition.aspects for item in aspect.items]
        self._store(Item, {row.code: {"aspect": aspect, **row.columns()} for aspect, row in items})

    def _store(self, model: type[models.Model], rows: dict[str, dict[str, Any]]) -> None:
        """Insert the rows by code, or overwrite the columns that are given."""
        columns = {name for row in rows.values() for name in row}
        model._default_manager.bulk_create(
            [model(scheme=self, code=code, **row) for code, row in rows.items()],
            update_conflicts=True,
            unique_fields=["scheme", "code"],
            update_fields=sorted(columns),
        )


class SchemeSource(FrozenWithScheme, InTwoLanguages):
    class Code(models.TextChoices):
        SELF = "self", _("Self-assessment")
        DEPARTMENT = "dept", _("Departmental assessment")
        VISIT = "visit", _("Unannounced visit")
        SYSTEM = "system", _("System data")

    scheme = models.ForeignKey(Scheme, on_delete=models.CASCADE, related_name="sources")
    code = models.CharField(max_length=10, choices=Code.choices)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    weight = models.PositiveSmallIntegerField(_("weight, per cent"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code"], name="scheme_source_once"),
            models.CheckConstraint(condition=Q(weight__lte=100), name="scheme_source_weight_per_cent"),
            models.CheckConstraint(
                condition=Q(code__in=["self", "dept", "visit", "system"]), name="scheme_source_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Aspect(FrozenWithScheme, InTwoLanguages):
    scheme = models.ForeignKey(Scheme, on_delete=models.CASCADE, related_name="aspects")
    code = models.CharField(max_length=10)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    max_points_units = models.PositiveIntegerField(_("points, in 1/10,000"))
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("aspect")
        verbose_name_plural = _("aspects")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code"], name="aspect_code_once"),
            models.CheckConstraint(condition=Q(max_points_units__gt=0), name="aspect_has_points"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def points_text(self) -> str:
        """Return the points as people write them: 16, 0.5."""
        return decimal_text(self.max_points_units)


class ItemQuerySet(models.QuerySet["Item"]):
    def current(self) -> ItemQuerySet:
        """Return the items of the default scheme in the order of the scheme."""
        return self.filter(scheme__is_default=True).with_aspects().order_by("position")

    def with_aspects(self) -> ItemQuerySet:
        """Fetch what a line of a list shows in the same query."""
        return self.select_related("aspect", "scheme", "department")


class Item(FrozenWithScheme, InTwoLanguages):
    class Level(models.TextChoices):
        VILLAGE = "village", _("Village")
        COUNTY = "county", _("County")

    class RuleType(models.TextChoices):
        DEDUCTION = "deduction", _("Deduction")
        PROPORTION = "proportion", _("Proportion")
        YES_NO = "yes_no", _("Yes or no")

    class Attribute(models.TextChoices):
        """The village attributes that an item can depend on; columns of Village."""

        COAST = "coast", _("villages on the coast")
        RIVER = "river_or_reservoir", _("villages with a river or reservoir")
        FARMLAND = "farmland", _("villages with farmland")
        LIVESTOCK = "livestock", _("villages with livestock")
        PLANT = "treatment_plant", _("villages with a sewage treatment plant")
        TOILET = "public_toilet", _("villages with a public toilet")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scheme = models.ForeignKey(Scheme, on_delete=models.PROTECT, related_name="items")
    aspect = models.ForeignKey(Aspect, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(_("code"), max_length=10)
    position = models.PositiveSmallIntegerField()
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    points = models.PositiveIntegerField(_("points, in 1/10,000"))
    sources = models.JSONField(default=list)
    # {"type": "deduction", "per_finding": units, "floor": units, and "cap_per_point": int where not the default},
    # {"type": "proportion", "target_pct": int, "zero_at_or_below_pct": int, "target_basis": str} or {"type": "yes_no"}
    rule = models.JSONField()
    # what is counted (deduction), measured (proportion) or asked (yes or no), and when nothing is left to count
    unit_zh = models.CharField(max_length=200)
    unit_en = models.CharField(max_length=200)
    zero_if_zh = models.CharField(max_length=200, blank=True)
    zero_if_en = models.CharField(max_length=200, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    applies_if = models.JSONField(default=list, blank=True)
    evidence_zh = models.JSONField(default=list)
    evidence_en = models.JSONField(default=list)
    department_zh = models.CharField(max_length=100)
    department_en = models.CharField(max_length=100)
    department = models.ForeignKey(
        "accounts.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    standard_zh = models.TextField()
    standard_en = models.TextField()
    good_zh = models.TextField()
    good_en = models.TextField()
    bad_zh = models.TextField()
    bad_en = models.TextField()
    photograph_zh = models.TextField()
    photograph_en = models.TextField()
    not_counted_zh = models.TextField()
    not_counted_en = models.TextField()

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "code"], name="item_code_once"),
            models.CheckConstraint(condition=Q(points__gt=0), name="item_has_points"),
            models.CheckConstraint(condition=Q(level__in=["village", "county"]), name="item_level_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        """Return the page with this item's written standard."""
        return reverse("guidance_item", args=[self.code])

    @property
    def standard(self) -> str:
        """Return the written standard in the active language."""
        return self.pick("standard")

    @property
    def good(self) -> list[str]:
        """Return the good signs, one a line, in the active language."""
        return self.pick("good").splitlines()

    @property
    def bad(self) -> list[str]:
        """Return the bad signs, one a line, in the active language."""
        return self.pick("bad").splitlines()

    @property
    def photograph(self) -> list[str]:
        """Return what to photograph, one a line, in the active language."""
        return self.pick("photograph").splitlines()

    @property
    def not_counted(self) -> list[str]:
        """Return what is not to be counted here, one a line, in the active language."""
        return self.pick("not_counted").splitlines()

    @property
    def unit(self) -> str:
        """Return what is counted or measured, in the active language."""
        return self.pick("unit")

    @property
    def zero_if(self) -> str:
        """Return what leaves the item without a point, or nothing."""
        return self.pick("zero_if")

    @property
    def evidence(self) -> list[str]:
        """Return the documents that prove the score, in the active language."""
        rows: list[str] = getattr(self, f"evidence_{_language()}")
        return rows

    @property
    def department_name(self) -> str:
        """Return the department that answers for the item, in the active language."""
        return self.pick("department")

    @property
    def points_text(self) -> str:
        """Return the points as people write them: 4, 0.5."""
        return decimal_text(self.points)

    @property
    def deduction_text(self) -> str:
        """Return the points one finding costs, or nothing where the rule is a proportion."""
        return decimal_text(self.rule["per_finding"]) if self.rule["type"] == "deduction" else ""

    @property
    def cap_per_point(self) -> int:
        """Return how many findings of the item deduct at one observation point."""
        cap: int = self.rule.get("cap_per_point") or CAP_PER_POINT
        return cap

    @property
    def source_labels(self) -> list[str]:
        """Return who scores the item, in words."""
        return [str(SchemeSource.Code(code).label) for code in self.sources]

    @property
    def condition_labels(self) -> list[str]:
        """Return the kinds of village the item applies to; empty means every village."""
        return [str(self.Attribute(code).label) for code in self.applies_if]

    @property
    def goes_before(self) -> list[str]:
        """Return the codes of the items that give way to this one for the same fact."""
        return [second for first, second in self.scheme.precedence if first == self.code]

    @property
    def gives_way_to(self) -> list[str]:
        """Return the codes of the items under which the same fact is entered instead."""
        return [first for first, second in self.scheme.precedence if second == self.code]

    def applies_to(self, village: Village) -> bool:
        """Tell whether the village has everything that the item is about."""
        return all(getattr(village, attribute) for attribute in self.applies_if)


def decimal_text(units: int) -> str:
    """Write 1/10,000 points as people do: 40000 → 4, 2500 → 0.25."""
    text = f"{Decimal(units) / UNITS:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
