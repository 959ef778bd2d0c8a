"""Carry a registry into the database: all of it or nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from villages.models import (
    BEGINNING,
    Area,
    AreaLink,
    Division,
    DivisionCode,
    DivisionLink,
    Responsibility,
    Village,
    VillageCode,
    VillageLink,
)
from villages.reconcile import Comparison, Known, Match, Plan
from villages.registry import ATTRIBUTES, NUMBERS, Line

# Prefix of public numbers and place in diagrams (roughly from the south-west to the islands) of Dalian's units.
UNITS = {
    "旅顺口区": ("LS", 1),
    "金普新区": ("JP", 2),
    "长兴岛经济区": ("CX", 3),
    "瓦房店市": ("WF", 4),
    "普兰店区": ("PL", 5),
    "庄河市": ("ZH", 6),
    "长海县": ("CH", 7),
}
STATED = (*ATTRIBUTES, *NUMBERS)


class RegistryRefused(Exception):
    """The registry cannot be applied as it stands."""


def known_places() -> list[Known]:
    """Return every place as it stands, retired ones with their last code (six queries)."""
    return [*_known_divisions(), *_known_villages()]


def plan_import(lines: list[Line], *, same: Iterable[str] = (), separate: Iterable[str] = ()) -> Plan:
    """Compare the lines of a file with the database."""
    return Comparison(known_places(), same, separate).run(lines)


def default_day(today: date) -> date:
    """Return from when an import holds: the first one from the beginning, later ones from today."""
    return today if Division.objects.exists() else BEGINNING


@transaction.atomic
def apply_plan(plan: Plan, *, on: date) -> None:
    """Carry out a plan from the day on; refuses while questions are open."""
    if plan.unanswered:
        raise RegistryRefused(_("%(count)s questions are not answered.") % {"count": len(plan.unanswered)})
    latest = VillageLink.objects.aggregate(day=Max("since"))["day"]
    if latest and on < latest:
        raise RegistryRefused(_("The registry already holds changes of %(day)s.") % {"day": latest})
    places = _Places(plan, on)
    places.retire()
    places.add()
    places.change()
    places.point_to_successors()


def _known_divisions() -> list[Known]:
    codes = _latest(DivisionCode.objects.values_list("division", "code", "until"))
    parents = _latest(DivisionLink.objects.values_list("child", "parent", "until"))
    return [
        Known(
            id=row.pk,
            level=row.level,
            code=codes.get(row.pk, ""),
            official_name=row.official_name,
            display=row.name,
            parent_id=parents.get(row.pk),
            retired=row.retired_on is not None,
        )
        for row in Division.objects.all()
    ]


def _known_villages() -> list[Known]:
    codes = _latest(VillageCode.objects.values_list("village", "code", "until"))
    parents = _latest(VillageLink.objects.values_list("village", "township", "until"))
    return [
        Known(
            id=row.pk,
            level="village",
            code=codes.get(row.pk, ""),
            official_name=row.official_name,
            display=row.name,
            parent_id=parents.get(row.pk),
            retired=row.retired_on is not None,
            attributes=tuple((key, getattr(row, key)) for key in STATED),
        )
        for row in Village.objects.all()
    ]


def _latest(rows: Any) -> dict[UUID, Any]:
    """Return the value of the open or else the last row of each owner."""
    ordered = sorted(rows, key=lambda row: row[2] or date.max)
    return {owner: value for owner, value, _until in ordered}


class _Places:
    """The places that one import touches."""

    def __init__(self, plan: Plan, on: date) -> None:
        self.plan, self.on = plan, on
        self.ids: dict[int, UUID] = {}  # id(line) → place
        self.positions: defaultdict[UUID | None, int] = defaultdict(int)

    def _id(self, match: Match) -> UUID:
        return match.known.id if match.known else self.ids[id(match.line)]

    def retire(self) -> None:
        """Retire what is gone and end what hung on it; rows stay."""
        villages = [known.id for known in self.plan.retired if known.level == "village"]
        divisions = [known.id for known in self.plan.retired if known.level != "village"]
        Village.objects.filter(pk__in=villages).update(retired_on=self.on)
        Division.objects.filter(pk__in=divisions).update(retired_on=self.on)
        model: Any
        for model in (VillageLink, VillageCode, AreaLink, Responsibility):
            model.objects.filter(village__in=villages).end(self.on)
        for model, column in (
            (DivisionLink, "child"),
            (DivisionCode, "division"),
            (Responsibility, "township"),
        ):
            model.objects.filter(**{f"{column}__in": divisions}).end(self.on)
        self._end_areas(divisions)

    def _end_areas(self, townships: Sequence[UUID]) -> None:
        areas = list(Area.objects.open().filter(township__in=townships).values_list("pk", flat=True))
        AreaLink.objects.filter(area__in=areas).end(self.on)
        Responsibility.objects.filter(area__in=areas).end(self.on)
        Area.objects.filter(pk__in=areas, since__lt=self.on).update(until=self.on)

    def add(self) -> None:
        """Create the new places with their links and codes; old codes end first, so that they can move."""
        recoded = [match.known.id for match in self.plan.those("recoded") if match.known]
        VillageCode.objects.filter(village__in=recoded).end(self.on)
        DivisionCode.objects.filter(division__in=recoded).end(self.on)
        for level in ("city", "county", "township"):
            self._add_divisions([match for match in self.plan.new if match.line.level == level])
        self._add_villages([match for match in self.plan.new if match.line.level == "village"])

    def _add_divisions(self, matches: list[Match]) -> None:
        rows = [self._division(match) for match in matches]
        Division.objects.bulk_create(rows)
        self.ids |= {id(match.line): row.pk for match, row in zip(matches, rows, strict=True)}
        self._link_divisions(matches)
        self._code(matches)

    def _division(self, match: Match) -> Division:
        line = match.line
        parent = self._id(match.parent) if match.parent else None
        self.positions[parent] += 1
        prefix, position = UNITS.get(line.name, ("", self.positions[parent]))
        return Division(
            level=line.level,
            kind=line.kind,
            name=line.display,
            official_name=line.name,
            name_en=line.name_en,
            adcode=line.adcode,
            number_prefix=prefix if line.level == "county" else "",
            position=position,
        )

    def _link_divisions(self, matches: list[Match]) -> None:
        links, areas = [], []
        for match in matches:
            if match.parent is None:
                continue
            child, parent = self._id(match), self._id(match.parent)
            links.append(DivisionLink(child_id=child, parent_id=parent, since=self.on))
            if match.line.level == "township":
                areas.append(
                    Area(county_id=parent, township_id=child, name=match.line.display, since=self.on)
                )
        DivisionLink.objects.bulk_create(links)
        Area.objects.bulk_create(areas)

    def _add_villages(self, matches: list[Match]) -> None:
        rows = [
            Village(
                name=match.line.display,
                official_name=match.line.name,
                name_en=match.line.name_en,
                kind=match.line.kind,
                **_stated(match.line),
            )
            for match in matches
        ]
        Village.objects.bulk_create(rows)
        self.ids |= {id(match.line): row.pk for match, row in zip(matches, rows, strict=True)}
        self._link_villages(matches)
        self._code(matches)

    def _link_villages(self, matches: list[Match]) -> None:
        """Link villages to their township and to its default area."""
        areas = dict(Area.objects.open().order_by("-since").values_list("township", "pk"))
        links, area_links = [], []
        for match in matches:
            if match.parent is None:
                continue
            village, township = self._id(match), self._id(match.parent)
            links.append(VillageLink(village_id=village, township_id=township, since=self.on))
            if area := areas.get(township):
                area_links.append(AreaLink(village_id=village, area_id=area, since=self.on))
        VillageLink.objects.bulk_create(links)
        AreaLink.objects.bulk_create(area_links)

    def _code(self, matches: list[Match]) -> None:
        coded = [(match.line.level, self._id(match), match.line.code) for match in matches if match.line.code]
        VillageCode.objects.bulk_create(
            VillageCode(village_id=pk, code=code, since=self.on)
            for level, pk, code in coded
            if level == "village"
        )
        DivisionCode.objects.bulk_create(
            DivisionCode(division_id=pk, code=code, since=self.on)
            for level, pk, code in coded
            if level != "village"
        )

    def change(self) -> None:
        """Rename, move, recode, take back and update the places that stay."""
        self._rename()
        self._take_back()
        self._move()
        self._code([match for match in self.plan.those("recoded") if not match.returned])
        self._update()

    def _rename(self) -> None:
        for match in self.plan.those("renamed"):
            model: Any = Village if match.line.level == "village" else Division
            names = {"name": match.line.display, "official_name": match.line.name}
            model.objects.filter(pk=self._id(match)).update(**names)

    def _take_back(self) -> None:
        """Bring retired places back under their own id."""
        returned = self.plan.those("returned")
        ids = [self._id(match) for match in returned]
        Village.objects.filter(pk__in=ids).update(retired_on=None, successor=None)
        Division.objects.filter(pk__in=ids).update(retired_on=None, successor=None)
        self._link_divisions([match for match in returned if match.line.level != "village"])
        self._link_villages([match for match in returned if match.line.level == "village"])
        self._code(returned)

    def _move(self) -> None:
        moved = [match for match in self.plan.those("moved") if not match.returned]
        townships = [match for match in moved if match.line.level != "village"]
        villages = [match for match in moved if match.line.level == "village"]
        ids = [self._id(match) for match in townships]
        DivisionLink.objects.filter(child__in=ids).end(self.on)
        staying = list(VillageLink.objects.open().filter(township__in=ids).values_list("village", "township"))
        self._end_areas(ids)
        self._link_divisions(townships)
        self._relink_areas(staying)
        for model in (VillageLink, AreaLink):
            model.objects.filter(village__in=[self._id(match) for match in villages]).end(self.on)
        self._link_villages(villages)

    def _relink_areas(self, staying: list[tuple[UUID, UUID]]) -> None:
        """Put the villages of a moved township into its new default area."""
        areas = dict(Area.objects.open().order_by("-since").values_list("township", "pk"))
        AreaLink.objects.bulk_create(
            AreaLink(village_id=village, area_id=areas[township], since=self.on)
            for village, township in staying
        )

    def _update(self) -> None:
        for match in self.plan.those("updated"):
            Village.objects.filter(pk=self._id(match)).update(**_stated(match.line))
        Village.objects.filter(sensitive_area=True, lat__isnull=False).update(lat=None, lon=None)

    def point_to_successors(self) -> None:
        """Let each merged village point to the village it went into."""
        for village, code in self.plan.merged.items():
            successor = VillageCode.objects.open().get(code=code).village_id
            Village.objects.filter(pk=village).update(successor=successor)


def _stated(line: Line) -> dict[str, Any]:
    """Return the attributes that the file states."""
    return dict(line.attributes)
