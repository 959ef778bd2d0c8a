"""What happens in the demo: about a thousand findings, planned as data before anything is stored."""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from dalian_rural.demo.places import Places
from dalian_rural.demo.touring import Tour
from schemes.models import Item
from villages.models import Division, Village

TOTAL = 1000
SPOTS = (
    "村口", "村委会东侧", "主街", "文化广场", "河沟边", "公厕旁", "二组路口", "五组后街", "大棚区", "田间路口",
    "垃圾收集点", "水库坝下", "小卖部门前", "养殖小区外", "村道北段", "桥头",
)  # fmt: skip
# (fate, weight, youngest and oldest age in days)
FATES = (
    ("reported", 25, 0, 1), ("rejected", 8, 3, 90), ("open", 110, 0, 4), ("overdue", 30, 6, 12),
    ("extension_asked", 10, 2, 4), ("extended", 16, 6, 9), ("claimed", 10, 1, 4), ("submitted", 55, 1, 5),
    ("checked", 35, 2, 6), ("returned", 24, 4, 8), ("closed", 520, 6, 170), ("closed_late", 70, 12, 170),
    ("closed_twice", 30, 14, 170), ("withdrawn", 14, 5, 150), ("not_ours", 12, 6, 150), ("cannot", 10, 8, 150),
    ("reopened", 6, 9, 40), ("planned", 20, 2, 30), ("plan_asked", 8, 1, 4),
)  # fmt: skip
# (source, weight)
SOURCES = (
    ("city_visit", 45), ("third_party", 25), ("county_patrol", 14), ("hotline", 6), ("provincial", 4), ("media", 2),
    ("instruction", 2), ("look_back", 2),
)  # fmt: skip
# what was closed is looked at again after so many days
BACK_AFTER = 12
# of what visits find, so much is found on the tours of a round where the fate leaves time; the rest came singly
ON_TOUR, OF = 2, 3
Tours = Mapping[tuple[str, UUID], Tour]
SEVERITIES = (("minor", 70), ("major", 25), ("grave", 5))


@dataclass
class Case:
    """One finding to come: who, what, where, how long ago (days before loading) and how it goes."""

    number: int
    village: Village
    township: Division
    county: Division
    item: Item
    source: str
    fate: str
    kind: str
    severity: str
    place: str
    words: str
    age: float
    outside: str = ""
    # the case that a look-back finds again
    came_back: "Case | None" = field(default=None, repr=False)
    # the visit on which it is found
    tour: Tour | None = field(default=None, repr=False)
    dice: random.Random = field(default_factory=random.Random, repr=False)

    @property
    def id(self) -> uuid.UUID:
        """Return the finding's id: the same in every loading, so that a second one adds nothing."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:finding:{self.number}")

    def photo_id(self, side: str) -> uuid.UUID:
        """Return the id of the photo of one side."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"demo:photo:{self.number}:{side}")


def plan(
    places: Places, items: Sequence[Item], tours: Tours | None = None, on: date | None = None
) -> list[Case]:
    """Return all cases, the first unit's first, each unit's in the order of issue.

    `tours` are the visits of the closed rounds by source and village, `on` the day of loading that they count from.
    """
    dice = random.Random(20231106)  # noqa: S311 - a demonstration, not a secret
    spots = [(v, t) for t in places.townships for v in places.villages_of[t.pk]]
    wanted = [t for t in places.townships if t.name in {"华家街道", "向应街道"}]
    near = [(v, t) for t in wanted for v in places.villages_of[t.pk]]
    chosen = [dice.choice(near) for _ in range(60)] + [dice.choice(spots) for _ in range(TOTAL - 60)]
    cases = [_case(n, dice, spot, places, items) for n, spot in enumerate(chosen)]
    if tours and on:
        _find_on_tours(cases, tours, on)
    _come_back(cases)
    first = wanted[0] if wanted else places.townships[0]
    rank = {county.pk: county.position for county in places.counties}
    rank[places.county_of[first.pk].pk] = -1
    return sorted(cases, key=lambda c: (rank[c.county.pk], -c.age, str(c.tour.id) if c.tour else ""))


def _find_on_tours(cases: Sequence[Case], tours: Tours, on: date) -> None:
    """Let the visits of the rounds find what their villages have in store, where the fate leaves the time for it."""
    span = {fate: (youngest, oldest) for fate, _weight, youngest, oldest in FATES}
    for case in cases:
        tour = tours.get((case.source, case.village.pk))
        if tour is None or case.number % OF >= ON_TOUR:
            continue
        age = (on - tour.planned.day) / timedelta(days=1) + 1 - tour.began.hour / 24
        youngest, oldest = span[case.fate]
        if youngest <= age <= oldest + 1:
            case.age, case.tour = age, tour


def _case(
    n: int, dice: random.Random, spot: tuple[Village, Division], places: Places, items: Sequence[Item]
) -> Case:
    village, township = spot
    item, source = dice.choice(items), _draw(dice, SOURCES)
    fate, _weight, youngest, oldest = dice.choices(FATES, [f[1] for f in FATES])[0]
    if fate in {"reported", "rejected"}:
        source = "third_party"  # the city's own team issues at once
    outside = (
        f"{source[:2].upper()}-{dice.randrange(10000, 99999)}" if source in {"hotline", "provincial"} else ""
    )
    words = dice.choice(item.bad_zh.splitlines())
    return Case(
        number=n, village=village, township=township, county=places.county_of[township.pk], item=item, source=source,
        fate=fate, kind=_kind(dice, fate), severity=_draw(dice, SEVERITIES), place=dice.choice(SPOTS),
        words=words, age=youngest + dice.random() * (oldest - youngest + 0.9), outside=outside,
        dice=random.Random(n),  # noqa: S311
    )  # fmt: skip


def _come_back(cases: Sequence[Case]) -> None:
    """Let each look-back find again what was closed before in the same village: at the same place, the same item."""
    closed = [case for case in cases if case.fate == "closed" and case.source != "look_back"]
    for case in cases:
        before = [old for old in closed if old.age > case.age + BACK_AFTER]
        if case.source != "look_back" or not before:
            continue
        old = before[case.number % len(before)]
        closed.remove(old)
        case.came_back, case.village, case.township, case.county = old, old.village, old.township, old.county
        case.item, case.place, case.words = old.item, old.place, old.words


def _kind(dice: random.Random, fate: str) -> str:
    if fate in {"planned", "plan_asked"}:
        return dice.choice(("by_date", "continuing")) if fate == "planned" else "by_date"
    return "at_once"


def _draw(dice: random.Random, table: tuple[tuple[str, int], ...]) -> str:
    return dice.choices([name for name, _w in table], [weight for _n, weight in table])[0]
