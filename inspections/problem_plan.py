"""Match a parsed problem list to villages, items and findings: what an import would do, and every reason why not."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from inspections import photo_rules
from inspections.models import Finding, PhotoUse
from inspections.problem_list import Limits, Parsed, Problem, parse
from inspections.workbooks import Workbook
from schemes.models import Item
from villages.models import Division, Village
from villages.registry import display_name
from villages.spreadsheet import CellError


@dataclass(frozen=True)
class Attached:
    """One picture of a row: its future photo id, its part of the file and its hash."""

    id: uuid.UUID
    member: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One row as the finding it would become."""

    id: uuid.UUID
    row: int
    village: Village
    item: Item
    problem: Problem
    photos: Sequence[Attached]

    @property
    def declared(self) -> list[dict[str, str]]:
        """Return the photos as a report declares them."""
        return [{"id": str(photo.id), "sha256": photo.sha256} for photo in self.photos]

    @property
    def source_label(self) -> str:
        """Return the word for where the problem comes from."""
        return str(Finding.Source(self.problem.source).label)

    def arguments(self) -> dict[str, Any]:
        """Return what `Finding.objects.report` is called with, besides who and when."""
        said, problem = self.problem.cells, self.problem
        return {
            "id": self.id, "village": self.village, "item": self.item, "description": said["description"],
            "place": said.get("place", ""), "severity": problem.severity, "source": problem.source,
            "outside_number": said.get("outside_number", ""), "outside_deadline": problem.outside_deadline,
            "outside_document": said.get("outside_document", ""), "photos": self.declared,
        }  # fmt: skip


@dataclass
class Plan:
    """What an import would do; with errors it does nothing."""

    entries: list[Entry] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    # rows that an earlier import of the same file has brought in
    there: set[int] = field(default_factory=set)
    # rows that look like a finding that exists: row → findings
    duplicates: dict[int, list[Finding]] = field(default_factory=dict)
    # rows that repeat an earlier row of the list: row → that row
    repeats: dict[int, int] = field(default_factory=dict)

    def fresh(self, *, skip_duplicates: bool) -> list[Entry]:
        """Return the rows that an import would bring in."""
        left_out = set(self.there)
        if skip_duplicates:
            left_out |= set(self.duplicates) | set(self.repeats)
        return [entry for entry in self.entries if entry.row not in left_out]


def plan_file(path: Path, *, office: Division, by: User, sha256: str, on: date) -> Plan:
    """Read and match a list. Raises `Unreadable` when the file as a whole is none."""
    parsed = parse(path, Limits(settings.IMPORT_MAX_ROWS, settings.PHOTOS_PER_SIDE))
    plan = Plan(errors=list(parsed.errors))
    keys = _Keys(office, sha256)
    with Workbook(path) as workbook:
        pictures = _pictures(workbook, parsed, plan)
    places, items = _Villages(office, on), _Items()
    for problem in parsed.problems:
        village, item = places.match(problem, plan.errors), items.match(problem, plan.errors)
        photos = [
            Attached(keys.photo(problem.number, picture.member), picture.member, pictures[picture.member])
            for picture in problem.pictures
            if picture.member in pictures
        ]
        if village and item:
            plan.entries.append(
                Entry(keys.row(problem.number), problem.number, village, item, problem, photos)
            )
    _look_for_known(plan, by)
    _check_reuse(plan)
    plan.errors.sort(key=lambda error: error.row)
    return plan


class _Keys:
    """Ids that the same row of the same file always gets: importing it again adds nothing."""

    def __init__(self, office: Division, sha256: str) -> None:
        self.space = uuid.uuid5(office.pk, sha256)

    def row(self, number: int) -> uuid.UUID:
        return uuid.uuid5(self.space, f"row:{number}")

    def photo(self, number: int, member: str) -> uuid.UUID:
        return uuid.uuid5(self.space, f"photo:{number}:{member}")


# --- villages and items ---------------------------------------------------------------------------------------------
class _Villages:
    """The office's villages by code and by name."""

    def __init__(self, office: Division, on: date) -> None:
        rows = Village.objects.current(on).with_places(on)
        if office.level != Division.Level.CITY:
            rows = rows.filter(county_id=office.pk)
        self.by_code: dict[str, Village] = {}
        self.by_name: dict[str, list[Any]] = defaultdict(list)
        for village in rows:
            if village.code:
                self.by_code[village.code] = village
            for name in {_bare(village.name), _bare(village.official_name)}:
                self.by_name[name].append(village)

    def match(self, problem: Problem, errors: list[CellError]) -> Village | None:
        """Return the village by code, else by unit, township and name; note why there is none."""
        code = problem.cells.get("code", "")
        if code:
            village = self.by_code.get(code)
            if village is None:
                errors.append(problem.error("code", _("No village of your office has this code.")))
            return village
        return self._named(problem, errors) if problem.cells.get("village") else None

    def _named(self, problem: Problem, errors: list[CellError]) -> Village | None:
        said = problem.cells
        found = self.by_name.get(_bare(said["village"]), [])
        if not found:
            errors.append(problem.error("village", _("No village of your office has this name.")))
            return None
        for key, column in (("county", "county_name"), ("township", "township_name")):
            if said.get(key):
                found = [v for v in found if _same_place(said[key], getattr(v, column))]
                if not found:
                    errors.append(problem.error(key, _("There is no village of this name there.")))
                    return None
        if len(found) > 1:
            where = "、".join(f"{v.county_name}{v.township_name}" for v in found[:5])
            message = _(
                "Several villages have this name (%(where)s). Fill in unit and township, or the code."
            )
            errors.append(problem.error("village", message % {"where": where}))
            return None
        return found[0]  # type: ignore[no-any-return]


