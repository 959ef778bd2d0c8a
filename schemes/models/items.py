"""Aspects and items: what a village or a county is looked at for, by whose eyes and by which rule."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from schemes.models.parts import Edited, FrozenWithScheme, InTwoLanguages, decimal_text, language
from schemes.scoring import CAP_PER_POINT

if TYPE_CHECKING:
    from villages.models import Village


class SourceCode(models.TextChoices):
    """Whose eyes score an item."""

    SELF = "self", _("Self-assessment")
    DEPARTMENT = "dept", _("Departmental assessment")
    VISIT = "visit", _("Unannounced visit")
    SYSTEM = "system", _("System data")


class Aspect(FrozenWithScheme, Edited, InTwoLanguages):
    scheme = models.ForeignKey("schemes.Scheme", on_delete=models.CASCADE, related_name="aspects")
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


class Item(FrozenWithScheme, Edited, InTwoLanguages):
    class Level(models.TextChoices):
        VILLAGE = "village", _("Village")
        COUNTY = "county", _("County")

    class RuleType(models.TextChoices):
        DEDUCTION = "deduction", _("Deduction")
        PROPORTION = "proportion", _("Proportion")
        YES_NO = "yes_no", _("Yes or no")

    class System(models.TextChoices):
        """The figures that nobody types; columns of no table, worked out by the assessment."""

        COVERAGE = "coverage", _("Coverage by responsible leaders")
        ON_TIME = "on_time", _("Findings put right on time")
        RECURRENCE = "recurrence", _("Findings that did not come back")

    class Attribute(models.TextChoices):
        """The village attributes that an item can depend on; columns of Village."""

        COAST = "coast", _("villages on the coast")
        RIVER = "river_or_reservoir", _("villages with a river or reservoir")
        FARMLAND = "farmland", _("villages with farmland")
        LIVESTOCK = "livestock", _("villages with livestock")
        PLANT = "treatment_plant", _("villages with a sewage treatment plant")
        TOILET = "public_toilet", _("villages with a public toilet")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scheme = models.ForeignKey("schemes.Scheme", on_delete=models.PROTECT, related_name="items")
    aspect = models.ForeignKey(Aspect, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(_("code"), max_length=10)
    position = models.PositiveSmallIntegerField()
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    points = models.PositiveIntegerField(_("points, in 1/10,000"))
    sources = models.JSONField(default=list)
    # {"type": "deduction", "per_finding": units, "floor": units, and "cap_per_point": int where not the default},
    # {"type": "proportion", "target_pct": int, "zero_at_or_below_pct": int, "target_basis": str} or {"type": "yes_no"};
    # with "system": coverage|on_time|recurrence where the system's own figure scores it
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
        rows: list[str] = getattr(self, f"evidence_{language()}")
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
        return [str(SourceCode(code).label) for code in self.sources]

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
