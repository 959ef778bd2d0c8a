"""The sheet of a visit as a client sends it: read, written down again, and checked against what it must hold."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inspections.points import EVERYWHERE, Point, PointStatus
from inspections.reporting import digest
from inspections.steps import StepRefused
from schemes.scoring import Measure, NotMeasured, score

if TYPE_CHECKING:
    from schemes.models import Item

SCORED, NOT_LOOKED_AT = "scored", "not_looked_at"


class SheetRefused(StepRefused):
    """A sheet that lacks something; `errors` say what, by part: `point-entrance`, `item-A1-01`, `present`."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__(_("The sheet is not complete yet."), "invalid")
        self.errors = {name: str(message) for name, message in errors.items()}


@dataclass(frozen=True)
class PointRow:
    """What was seen at one observation point; photos are declared as {"id", "sha256"}."""

    code: str
    status: str
    remark: str = ""
    photos: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class ItemRow:
    """What was seen of one item, by its code."""

    item: str
    status: str
    sampled: int | None = None
    met: int | None = None
    answer: bool | None = None
    remark: str = ""

    @property
    def measure(self) -> Measure:
        """Return what was measured, as the rule takes it."""
        return Measure(self.sampled, self.met, self.answer)


@dataclass(frozen=True)
class Sheet:
    """A whole sheet. Findings and people are ids as text."""

    points: tuple[PointRow, ...] = ()
    items: tuple[ItemRow, ...] = ()
    findings: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    notes: str = ""
    declared: dict[str, tuple[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {p["id"]: (row.code, p.get("sha256", "")) for row in self.points for p in row.photos}
        object.__setattr__(self, "declared", named)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Sheet":
        """Build a sheet from a body of plain values; the order of its parts says nothing."""
        points = [PointRow(**{**row, "photos": tuple(row.get("photos") or ())}) for row in body["points"]]
        items = [ItemRow(**row) for row in body["items"]]
        return cls(
            tuple(sorted(points, key=lambda row: row.code)),
            tuple(sorted(items, key=lambda row: row.item)),
            tuple(sorted({str(key) for key in body.get("findings") or ()})),
            tuple(sorted({str(key) for key in body.get("present") or ()})),
            (body.get("notes") or "").replace("\r\n", "\n").strip(),
        )

    def body(self) -> dict[str, Any]:
        """Return the sheet as a version keeps it."""
        kept = asdict(self)
        del kept["declared"]
        return kept

    def digest(self) -> str:
        """Return the SHA-256 by which a repeat is told from a different sheet."""
        return digest(self.body())

    def check(self, items: "Sequence[Item]", found: Mapping[str, tuple[str, str]]) -> None:
        """Raise SheetRefused unless every point and every item that applies is there and says what it must.

        `items` are those to be looked at; `found` has the item's code and the point of each named finding that is here.
        """
        errors = self._point_errors(found) | self._item_errors(items, found)
        if errors:
            raise SheetRefused(errors)

    # --- points -----------------------------------------------------------------------------------------------
    def _point_errors(self, found: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        rows = {row.code: row for row in self.points}
        errors = {f"point-{code}": _("Say what you saw here.") for code in Point.values if code not in rows}
        twice = _twice(row.code for row in self.points) | _twice(
            p["id"] for r in self.points for p in r.photos
        )
        at = {point for key, (_item, point) in found.items() if key in self.findings}
        unknown = set(self.findings) - set(found)
        for row in self.points:
            if row.code in twice or any(photo["id"] in twice for photo in row.photos):
                errors[f"point-{row.code}"] = _("This is here twice.")
            elif message := _point_error(row, at, unknown):
                errors[f"point-{row.code}"] = message
        return errors

    # --- items ------------------------------------------------------------------------------------------------
    def _item_errors(self, items: "Sequence[Item]", found: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        rows = {row.item: row for row in self.items}
        errors: dict[str, Any] = {
            f"item-{code}": _("This is here twice.") for code in _twice(r.item for r in self.items)
        }
        with_findings = {code for key, (code, _point) in found.items() if key in self.findings}
        for item in items:
            row = rows.get(item.code)
            message = (
                _item_error(item, row, with_findings) if row else _("Score it, or say that you did not look.")
            )
            if message:
                errors[f"item-{item.code}"] = message
        return errors


def _twice(keys: Iterable[str]) -> set[str]:
    return {key for key, count in Counter(keys).items() if count > 1}


def _point_error(row: PointRow, at: Collection[str], unknown: Collection[str]) -> Any:
    """Return what is wrong with a point, or nothing. A named finding that has not arrived may be of any point."""
    if row.code not in Point.values or row.status not in PointStatus.values:
        return _("There is no such observation point.")
    if row.status == PointStatus.NONE:
        if row.code in EVERYWHERE:
            return _("Every village has this: say whether it is clean.")
        return _("There is a finding at this point.") if row.code in at else None
    if not row.photos:
        return _("Take at least one photo of this point.")
    if len(row.photos) > settings.PHOTOS_PER_SIDE:
        return _("At most %(max)s photos of a point.") % {"max": settings.PHOTOS_PER_SIDE}
    if row.status == PointStatus.FINDING and row.code not in at and not unknown:
        return _("Record what you found here, or say that it is clean.")
    if row.status == PointStatus.CLEAN and row.code in at:
        return _("There is a finding at this point.")
    return None


def _item_error(item: "Item", row: ItemRow, with_findings: Collection[str]) -> Any:
    if row.status == NOT_LOOKED_AT:
        return _("There is a finding of this item: score it.") if item.code in with_findings else None
    if row.status != SCORED:
        return _("Score it, or say that you did not look.")
    try:
        score(item.points, item.rule, (), row.measure)
    except NotMeasured:
        if item.rule["type"] == "proportion":
            return _("Say how many you looked at, and how many of them were in order.")
        return _("Answer yes or no.")
    return None
