"""The demo's rounds as the approved plan has them: planned, drawn, opened and amended by the product's own verbs.

Seeds are the product's own random bytes, so that each loading draws another order of villages; all else repeats.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dalian_rural.demo import crew
from dalian_rural.demo.places import Places
from inspections.models import Draw, PlanAmender, PlannedVisit, Round, RoundState, Team, TeamPlan
from inspections.models.drawing import History
from villages.models import Division

ISLANDS = "CH"


@dataclass(frozen=True)
class Spec:
    """One round of the demo: its first and last day are counted from the day of loading."""

    code: str
    title: str
    kind: str
    basis: str
    plan_number: str
    first: int
    last: int
    teams: int
    size: int
    names: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> uuid.UUID:
        """Return the round's id: the same in every loading."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:round:{self.code}")

    @property
    def round(self) -> Round | None:
        """Return the round, if it is there."""
        return Round.objects.filter(pk=self.id).select_related("office", "scheme", "draw").first()


CITY = Spec(
    "city", "2026年第一轮暗访", "city", "大农居办发〔2026〕8号（示例）", "2026-011", -168, -118, crew.TEAMS,
    crew.IN_A_TEAM, "市暗访{n}组",
)  # fmt: skip
AGENCY = Spec(
    "agency", "2026年第二轮暗访（第三方）", "third_party", "大农居办发〔2026〕21号（示例）", "2026-026", -105, -55,
    crew.TEAMS, crew.IN_A_TEAM, "第三方{n}组",
)  # fmt: skip
RUNNING = Spec(
    "running", "2026年第三轮暗访", "city", "大农居办发〔2026〕37号（示例）", "2026-044", -9, 21, 4, crew.IN_A_TEAM,
    "市暗访{n}组", {"coverage": "sample", "per_township": 2},
)  # fmt: skip
PATROL = Spec(
    "patrol", "金普新区秋季督查", "county_patrol", "金普农居办〔2026〕15号（示例）", "2026-JP-03", -40, -30,
    crew.PATROLS, crew.IN_A_PATROL, "督查{n}组", {"coverage": "sample", "per_township": 1},
)  # fmt: skip
CLOSED = (CITY, AGENCY)
NUMERALS = "一二三四五六七八九"


def clock(day: date, hour: float = 9) -> datetime:
    """Return a moment of a day in Dalian."""
    return timezone.make_aware(datetime.combine(day, time(0))) + timedelta(hours=hour)


# --- planning -------------------------------------------------------------------------------------------------
@transaction.atomic
def prepare(spec: Spec, on: date, *, office: Division, by: User, people: list[User]) -> Round:
    """Plan, draw and open one round, in the days before its first."""
    begins = on + timedelta(days=spec.first)
    planned, fell = clock(begins - timedelta(days=8)), begins - timedelta(days=3)
    row = Round.objects.plan(
        id=spec.id, by=by, at=planned, office=office, kind=spec.kind, title=spec.title, basis_document=spec.basis,
        plan_number=spec.plan_number, begins_on=begins, ends_on=on + timedelta(days=spec.last), **spec.more,
    )  # fmt: skip
    groups = [people[n * spec.size : (n + 1) * spec.size] for n in range(spec.teams)]
    row.set_teams(
        by=by, at=planned, teams=[TeamPlan(spec.names.format(n=NUMERALS[n]), g) for n, g in enumerate(groups)]
    )
    drawn = Draw.objects.freeze(
        round=row, by=by, at=clock(begins - timedelta(days=5)), history=History.before(row),
        public_number_name=f"{fell} 双色球开奖号码（示例，非真实号码）", public_number_falls_on=fell,
    )  # fmt: skip
    drawn.mix(by=by, at=clock(fell, 22), public_number="02 09 13 21 26 30 + 07")
    row.refresh_from_db()
    row.open(by=by, at=clock(begins - timedelta(days=2), 10))
    return row


def prepare_closed(places: Places, on: date, hso: User) -> None:
    """Draw the two rounds that are over, with what was changed in them since."""
    people = crew.read()
    for spec, team in ((CITY, people.city), (AGENCY, people.agency)):
        row = prepare(spec, on, office=places.city, by=hso, people=team)
        Amending(row, hso).play()