def _bare(name: str) -> str:
    """Return a village's name without what people add or leave out."""
    plain = display_name("".join(name.split()))
    return plain.removesuffix("村") if len(plain) > 2 else plain


def _same_place(said: str, name: str | None) -> bool:
    return bool(name) and _stem("".join(said.split())) == _stem(name or "")


def _stem(place: str) -> str:
    """Return a place's name without its kind, which lists often leave out."""
    return next((place.removesuffix(end) for end in ("街道", "镇", "乡") if place.endswith(end)), place)


class _Items:
    """The items of the scheme by code and by name."""

    def __init__(self) -> None:
        self.by_word: dict[str, Item] = {}
        for item in Item.objects.current():
            for word in (item.code, item.name_zh, item.name_en, f"{item.code}{item.name_zh}"):
                self.by_word[_word(word)] = item
            self.by_word[_word(f"{item.code}{item.name_en}")] = item

    def match(self, problem: Problem, errors: list[CellError]) -> Item | None:
        """Return the item by code or name; note why there is none."""
        said = problem.cells.get("item", "")
        item = self.by_word.get(_word(said))
        if said and item is None:
            errors.append(problem.error("item", _("No item has this code or name.")))
        return item


def _word(text: str) -> str:
    return "".join(text.lower().split())


# --- pictures ---------------------------------------------------------------------------------------------------------
def _pictures(workbook: Workbook, parsed: Parsed, plan: Plan) -> dict[str, str]:
    """Return part → SHA-256 of the pictures that are acceptable photos; note what is wrong with the others."""
    hashes: dict[str, str] = {}
    refused: dict[str, str] = {}
    for problem in parsed.problems:
        for member in (picture.member for picture in problem.pictures):
            if member not in hashes and member not in refused:
                _judge(workbook, member, hashes, refused)
            if member in refused:
                plan.errors.append(problem.error("photos", refused[member]))
    return hashes


def _judge(workbook: Workbook, member: str, hashes: dict[str, str], refused: dict[str, str]) -> None:
    body = workbook.picture(member, settings.PHOTO_MAX_BYTES)
    try:
        photo_rules.check_file(BytesIO(body), len(body))
    except photo_rules.PhotoRefused as refusal:
        refused[member] = str(refusal)
    else:
        hashes[member] = hashlib.sha256(body).hexdigest()


# --- what is known already --------------------------------------------------------------------------------------------
def _look_for_known(plan: Plan, by: User) -> None:
    """Find rows that were imported before, findings with the same outside number, and repeats within the list."""
    ids = {entry.id: entry.row for entry in plan.entries}
    for key in Finding.objects.filter(pk__in=list(ids)).values_list("pk", flat=True):
        plan.there.add(ids[key])
    known = _by_outside_number(plan.entries)
    first: dict[tuple[Any, ...], int] = {}
    for entry in plan.entries:
        number = entry.problem.cells.get("outside_number", "")
        findings = known.get((number, entry.village.pk), [])
        if findings and entry.row not in plan.there:
            plan.duplicates[entry.row] = findings
        same = (entry.village.pk, entry.item.pk, entry.problem.cells["description"], number)
        if (row := first.setdefault(same, entry.row)) != entry.row:
            plan.repeats[entry.row] = row


def _by_outside_number(entries: Iterable[Entry]) -> Mapping[tuple[str, uuid.UUID], list[Finding]]:
    rows = list(entries)
    numbers = {entry.problem.cells.get("outside_number", "") for entry in rows} - {""}
    found = Finding.objects.filter(
        outside_number__in=numbers, village__in={entry.village.pk for entry in rows}
    )
    groups: dict[tuple[str, uuid.UUID], list[Finding]] = defaultdict(list)
    for finding in found.exclude(state=Finding.State.REJECTED).select_related("village", "item"):
        if finding.pk not in {entry.id for entry in rows}:
            groups[finding.outside_number, finding.village_id].append(finding)
    return groups


def _check_reuse(plan: Plan) -> None:
    """One picture proves one place: neither two villages of the list nor an earlier finding of another one."""
    places: dict[str, Entry] = {}
    hashes = {photo.sha256 for entry in plan.entries for photo in entry.photos}
    used: dict[str, set[uuid.UUID]] = defaultdict(set)
    own = [entry.id for entry in plan.entries]
    uses = PhotoUse.objects.filter(photo__sha256__in=hashes).exclude(finding__in=own)
    for sha256, village in uses.values_list("photo__sha256", "finding__village"):
        used[sha256].add(village)
    for entry in plan.entries:
        for photo in entry.photos:
            other = places.setdefault(photo.sha256, entry)
            if not _one_place(other, entry):
                message = _("Row %(row)s has the same picture for another place.") % {"row": other.row}
                plan.errors.append(entry.problem.error("photos", message))
            if used.get(photo.sha256, set()) and entry.row not in plan.there | set(plan.duplicates):
                plan.errors.append(
                    entry.problem.error("photos", _("This picture already proves an earlier finding."))
                )


def _one_place(one: Entry, other: Entry) -> bool:
    here, there = (entry.problem.cells.get("place", "") for entry in (one, other))
    return one.village == other.village and photo_rules.same_place(here, there)
