"""Scoring schemes by version: drafts that are edited, and texts that are frozen before anything is scored by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Count, Max, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Role, User
from audit.verbs import alters_data
from schemes.checks import problems
from schemes.definition import AspectRow, Definition, Fault, ItemRow, SourceRow
from schemes.models.editing import EditingVerbs
from schemes.models.items import Aspect, Item, SourceCode
from schemes.models.parts import PARTS, Edited, FrozenWithScheme, InTwoLanguages, SchemeFrozen, SchemeRefused

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

# Who reads drafts too: the office that writes them and the departments that answer for items.
DRAFT_READERS = frozenset({Role.CITY_OFFICE, Role.DEPARTMENT, Role.AUDITOR})
# Who is assessed, or follows an assessment, by a version that holds.
READERS = DRAFT_READERS | {Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER}


class SchemeQuerySet(models.QuerySet["Scheme"]):
    def default(self) -> Scheme:
        """Return the scheme that new findings are filed under."""
        return self.get(is_default=True)

    def visible_to(self, user: User, on: date) -> SchemeQuerySet:
        """Return the versions that the user may read: drafts only with a part in writing them."""
        roles = user.roles(on)
        if roles & DRAFT_READERS:
            return self
        return self.holding() if roles & READERS else self.none()

    def holding(self) -> SchemeQuerySet:
        """Return the versions that something is or was scored by: frozen, or in use."""
        return self.exclude(frozen_at=None, in_use_since=None, is_default=False)

    def in_order(self) -> SchemeQuerySet:
        """Return the versions in the order of a list: by code, the newest first."""
        return self.order_by("code", "-version")

    def with_counts(self) -> SchemeQuerySet:
        """Add how many aspects and items there are."""
        return self.annotate(n_aspects=Count("aspects", distinct=True), n_items=Count("items", distinct=True))

    @alters_data
    @transaction.atomic
    def load(self, definition: Definition) -> Scheme:
        """Write a checked definition over the rows of the same code and version; twice gives the same rows."""
        scheme, _made = self.get_or_create(
            code=definition.code, version=definition.version, defaults=definition.columns()
        )
        if scheme.frozen_at:
            raise SchemeFrozen
        self.filter(pk=scheme.pk).update(**definition.columns())
        scheme.write(definition)
        if not self.filter(is_default=True).exists():
            self.filter(pk=scheme.pk).update(is_default=True)
        return self.get(pk=scheme.pk)

    @alters_data
    @transaction.atomic
    def draft(self, definition: Definition, *, at: datetime, based_on: int | None = None) -> Scheme:
        """Write a definition as a new version of its code: a draft, whatever number the definition names."""
        same = self.filter(code=definition.code).aggregate(last=Max("version"))
        scheme = self.create(
            code=definition.code,
            version=(same["last"] or 0) + 1,
            made_at=at,
            based_on=based_on,
            **definition.columns(),
        )
        scheme.write(definition)
        scheme.entrust(definition)
        return scheme


class Scheme(EditingVerbs, Edited, InTwoLanguages):
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
    # since when findings and visits may be filed under it (empty for the first default): nothing of it goes away then
    in_use_since = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    # the version of the same code that it was copied from
    based_on = models.PositiveIntegerField(null=True, blank=True)

    # a frozen scheme may still become, or stop being, the one that new findings are filed under
    append_only_when = "OLD.frozen_at IS NOT NULL"
    append_only_except = frozenset({"is_default", "in_use_since"})

    objects = SchemeQuerySet.as_manager()

    if TYPE_CHECKING:
        sources: RelatedManager[SchemeSource]
        aspects: RelatedManager[Aspect]
        items: RelatedManager[Item]

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

    def get_absolute_url(self) -> str:
        """Return the page of this version."""
        return reverse("scheme", args=[self.code, self.version])

    @property
    def status_note(self) -> str:
        """Return where this text comes from, in the active language."""
        return self.pick("status_note")

    @property
    def is_draft(self) -> bool:
        """Tell whether the text may still change."""
        return self.frozen_at is None

    @property
    def may_shrink(self) -> bool:
        """Tell whether something of it may be taken away: nothing was ever filed under it."""
        return self.frozen_at is None and self.in_use_since is None and not self.is_default

    # --- as plain data ----------------------------------------------------------------------------------------
    def definition(self) -> Definition:
        """Return the scheme as plain data, in three queries."""
        by_aspect: dict[int, list[ItemRow]] = {}
        for item in self.items.select_related("department").order_by("position"):
            by_aspect.setdefault(item.aspect_id, []).append(_item_row(item))
        sources = {row.code: row for row in self.sources.all()}
        return Definition(
            **{
                name: getattr(self, name)
                for name in (
                    *("code", "version", "name_zh", "name_en", "status_note_zh", "status_note_en"),
                    *("max_total", "combine", "precedence"),
                )
            },
            sources=tuple(
                SourceRow(row.code, row.name_zh, row.name_en, row.weight)
                for code in SourceCode.values
                if (row := sources.get(code))
            ),
            aspects=tuple(
                AspectRow(
                    row.code,
                    place,
                    row.name_zh,
                    row.name_en,
                    row.max_points_units,
                    tuple(by_aspect.get(row.pk, ())),
                )
                for place, row in enumerate(self.aspects.order_by("position", "pk"), start=1)
            ),
        )

    def problems(self) -> list[Fault]:
        """Return what does not add up; empty means that it may be frozen."""
        return problems(self.definition())

    # --- verbs ------------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def freeze(self, *, at: datetime) -> None:
        """Fix the text for good, before a period is scored by it; a change is a new version. Raises SchemeRefused."""
        locked = Scheme.objects.select_for_update().get(pk=self.pk)
        if locked.frozen_at is None:
            if locked.problems():
                raise SchemeRefused("errors")
            Scheme.objects.filter(pk=self.pk).update(frozen_at=at)
            for rows in (locked.sources, locked.aspects, locked.items):
                rows.update(frozen=True)
        self.refresh_from_db()

    @alters_data
    @transaction.atomic
    def make_default(self, *, at: datetime) -> None:
        """Let new findings be filed under this version from now on. Raises SchemeRefused."""
        locked = Scheme.objects.select_for_update().get(pk=self.pk)
        if locked.problems():
            raise SchemeRefused("errors")
        before = Scheme.objects.filter(is_default=True).exclude(pk=self.pk)
        before.update(is_default=False, in_use_since=Coalesce("in_use_since", Value(at)))
        Scheme.objects.filter(pk=self.pk).update(is_default=True, in_use_since=locked.in_use_since or at)
        self.refresh_from_db()

    @alters_data
    @transaction.atomic
    def copy(self, *, at: datetime) -> Scheme:
        """Return a new version with the same text and the same examples: a draft."""
        made = Scheme.objects.draft(self.definition(), at=at, based_on=self.version)
        targets = dict(made.items.values_list("code", "pk"))
        for item in self.items.prefetch_related("examples"):
            for example in item.examples.all():
                example.show_at(targets[item.code])
        return made

    @alters_data
    @transaction.atomic
    def discard(self) -> None:
        """Take back a draft that nothing was ever filed under. Raises SchemeRefused."""
        locked = self.locked()
        if not locked.may_shrink:
            raise SchemeRefused("in_use")
        for item in locked.items.prefetch_related("examples"):
            for example in item.examples.all():
                example.take_away()
        locked.items.all().delete()
        locked.delete()

    @alters_data
    def write(self, definition: Definition) -> None:
        """Bring sources, aspects and items in line with the definition, keeping ids: a few statements."""
        self._store(SchemeSource, {row.code: row.columns() for row in definition.sources})
        self._store(Aspect, {row.code: row.columns() for row in definition.aspects})
        aspects = {aspect.code: aspect for aspect in self.aspects.all()}
        items = [(aspects[aspect.code], item) for aspect in definition.aspects for item in aspect.items]
        self._store(Item, {row.code: {"aspect": aspect, **row.columns()} for aspect, row in items})

    @alters_data
    def entrust(self, definition: Definition) -> None:
        """Give the items to the departments of this system that the definition names."""
        named: dict[str, list[str]] = {}
        for item in definition.items():
            if item.organisation:
                named.setdefault(item.organisation, []).append(item.code)
        for organisation in Organisation.objects.filter(name__in=named):
            self.items.filter(code__in=named[organisation.name]).update(department=organisation)

    def _store(self, model: type[models.Model], rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Insert the rows by code, or overwrite the columns that are given."""
        columns = {name for row in rows.values() for name in row}
        if not rows:
            return
        model._default_manager.bulk_create(
            [model(scheme=self, code=code, **row) for code, row in rows.items()],
            update_conflicts=True,
            unique_fields=["scheme", "code"],
            update_fields=sorted(columns),
        )


class SchemeSource(FrozenWithScheme, InTwoLanguages):
    Code = SourceCode

    scheme = models.ForeignKey(Scheme, on_delete=models.CASCADE, related_name="sources")
    code = models.CharField(max_length=10, choices=SourceCode.choices)
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


# the columns of an item that a definition holds under the same name
ITEM_COLUMNS = (
    "code", "position", "name_zh", "name_en", "points", "sources", "rule", "unit_zh", "unit_en", "zero_if_zh",
    "zero_if_en", "level", "applies_if", "evidence_zh", "evidence_en", "department_zh", "department_en",
)  # fmt: skip


def _item_row(item: Item) -> ItemRow:
    return ItemRow(
        **{name: getattr(item, name) for name in ITEM_COLUMNS},
        organisation=item.department.name if item.department else "",
        texts={f"{part}_{lang}": getattr(item, f"{part}_{lang}") for part in PARTS for lang in ("zh", "en")},
    )