class Amending:
    """What did not go as drawn: visits moved, swapped, missed for a reason and planned again."""

    def __init__(self, row: Round, by: User) -> None:
        self.round, self.by = row, by
        rows = row.planned.standing().in_order().for_list()
        self.rows: list[PlannedVisit] = list(rows)
        self.load = Counter((visit.team_id, visit.day) for visit in self.rows)
        self.teams: list[Team] = list(row.teams.standing().order_by("name"))
        self.days = sorted({visit.day for visit in self.rows})
        self.touched: set[object] = set()

    def play(self) -> None:
        """Amend twice before the first day, then miss and plan again in the order of the days."""
        opened = clock(self.round.begins_on - timedelta(days=1))
        early = self._rows_between(3, 10)
        for planned in early[:2]:
            team, day = self._room(planned.day + timedelta(days=3))
            self._amender(opened, "当日该村承办全市现场观摩，改期").move(planned, team=team, day=day)
            self._touch(planned, team, day)
        one = early[2]
        other = next(row for row in early[3:] if row.team_id != one.team_id and row.day != one.day)
        self._amender(opened, "两组车辆调配，互换").swap(one, other)
        self.touched |= {one.pk, other.pk}
        for planned, reason, remark in sorted(self._misses(), key=lambda miss: miss[0].day):
            self._again(planned, reason, remark)

    def _rows_between(self, first: int, last: int) -> list[PlannedVisit]:
        """Return the rows of some of the round's days that nothing has happened to."""
        days = set(self.days[first:last])
        return [row for row in self.rows if row.day in days and row.pk not in self.touched]

    def _misses(self) -> Iterator[tuple[PlannedVisit, str, str]]:
        early = self._rows_between(
            0, -1
        )  # a unit's days may be any: the islands' are looked for in all but the last
        for row in [row for row in early if row.county.number_prefix == ISLANDS][:3]:
            yield row, "no_ferry", "海上大风，客船停航"
        rows = self._rows_between(4, 16)
        inland = [row for row in rows if row.county.number_prefix != ISLANDS]
        for row in inland[5::29][:2]:
            yield row, "weather", "暴雨橙色预警，暂停外业"
        yield inland[-1], "road_closed", "村道施工，车辆无法通行"

    def _again(self, planned: PlannedVisit, reason: str, remark: str) -> None:
        inspector = planned.team.members.order_by("pk")[0]
        planned.miss(by=inspector, at=clock(planned.day, 15), reason=reason, remark=remark)
        team, day = self._room(planned.day + timedelta(days=4))
        at = clock(planned.day + timedelta(days=1), 10)
        self._amender(at, f"补查：{remark}").replan(planned, team=team, day=day)
        self._touch(planned, team, day)

    def _amender(self, at: datetime, reason: str) -> PlanAmender:
        return PlanAmender(self.round, by=self.by, at=at, reason=reason)

    def _touch(self, planned: PlannedVisit, team: Team, day: date) -> None:
        self.touched.add(planned.pk)
        self.load[team.pk, day] += 1

    def _room(self, after: date) -> tuple[Team, date]:
        """Return the emptiest team on the first day that has room for one visit more."""
        later = [day for day in self.days if day >= after] or self.days[-1:]
        for day in later:
            team = min(self.teams, key=lambda team: self.load[team.pk, day])
            if self.load[team.pk, day] < self.round.per_day:
                return team, day
        raise LookupError(after)


# --- what the rounds order -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tour:
    """One visit to come: the planned row, who makes it and when."""

    planned: PlannedVisit
    inspector: User
    began: datetime
    submitted: datetime

    @property
    def id(self) -> uuid.UUID:
        """Return the visit's id: the same however often the loading is taken up again."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:visit:{self.planned.pk}")


def tours(row: Round) -> list[Tour]:
    """Return what stands in the plan of a round and was not missed, in the order of driving."""
    planned = row.planned.current().filter(missed_reason="").in_order().for_list()
    people = {
        str(m.user_id): m.user for t in row.teams.all() for m in t.memberships.select_related("user__person")
    }
    seen: Counter[tuple[object, date]] = Counter()
    found = []
    for visit in planned:
        place = seen[visit.team_id, visit.day]
        seen[visit.team_id, visit.day] += 1
        pair = sorted((people[key] for key in visit.pair), key=lambda user: (not user.demo, user.username))
        inspector = pair[0] if pair[0].demo else pair[place % len(pair)]
        began = clock(visit.day, 8.7 + 1.6 * place)
        found.append(Tour(visit, inspector, began, began + timedelta(minutes=70 + place)))
    return found


def day_of_loading() -> date | None:
    """Return the day that all dates count from, as the first round keeps it."""
    row = CITY.round
    return row.begins_on - timedelta(days=CITY.first) if row else None


def is_over(spec: Spec) -> bool:
    """Tell whether the round is closed."""
    row = spec.round
    return row is not None and row.state == RoundState.CLOSED
