"""The lists around visits: filters, what a village has open, and how two sheets of one village differ."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Organisation
from inspections.models import Finding, PlannedVisit, Recheck, Visit, VisitKind
from inspections.models.visits import VisitQuerySet

NAMES = ("unit", "township", "kind", "round", "agency")
COLUMNS = {"unit": "county", "township": "township", "round": "round", "agency": "organisation"}
LATEST = 3


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed by; nonsense in the address narrows nothing."""

    values: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Asked":
        """Read the address."""
        given = {name: params.get(name, "") for name in NAMES}
        kept = {name: text for name, text in given.items() if name != "kind" and _is_key(text)}
        if given["kind"] in VisitKind.values:
            kept["kind"] = given["kind"]
        return cls(kept)

    def narrow(self, rows: VisitQuerySet) -> VisitQuerySet:
        """Keep what was asked for."""
        wanted = {
            f"{COLUMNS[name]}_id" if name in COLUMNS else name: text for name, text in self.values.items()
        }
        return rows.filter(**wanted)


def _is_key(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def filters(seen: VisitQuerySet, asked: Asked) -> dict[str, Any]:
    """Return the selects of the query bar, with what occurs among these visits, and a chip for each condition."""
    choices = _choices(seen, asked)
    labels = {
        "unit": _("Unit"), "township": _("Township or street"), "kind": _("Kind"), "round": _("Round"),
        "agency": _("Agency"),
    }  # fmt: skip
    chosen = asked.values
    return {
        "selects": [
            {
                "name": name,
                "label": labels[name],
                "options": list(choices[name].items()),
                "value": chosen.get(name, ""),
            }
            for name in NAMES
            if len(choices[name]) > 1 or name in chosen
        ],
        "chips": [
            {
                "label": labels[name],
                "value": choices[name].get(value, value),
                "url": "?" + urlencode({other: text for other, text in chosen.items() if other != name}),
            }
            for name, value in chosen.items()
        ],
    }


def _choices(seen: VisitQuerySet, asked: Asked) -> dict[str, dict[str, str]]:
    english = get_language() == "en"
    found: dict[str, dict[str, str]] = {name: {} for name in NAMES}
    places = [f"{place}__{name}" for place in ("county", "township") for name in ("pk", "name", "name_en")]
    others = [
        "organisation__pk",
        "organisation__name",
        "organisation__name_en",
        "round__pk",
        "round__title",
        "kind",
    ]
    for row in seen.order_by().values_list(*places, *others).distinct():
        unit, unit_zh, unit_en, town, zh, en, agency, agency_zh, agency_en, tour, title, kind = row
        found["unit"][str(unit)] = (english and unit_en) or unit_zh
        if asked.values.get("unit") in (None, str(unit)):
            found["township"][str(town)] = (english and en) or zh
        found["kind"][kind] = str(VisitKind(kind).label)
        if agency:
            found["agency"][str(agency)] = (english and agency_en) or agency_zh
        if tour:
            found["round"][str(tour)] = title
    return found


# --- the day's plan -------------------------------------------------------------------------------------------
@dataclass
class Stop:
    """One stop of the day, with what the village has open and when it was last seen."""

    planned: PlannedVisit
    findings: list[Finding]
    visits: list[Visit]
    key: uuid.UUID = field(default_factory=uuid.uuid4)  # the id under which it is begun from this page


def stops(rows: Iterable[PlannedVisit]) -> list[Stop]:
    """Return the stops with their village's open findings and last visits; two more queries."""
    plan = list(rows)
    villages = [row.village_id for row in plan]
    open_, seen = defaultdict(list), defaultdict(list)
    for finding in Finding.objects.in_hand().filter(village__in=villages).for_list().order_by("due_on", "pk"):
        open_[finding.village_id].append(finding)
    for visit in Visit.objects.submitted().filter(village__in=villages).order_by("-submitted_at"):
        seen[visit.village_id].append(visit)
    return [Stop(row, open_[row.village_id], seen[row.village_id][:LATEST]) for row in plan]


# --- two sheets of one village --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Difference:
    """One point or item where two sheets differ."""

    label: str
    first: str
    second: str


def differences(first: Visit, second: Visit) -> list[Difference]:
    """Return where two submitted sheets of one scheme differ: points by what was seen, items by their score."""
    return _of_points(first, second) + _of_items(first, second)


def _of_points(first: Visit, second: Visit) -> list[Difference]:
    one, other = ({row.code: row for row in visit.points.all()} for visit in (first, second))
    return [
        Difference(row.get_code_display(), row.get_status_display(), other[code].get_status_display())
        for code, row in one.items()
        if code in other and other[code].status != row.status
    ]


def _of_items(first: Visit, second: Visit) -> list[Difference]:
    one, other = (
        {row.item.code: row for row in visit.items.select_related("item").order_by("item__position")}
        for visit in (first, second)
    )
    return [
        Difference(f"{code} {row.item.name}", row.result_text, other[code].result_text)
        for code, row in one.items()
        if code in other and (other[code].status, other[code].units) != (row.status, row.units)
    ]


@dataclass
class AgencyTotal:
    """How an agency's sheets stood up: compared ones, with differences, and how far apart the totals were."""

    organisation: Organisation
    compared: int = 0
    differing: int = 0
    parts: int = 0
    higher: int = 0  # sheets on which the agency gave more than the office


def agency_totals(picks: Iterable[Recheck]) -> list[AgencyTotal]:
    """Add up the compared sheets of each agency."""
    found: dict[Any, AgencyTotal] = {}
    for pick in picks:
        if pick.recheck is None or pick.recheck.submitted_at is None:
            continue
        agency = pick.draw.organisation
        total = found.setdefault(agency.pk, AgencyTotal(agency))
        parts = len(differences(pick.visit, pick.recheck))
        total.compared += 1
        total.differing += bool(parts)
        total.parts += parts
        total.higher += _share(pick.visit) > _share(pick.recheck)
    return list(found.values())


def _share(visit: Visit) -> int:
    return (visit.got or 0) * 1_000_000 // (visit.possible or 1)
