"""Entries: what a sheet says of one item of one unit, the facts that deduct, and the files that prove them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from assessments.steps import SheetState
from audit.verbs import alters_data
from inspections.attachments import TYPES, FileRefused, name_of
from inspections.steps import StepRefused
from inspections.uploads import sha256_of
from schemes.models import Item, decimal_text
from schemes.scoring import Fact, Measure, NotMeasured, score
from villages.models import Division, Village

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from assessments.models.sheets import Sheet

MOST_FACTS = 100


class EntryRefused(StepRefused):
    """Values that the item's rule cannot score; `field` says where."""

    def __init__(self, message: Any, field: str) -> None:
        super().__init__(message, "invalid")
        self.field = field


@dataclass(frozen=True)
class FactValues:
    """One deduction as typed: what was found, where, and whether it leaves the item without a point."""

    text: str
    village: Village | None = None
    place: str = ""
    zero_if: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """Return the columns of its row."""
        village = self.village.pk if self.village else None
        return {"text": self.text, "village_id": village, "place": self.place, "zero_if": self.zero_if}


@dataclass(frozen=True)
class Values:
    """What the owner says of one item: not applicable with a reason, or what the rule needs."""

    applies: bool = True
    reason: str = ""
    sampled: int | None = None
    met: int | None = None
    answer: bool | None = None
    facts: tuple[FactValues, ...] = ()
    remark: str = ""

    def units(self, item: Item) -> int | None:
        """Return the points by the item's rule, None where it does not apply. Raises EntryRefused."""
        if not self.applies:
            if not self.reason.strip():
                raise EntryRefused(_("Say why the item does not apply."), "reason")
            return None
        if len(self.facts) > MOST_FACTS:
            raise EntryRefused(_("One item has at most %(n)s deductions.") % {"n": MOST_FACTS}, "facts")
        if any(fact.zero_if for fact in self.facts) and not item.zero_if:
            raise EntryRefused(_("No fact leaves this item without a point."), "facts")
        # each fact stands for a spot of its own: what is capped per observation point is capped in visits only
        facts = [Fact(point=str(number), zero_if=fact.zero_if) for number, fact in enumerate(self.facts)]
        try:
            measure = Measure(self.sampled, self.met, self.answer)
            return score(item.points, item.rule, facts, measure).units
        except NotMeasured as error:
            raise self._what_is_missing(item) from error

    def _what_is_missing(self, item: Item) -> EntryRefused:
        if item.rule["type"] == "yes_no":
            return EntryRefused(_("Choose yes or no."), "answer")
        if not self.sampled:
            return EntryRefused(_("Give the number looked at, at least 1."), "sampled")
        if self.met is None:
            return EntryRefused(_("Give the number that meet the standard."), "met")
        return EntryRefused(_("No more can meet the standard than were looked at."), "met")

    def columns(self, item: Item) -> dict[str, Any]:
        """Return the columns of the entry; what the rule does not ask for is left out."""
        kind = item.rule["type"] if self.applies else ""
        proportion = kind == "proportion"
        return {
            "status": Entry.Status.SCORED if self.applies else Entry.Status.NOT_APPLICABLE,
            "reason": "" if self.applies else self.reason.strip(),
            "sampled": self.sampled if proportion else None,
            "met": self.met if proportion else None,
            "answer": self.answer if kind == "yes_no" else None,
            "remark": self.remark.strip(),
            "units": self.units(item),
        }


