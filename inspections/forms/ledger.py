"""The query bar of the ledger: what may be chosen, chips of what is chosen, and the bulk form below the list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from html import escape
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from inspections import ledger
from inspections.forms.fields import PickField
from inspections.models import Finding
from schemes.models import Item
from villages.models import Division, Village

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """What a user may choose from: places of the user's scope, and the items by aspect."""

    units: Pairs
    townships: list[tuple[str, str, str]]  # with the unit's id
    items: list[tuple[str, str, str]]  # with the aspect's code
    aspects: Pairs

    def townships_of(self, unit: UUID | None) -> Pairs:
        """Return the townships of the chosen unit, or of the only one there is."""
        wanted = str(unit) if unit else ""
        rows = [(key, name) for key, name, parent in self.townships if not wanted or parent == wanted]
        return rows if wanted or len(self.units) <= 1 else []


def choices(user: User, on: date, minute: int) -> Choices:
    """Return the choices of a user; read again every minute, since names of places hardly ever change."""
    return _choices(user, get_language() or "", on, minute)


@lru_cache(maxsize=256)
def _choices(user: User, language: str, on: date, _minute: int) -> Choices:
    english = language == "en"
    seen = Division.objects.visible_to(user, on).order_by("position", "name")
    rows = seen.values_list("pk", "level", "name", "name_en", "county_id")
    named = [
        (str(pk), level, (english and en) or name, str(unit or "")) for pk, level, name, en, unit in rows
    ]
    items = list(Item.objects.current().select_related("aspect"))
    return Choices(
        units=[(pk, name) for pk, level, name, _parent in named if level == Division.Level.COUNTY],
        townships=[
            (pk, name, parent) for pk, level, name, parent in named if level == Division.Level.TOWNSHIP
        ],
        items=[(item.code, f"{item.code} {item.name}", item.aspect.code) for item in items],
        aspects=list({item.aspect.code: (item.aspect.code, item.aspect.name) for item in items}.values()),
    )


def villages_of(township: UUID | None, on: date) -> Pairs:
    """Return the villages of the chosen township."""
    if township is None:
        return []
    english = get_language() == "en"
    rows = Village.objects.with_places(on).filter(township_id=township).order_by("code", "name")
    return [(str(pk), (english and en) or name) for pk, name, en in rows.values_list("pk", "name", "name_en")]


@dataclass(frozen=True)
class Select:
    """One select of the query bar; `options` are written already."""

    name: str
    label: str
    options: SafeString


def selects(query: ledger.Query, found: Choices, villages: Pairs) -> tuple[list[Select], list[Select]]:
    """Return the selects of the bar, and those behind "more"."""
    items = [(code, name) for code, name, aspect in found.items if not query.aspect or aspect == query.aspect]
    bar: list[tuple[str, Any, Iterable[tuple[str, Any]]]] = [
        ("unit", _("Unit"), found.units if len(found.units) > 1 else []),
        ("township", _("Township"), found.townships_of(query.unit)),
        ("village", _("Village"), villages),
        ("item", _("Item"), items),
    ]
    more: list[tuple[str, Any, Iterable[tuple[str, Any]]]] = [
        ("aspect", _("Aspect"), found.aspects),
        ("kind", _("Kind"), Finding.Kind.choices),
        ("source", _("Source"), Finding.Source.choices),
        ("ending", _("Ending"), Finding.Ending.choices),
        ("severity", _("Severity"), Finding.Severity.choices),
        ("timing", _("On time"), ledger.TIMINGS.items()),
        ("issuer", _("Issuing office"), ledger.ISSUERS.items()),
    ]
    chosen = query.asked()
    return _selects(bar, chosen), _selects(more, chosen)


def _selects(
    rows: Iterable[tuple[str, Any, Iterable[tuple[str, Any]]]], chosen: Mapping[str, str]
) -> list[Select]:
    found = [(name, str(label), list(pairs)) for name, label, pairs in rows]
    return [
        Select(name, label, options(label, pairs, chosen.get(name, "")))
        for name, label, pairs in found
        if len(pairs) > 1 or name in chosen
    ]


def options(label: str, pairs: Iterable[tuple[str, Any]], chosen: str) -> SafeString:
    """Write options; the empty one says what the select is for."""
    parts = [f'<option value="">{escape(label)}</option>']
    for value, name in pairs:
        mark = " selected" if value == chosen else ""
        parts.append(f'<option value="{escape(value)}"{mark}>{escape(str(name))}</option>')
    return SafeString("".join(parts))


def address(query: ledger.Query, **changes: str) -> str:
    """Return the query string of a query with some parameters changed; "" takes one away."""
    asked = {**query.asked(), **changes}
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def chips(
    query: ledger.Query, found: Choices, villages: Pairs, *, scoped: bool = False
) -> list[dict[str, str]]:
    """Return a chip for each condition, with the address that drops it.

    Where the reader has chosen a place in the top bar, dropping a place says that all are meant.
    """
    words, every = _words(found, villages), {"places": "all"} if scoped else {}
    return [
        {
            "label": str(_LABELS[name]),
            "value": "" if name == "recurrence" else str(words.get(name, {}).get(value, value)),
            "url": address(query, **_dropped(name), **(every if name in ledger.PLACES else {})),
        }
        for name, value in query.filters().items()
    ]


_LABELS: dict[str, Promise] = {
    "unit": gettext_lazy("Unit"),
    "township": gettext_lazy("Township"),
    "village": gettext_lazy("Village"),
    "aspect": gettext_lazy("Aspect"),
    "item": gettext_lazy("Item"),
    "kind": gettext_lazy("Kind"),
    "source": gettext_lazy("Source"),
    "ending": gettext_lazy("Ending"),
    "severity": gettext_lazy("Severity"),
    "timing": gettext_lazy("On time"),
    "issuer": gettext_lazy("Issuing office"),
    "sample": gettext_lazy("Sample"),
    "recurrence": gettext_lazy("Recurrence"),
    "since": gettext_lazy("Issued from"),
    "until": gettext_lazy("Issued to"),
    "q": gettext_lazy("Text"),
}


def _dropped(name: str) -> dict[str, str]:
    """Return what goes together with a condition: without its unit a township's select is gone."""
    along = {"unit": ("township", "village"), "township": ("village",), "aspect": ("item",)}
    return dict.fromkeys((name, *along.get(name, ())), "")


def _words(found: Choices, villages: Pairs) -> dict[str, Mapping[str, Any]]:
    return {
        "unit": dict(found.units),
        "township": {key: name for key, name, _parent in found.townships},
        "village": dict(villages),
        "aspect": dict(found.aspects),
        "item": {code: name for code, name, _aspect in found.items},
        "kind": dict(Finding.Kind.choices),
        "source": dict(Finding.Source.choices),
        "ending": dict(Finding.Ending.choices),
        "severity": dict(Finding.Severity.choices),
        "timing": ledger.TIMINGS,
        "issuer": ledger.ISSUERS,
    }


class BulkForm(forms.Form):
    """The rows that were ticked, and what to do with them."""

    DO = [
        ("urge", gettext_lazy("Urge")),
        ("issue", gettext_lazy("Issue")),
        ("export", gettext_lazy("Export")),
    ]

    pick = PickField(
        label=gettext_lazy("findings"), error_messages={"required": gettext_lazy("Nothing was picked.")}
    )
    do = forms.ChoiceField(choices=DO)
    remark = forms.CharField(max_length=500, required=False)
