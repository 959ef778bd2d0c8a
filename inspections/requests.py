"""What the inspected side asked for and an issuing office has to decide: plans, extensions and claims in one list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inspections.models import Claim, Extension, RectificationPlan

Key = tuple[str, UUID]


@dataclass(frozen=True)
class Kind:
    """One kind of request: its word, the plural above a count, its sign and its rows."""

    label: Promise
    waiting: Promise
    icon: str
    model: Any


KINDS = {
    "plan": Kind(_("Plan"), _("Plans to decide"), "calendar2-check", RectificationPlan),
    "extension": Kind(_("Extension"), _("Extensions to decide"), "alarm", Extension),
    "claim": Kind(_("Claim"), _("Claims to decide"), "question-circle", Claim),
}


@dataclass(frozen=True)
class Entry:
    """A request as its line shows it, with the page where it is decided."""

    kind: Promise
    row: Any
    url: str


def waiting(kind: str, offices: Iterable[UUID | None]) -> Any:
    """Return the requests of a kind that wait for one of the offices."""
    return KINDS[kind].model.objects.to_decide(offices)


def keys(offices: Sequence[UUID | None], *, kind: str = "", place: UUID | None = None) -> Any:
    """Return kind and id of what waits, the longest first, in one statement that counts and pages."""
    columns = ("asked_at", "pk", "kind")
    rows = [
        _at(waiting(name, offices), place).annotate(kind=Value(name)).order_by().values_list(*columns)
        for name in KINDS
        if kind in {"", name}
    ]
    return rows[0].union(*rows[1:], all=True).order_by("asked_at", "pk")


def _at(rows: Any, place: UUID | None) -> Any:
    return rows.in_place(place) if place else rows


def entries(found: Iterable[tuple[Any, UUID, str]]) -> list[Entry]:
    """Return the lines of these keys in their order: one query for each kind among them."""
    order = [(kind, pk) for _asked_at, pk, kind in found]
    rows = dict(chain.from_iterable(_rows(kind, order) for kind in KINDS))
    return [rows[key] for key in order if key in rows]


def _rows(kind: str, order: Iterable[Key]) -> list[tuple[Key, Entry]]:
    wanted = [pk for name, pk in order if name == kind]
    if not wanted:
        return []
    joined = KINDS[kind].model.objects.select_related(
        "finding__village", "finding__township", "finding__county", "finding__item", "asked_by"
    )
    return [
        (
            (kind, row.pk),
            Entry(KINDS[kind].label, row, reverse("finding_step", args=[row.finding_id, f"decide_{kind}"])),
        )
        for row in joined.filter(pk__in=wanted)
    ]
