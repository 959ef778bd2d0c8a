"""What the demo's inspectors write down: a whole sheet for each visit, the same in every loading."""

import hashlib
import random
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from dalian_rural.demo import photos
from dalian_rural.demo.touring import Tour
from inspections.models import Round
from inspections.points import EVERYWHERE, Point
from inspections.sheets import Sheet
from schemes.models import Item

# where a spot of a finding lies on the walk; what is not named is a lane
POINTS = {
    "村口": Point.ENTRANCE, "主街": Point.MAIN_STREET, "文化广场": Point.MAIN_STREET, "河沟边": Point.WATER,
    "水库坝下": Point.WATER, "桥头": Point.WATER, "公厕旁": Point.TOILET, "垃圾收集点": Point.WASTE_POINT,
    "大棚区": Point.FIELDS, "田间路口": Point.FIELDS, "养殖小区外": Point.FIELDS, "五组后街": Point.LANE_2,
}  # fmt: skip
# the street whose sheets have their pictures; the others declare pictures that were never sent
PICTURED = "华家街道"
NOTES = ("", "", "", "村容总体整洁，保洁员在岗", "主街干净，背街小巷需加强", "村民反映垃圾清运较上月及时")
IMPROVED = {"third_party": 0.05, "city": 0.0}


def point_of(place: str) -> str:
    """Return the observation point at which a spot lies."""
    return POINTS.get(place, Point.LANE_1)


def sheet(
    tour: Tour, items: Sequence[Item], round: Round, found: Iterable[tuple[uuid.UUID, str]] = ()
) -> Sheet:
    """Return the sheet of a visit; `items` are those to be looked at, `found` its findings with their points."""
    dice = random.Random(f"{tour.planned.township.name}:{tour.planned.village.name}:{round.title}")  # noqa: S311 - a demonstration
    named = list(found)
    at = {point for _key, point in named}
    good = min(0.98, 0.62 + dice.random() * 0.34 + IMPROVED.get(round.kind, 0.02))
    return Sheet.read(
        {
            "points": [_point(tour, code, code in at, dice) for code in Point.values],
            "items": [_item(item, good, dice, looked=bool(named)) for item in items],
            "findings": [str(key) for key, _point_ in named],
            "present": [key for key in tour.planned.pair if key != str(tour.inspector.pk)],
            "notes": dice.choice(NOTES),
        }
    )


def _point(tour: Tour, code: str, found: bool, dice: random.Random) -> dict[str, Any]:
    absent = dice.random() < 0.12
    if absent and not found and code not in EVERYWHERE:
        return {"code": code, "status": "none", "photos": []}
    declared = {"id": str(photo_id(tour, code)), "sha256": photo_sha(tour, code)}
    return {"code": code, "status": "finding" if found else "clean", "photos": [declared]}


def _item(item: Item, good: float, dice: random.Random, *, looked: bool) -> dict[str, Any]:
    """Return what was seen of one item; where nothing was found at all, now and then one was not looked at."""
    row: dict[str, Any] = {"item": item.code, "status": "scored"}
    luck = dice.random()
    if item.rule["type"] == "proportion":
        met = sum(dice.random() < good for _ in range(10))
        row |= {"sampled": 10, "met": met}
    elif item.rule["type"] == "yes_no":
        row |= {"answer": luck < good + 0.08}
    elif luck > 0.99 and not looked:
        row |= {"status": "not_looked_at", "remark": "天色已晚，未查看"}
    return row


def photo_id(tour: Tour, code: str) -> uuid.UUID:
    """Return the id of the picture of a point."""
    return uuid.uuid5(tour.id, code)


def photo_sha(tour: Tour, code: str) -> str:
    """Return the hash that the sheet declares: that of the picture where there is one."""
    if tour.planned.township.name != PICTURED:
        return hashlib.sha256(photo_id(tour, code).bytes).hexdigest()
    return hashlib.sha256(picture(tour, code)).hexdigest()


def picture(tour: Tour, code: str) -> bytes:
    """Draw a point of a village."""
    return photos.draw(int(photo_id(tour, code).int % 1_000_000_000), "A1", after=True)