class EntrySet(models.QuerySet["Entry"]):
    """Sets of entries; a sealed one exists for its owner alone."""

    def visible_to(self, user: User, on: date) -> "EntrySet":
        """Return the user's own, and of the opened ones those about his units, or all for who reads the whole city.

        A department reads besides its own sheet what the units say of its items.
        """
        posts, roles = user.posts_on(on), user.roles(on)
        own_units = [post.division_id for post in posts if post.role == Role.COUNTY_OFFICE]
        bureaus = [post.organisation_id for post in posts if post.role == Role.DEPARTMENT]
        shown = Q(sheet__unit__in=own_units) | Q(sheet__organisation__in=bureaus)
        opened = Q(sheet__state=SheetState.OPENED)
        if roles & {Role.CITY_OFFICE, Role.AUDITOR}:
            return self.filter(shown | opened)
        counties = user.places(on, Role.COUNTY_OFFICE, Role.LEADER).counties
        return self.filter(shown | (opened & (Q(unit__in=counties) | Q(item__department__in=bureaus))))

    def counted(self) -> "EntrySet":
        """Return what scores: the entries of opened sheets."""
        return self.filter(sheet__state=SheetState.OPENED)

    def with_facts(self) -> "EntrySet":
        """Fetch items, facts and files along."""
        facts = EntryFact.objects.select_related("village").order_by("position")
        files = EntryFile.objects.order_by("at", "pk")
        return self.select_related("item", "unit", "updated_by").prefetch_related(
            models.Prefetch("facts", queryset=facts), models.Prefetch("files", queryset=files)
        )

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the entries as plain data, to be kept as they were."""
        rows = self.with_facts().order_by("unit__position", "item__position", "pk")
        return [entry.as_row() for entry in rows]

    @alters_data
    def store(
        self,
        sheet: "Sheet",
        *,
        unit: Division,
        item: Item,
        values: Values,
        by: User,
        at: datetime,
        version: int | None,
    ) -> tuple["Entry", bool]:
        """Write one entry with its facts, in the transaction that holds its sheet; return it and whether it is new."""
        columns = values.columns(item)
        facts = values.facts if values.applies else ()
        found = self.filter(sheet=sheet, unit=unit, item=item).first()
        if version is not None and version != (found.version if found else 0):
            message = _("A colleague has just changed this item. Look at it again; what you typed is kept.")
            raise StepRefused(message, "conflict")
        if found and found.says(columns, facts):
            return found, False
        written = {**columns, "updated_by": by, "updated_at": at}
        if found:
            self.filter(pk=found.pk).update(version=F("version") + 1, **written)
            found.facts.all().delete()
            found.refresh_from_db()
        entry = found or self.create(sheet=sheet, unit=unit, item=item, **written)
        EntryFact.objects.bulk_create(
            EntryFact(entry=entry, position=place, **fact.columns)
            for place, fact in enumerate(facts, start=1)
        )
        return entry, found is None


class Entry(models.Model):
    """What a sheet says of one item of one unit; the points follow from the facts."""

    class Status(models.TextChoices):
        SCORED = "scored", _("Scored")
        NOT_APPLICABLE = "not_applicable", _("Does not apply")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    sheet = models.ForeignKey("assessments.Sheet", models.PROTECT, related_name="entries")
    unit = models.ForeignKey(Division, models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    status = models.CharField(max_length=14, choices=Status.choices)
    reason = models.CharField(_("why it does not apply"), max_length=300, blank=True)
    sampled = models.PositiveIntegerField(_("number looked at"), null=True)
    met = models.PositiveIntegerField(_("of them meet the standard"), null=True)
    answer = models.BooleanField(_("yes or no"), null=True)
    units = models.PositiveIntegerField(_("points, in 1/10,000"), null=True)
    remark = models.CharField(_("remark"), max_length=1000, blank=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    objects = EntrySet.as_manager()

    if TYPE_CHECKING:
        facts: RelatedManager["EntryFact"]
        files: RelatedManager["EntryFile"]
        sheet_id: uuid.UUID
        unit_id: uuid.UUID
        item_id: uuid.UUID

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["sheet", "unit", "item"], name="entry_once"),
            # what does not apply has a reason and no points; everything else has points
            models.CheckConstraint(
                condition=Q(status="scored", units__isnull=False, reason="")
                | Q(status="not_applicable", units__isnull=True, reason__gt=""),
                name="entry_scored_or_reasoned",
            ),
            models.CheckConstraint(
                condition=Q(sampled__isnull=True, met__isnull=True)
                | Q(sampled__isnull=False, met__isnull=False, sampled__gte=1, met__lte=F("sampled")),
                name="entry_meets_within_sample",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.code} · {self.unit}"

    @property
    def points_text(self) -> str:
        """Return the points as people write them, nothing where the item does not apply."""
        return decimal_text(self.units) if self.units is not None else ""

    @property
    def lost_text(self) -> str:
        """Return how many points are lost, nothing where none are."""
        lost = self.item.points - self.units if self.units is not None else 0
        return decimal_text(lost) if lost else ""

    def says(self, columns: dict[str, Any], facts: Iterable[FactValues]) -> bool:
        """Tell whether the stored entry already says this."""
        stored = [fact.columns for fact in sorted(self.facts.all(), key=lambda fact: fact.position)]
        same = all(getattr(self, name) == value for name, value in columns.items())
        return same and stored == [fact.columns for fact in facts]

    def as_row(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        facts = [
            {
                "text": fact.text,
                "village": fact.village.name if fact.village else "",
                "place": fact.place,
                "zero_if": fact.zero_if,
            }
            for fact in self.facts.all()
        ]
        return {
            "unit": str(self.unit_id), "unit_name": self.unit.name, "item": self.item.code, "status": self.status,
            "reason": self.reason, "sampled": self.sampled, "met": self.met, "answer": self.answer,
            "units": self.units, "remark": self.remark, "facts": facts,
            "files": [{"name": file.name, "sha256": file.sha256} for file in self.files.all()],
        }  # fmt: skip


class EntryFact(models.Model):
    """One fact: one deduction by the item's rule."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="facts")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(_("what was found"), max_length=500)
    village = models.ForeignKey(
        Village, models.PROTECT, null=True, related_name="+", verbose_name=_("village")
    )
    place = models.CharField(_("place"), max_length=100, blank=True)
    zero_if = models.BooleanField(_("leaves no point"), default=False)

    if TYPE_CHECKING:
        village_id: uuid.UUID | None

    class Meta:
        verbose_name = _("deduction")
        constraints = [
            models.UniqueConstraint(fields=["entry", "position"], name="entry_fact_position_once"),
            models.CheckConstraint(condition=Q(text__gt=""), name="entry_fact_says_something"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def columns(self) -> dict[str, Any]:
        """Return what was typed, as `FactValues.columns` does."""
        return {
            "text": self.text, "village_id": self.village_id, "place": self.place, "zero_if": self.zero_if,
        }  # fmt: skip


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


def file_name(row: "EntryFile", _filename: str) -> str:
    """Name a file by day and id; the uploader's file name is never used."""
    return f"sheets/{row.at:%Y/%m/%d}/{row.pk}"


class EntryFileQuerySet(models.QuerySet["EntryFile"]):
    """Files of entries; whoever reads the entry reads its files."""

    def readable(self, entries: "models.QuerySet[Entry]") -> "EntryFileQuerySet":
        """Return the files of these entries."""
        return self.filter(entry__in=entries)

    @alters_data
    def keep(self, entry: Entry, *, by: User, at: datetime, file: "File[Any]", kind: str) -> "EntryFile":
        """Store one more file; refuse a repeat and more than an entry may have."""
        here = self.filter(entry=entry)
        if here.count() >= settings.FILES_PER_ENTRY:
            message = _("An item has at most %(n)s files.")
            raise FileRefused(message % {"n": settings.FILES_PER_ENTRY}, "file_too_many")
        digest = sha256_of(file)
        if here.filter(sha256=digest).exists():
            raise FileRefused(_("This file has been added already."), "file_repeated")
        row = self.model(
            entry=entry, uploaded_by=by, at=at, name=name_of(file.name or "", kind), kind=kind, size=file.size,
            sha256=digest, file=File(file.file, name="file"),
        )  # fmt: skip
        row.save(force_insert=True)
        return row


class EntryFile(models.Model):
    """One file of evidence as it came."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="files")
    file = models.FileField(storage=sealed, upload_to=file_name, max_length=200)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("received"))

    objects = EntryFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of evidence")
        constraints = [
            # a second tap on "Add" is no second file
            models.UniqueConstraint(fields=["entry", "sha256"], name="entry_file_once"),
            models.CheckConstraint(condition=Q(kind__in=list(TYPES)), name="entry_file_kind"),
        ]

    def __str__(self) -> str:
        return self.name

    @alters_data
    def remove(self) -> None:
        """Delete the row, and its bytes once that holds."""
        name, storage = str(self.file.name), self.file.storage
        self.delete()
        transaction.on_commit(lambda: storage.delete(name))
