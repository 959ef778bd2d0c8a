"""Read a roster of responsibilities (包保责任清单) from a table and carry it in as a whole."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from villages.models import Area, Division, Person, Responsibility, Village
from villages.registry import display_name
from villages.spreadsheet import CellError, Row, read_date, read_rows

COLUMNS = {
    "name": ("姓名", "包保领导", "责任人"),
    "title": ("职务",),
    "employer": ("单位", "工作单位"),
    "phone": ("电话", "联系电话", "手机"),
    "kind": ("包保类型", "类型", "类别", "责任类型", "级别"),
    "county": ("区市县", "县区", "包保区市县"),
    "area": ("片区", "包保片区", "片"),
    "township": ("乡镇", "乡镇街道", "街道", "包保乡镇"),
    "village": ("村", "村名", "行政村", "包保村", "村(社区)"),
    "code": ("村代码", "统计代码", "代码"),
    "since": ("起始日期", "开始日期", "起"),
    "basis": ("依据", "文件依据", "备注"),
}
KIND_WORDS = {
    "municipal": ("municipal", "市级", "市级领导", "包县", "市级领导包县"),
    "county": ("county", "县级", "县级领导", "包片", "县级领导包片"),
    "township": ("township", "乡镇级", "乡镇", "乡镇领导", "乡级", "乡镇级领导", "包村", "乡镇领导包村"),
    "secretary": ("secretary", "街道书记", "乡镇书记", "乡镇(街道)书记", "党工委书记", "党委书记"),
    "village_secretary": ("village_secretary", "村书记", "村党组织书记", "村(社区)书记"),
}


@dataclass(frozen=True)
class Duty:
    """One line of a roster, its place found."""

    row: int
    name: str
    title: str
    employer: str
    phone: str
    kind: str
    place: Any
    since: date
    basis: str

    @property
    def key(self) -> tuple[str, str, UUID]:
        """Return what makes two lines the same."""
        return self.name, self.kind, self.place.pk

    @property
    def kind_label(self) -> str:
        """Name the kind."""
        return str(Responsibility.Kind(self.kind).label)


@dataclass
class RosterPlan:
    """What an import of a roster would do."""

    new: list[Duty] = field(default_factory=list)
    replaced: list[Duty] = field(default_factory=list)
    known: list[Duty] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    new_persons: int = 0


class Gazetteer:
    """Finds the places that a roster names, among those the user may write to (five queries)."""

    def __init__(self, places: Any, on: date) -> None:
        """Read the divisions, areas and villages of the day that `places` covers."""
        self.counties = {row.name: row for row in Division.objects.counties(on)}
        self.townships = {(row.county_id, row.name): row for row in Division.objects.townships(on)}
        self.areas = {(row.county_id, row.name): row for row in Area.objects.on(on)}
        villages = list(Village.objects.current(on).with_places(on))
        self.villages = {(row.township_id, row.name): row for row in villages}
        self.codes = {row.code: row for row in villages if row.code}
        self.places = places

    def find(self, row: Row, kind: str) -> Any:
        """Return the place of a line, or the error in the cell that names it."""
        found = self._find(row, Responsibility.TARGETS[kind])
        if isinstance(found, CellError) or self._writable(found):
            return found
        return row.error("county", _("This place is outside your own."))

    def _find(self, row: Row, target: str) -> Any:
        if target == "village" and row["code"]:
            return self.codes.get(row["code"]) or row.error("code", _("No village has this code."))
        county = self.counties.get(row["county"])
        if county is None:
            return row.error("county", _("There is no unit of this name."))
        if target == "county":
            return county
        if target == "area":
            return self.areas.get((county.pk, row["area"])) or row.error(
                "area", _("The unit has no such area.")
            )
        township = self.townships.get((county.pk, row["township"]))
        if township is None:
            return row.error("township", _("The unit has no such township."))
        if target == "township":
            return township
        village = self.villages.get((township.pk, display_name(row["village"])))
        return village or row.error("village", _("The township has no such village."))

    def _writable(self, place: Any) -> bool:
        county = getattr(place, "county_id", None) or (place.pk if isinstance(place, Division) else None)
        return bool(self.places.covers(county=county, township=None))


def plan_roster(content: bytes, places: Any, on: date) -> RosterPlan:
    """Compare a roster with the database; nothing is written. Raises `Unreadable`."""
    rows = read_rows(content, COLUMNS, ["name", "kind", "county"])
    gazetteer, plan = Gazetteer(places, on), RosterPlan()
    duties = [duty for row in rows if (duty := _duty(row, gazetteer, on, plan.errors))]
    open_rows = Responsibility.objects.open().select_related(
        "person", "county", "area", "township", "village"
    )
    held: defaultdict[tuple[str, UUID], set[str]] = defaultdict(set)
    for responsibility in open_rows:
        held[responsibility.kind, responsibility.place.pk].add(responsibility.person.name)
    for duty in duties:
        _sort_in(duty, held[duty.kind, duty.place.pk], plan)
    names = {duty.name for duty in (*plan.new, *plan.replaced)}
    plan.new_persons = len(names - set(Person.objects.filter(name__in=names).values_list("name", flat=True)))
    return plan


def _sort_in(duty: Duty, holders: set[str], plan: RosterPlan) -> None:
    """Put a line under known, replaced or new, or name the line that contradicts it."""
    if duty.name in holders:
        plan.known.append(duty)
        return
    earlier = [other for other in (*plan.new, *plan.replaced) if other.key[1:] == duty.key[1:]]
    single = duty.kind in Responsibility.SINGLE
    if any(other.name == duty.name for other in earlier) or (single and earlier):
        message = _("Row %(row)s already says who this is.") % {"row": earlier[0].row}
        plan.errors.append(CellError(duty.row, _("name"), message))
    elif single and holders:
        plan.replaced.append(duty)
    else:
        plan.new.append(duty)


def _duty(row: Row, gazetteer: Gazetteer, on: date, errors: list[CellError]) -> Duty | None:
    """Return the line with its place, or note its errors."""
    before = len(errors)
    plain = row["kind"].strip().lower().replace("（", "(").replace("）", ")")
    kind = next((kind for kind, words in KIND_WORDS.items() if plain in words), "")
    since = read_date(row["since"]) if row["since"] else on
    if not row["name"]:
        errors.append(row.error("name", _("The name is missing.")))
    if not kind:
        errors.append(row.error("kind", _("This is no kind of responsibility.")))
    if since is None:
        errors.append(row.error("since", _("This is no date.")))
    place = gazetteer.find(row, kind) if kind else None
    if isinstance(place, CellError):
        errors.append(place)
    if len(errors) > before or since is None:
        return None
    texts = {key: row[key] for key in ("name", "title", "employer", "phone", "basis")}
    return Duty(row=row.number, kind=kind, place=place, since=since, **texts)


@transaction.atomic
def apply_roster(plan: RosterPlan) -> int:
    """Carry in every new line; a new secretary ends the old one's. Returns how many lines."""
    persons: dict[tuple[str, str], Person] = {}
    for duty in (*plan.new, *plan.replaced):
        Responsibility.objects.assign(
            person=_person(duty, persons),
            kind=duty.kind,
            place=duty.place,
            since=duty.since,
            basis=duty.basis,
            replace=duty.kind in Responsibility.SINGLE,
        )
    return len(plan.new) + len(plan.replaced)


def _person(duty: Duty, persons: dict[tuple[str, str], Person]) -> Person:
    """Return the person of this name and employer, made once."""
    key = duty.name, duty.employer
    if key not in persons:
        known = Person.objects.filter(name=duty.name, employer=duty.employer).first()
        persons[key] = known or Person.objects.create(
            name=duty.name, title=duty.title, employer=duty.employer, phone=duty.phone
        )
    return persons[key]
