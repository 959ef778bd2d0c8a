"""The lists around on-site meetings: the list's filters, and which findings may be chosen to be shown."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from inspections.models import Finding, FindingQuerySet, Meeting
from inspections.models.meetings import MeetingQuerySet
from inspections.slides import Photos, photos_of_findings

MOST_OFFERED = 200


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed by; nonsense in the address narrows nothing."""

    unit: uuid.UUID | None = None
    street: uuid.UUID | None = None
    year: int | None = None

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Asked":
        """Read the address."""
        year = params.get("year", "")
        return cls(
            _key(params.get("unit", "")),
            _key(params.get("street", "")),
            int(year) if _is_year(year) else None,
        )

    def narrow(self, rows: MeetingQuerySet) -> MeetingQuerySet:
        """Keep what was asked for."""
        wanted = {"county": self.unit, "township": self.street, "on__year": self.year}
        return rows.filter(**{name: value for name, value in wanted.items() if value})

    def values(self) -> dict[str, str]:
        """Return the parameters as the address writes them."""
        pairs = {"unit": self.unit, "street": self.street, "year": self.year}
        return {name: str(value) for name, value in pairs.items() if value}


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdigit() and int(text) > 0


def filters(seen: MeetingQuerySet, asked: Asked) -> dict[str, Any]:
    """Return the selects of the query bar and a chip for each condition; one query."""
    english = get_language() == "en"
    columns = [f"{place}__{name}" for place in ("county", "township") for name in ("pk", "name", "name_en")]
    units, streets, years = {}, {}, set()
    for unit, unit_zh, unit_en, street, zh, en, on in seen.order_by("on").values_list(*columns, "on"):
        units[str(unit)] = (english and unit_en) or unit_zh
        if asked.unit in (None, unit):
            streets[str(street)] = (english and en) or zh
        years.add(str(on.year))
    choices = {"unit": units, "street": streets, "year": {year: year for year in sorted(years, reverse=True)}}
    labels = {"unit": _("Unit"), "street": _("Street"), "year": _("Year")}
    chosen = asked.values()
    return {
        "selects": [
            {
                "name": name,
                "label": labels[name],
                "options": list(options.items()),
                "value": chosen.get(name, ""),
            }
            for name, options in choices.items()
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


# --- findings to choose from ----------------------------------------------------------------------------------
def offered(meeting: Meeting, user: User, on: date) -> FindingQuerySet:
    """Return the street's findings that the user may read."""
    seen = Finding.objects.visible_to(user, on).filter(township=meeting.township_id)
    return seen.exclude(state=Finding.State.REJECTED)


def choices(meeting: Meeting, user: User, on: date, ticked: Sequence[Any]) -> dict[str, Any]:
    """Return the page's groups: found on the spot, in hand, put right; the newest first in each."""
    rows = list(offered(meeting, user, on).for_list().order_by("-reported_at", "pk")[:MOST_OFFERED])
    found: dict[str, list[Finding]] = {"spot": [], "open": [], "closed": []}
    visited = set(meeting.villages.values_list("village_id", flat=True))
    for row in rows:
        spot = row.village_id in visited and meeting.found_that_day(row)
        found["spot" if spot else "closed" if row.state == Finding.State.CLOSED else "open"].append(row)
    labels = {"spot": _("Found on the spot"), "open": _("Not put right yet"), "closed": _("Closed")}
    photos: Photos = photos_of_findings(row.pk for row in rows)
    return {
        "groups": [{"label": labels[key], "rows": group} for key, group in found.items() if group],
        "photos_of": photos,
        "ticked": {str(key) for key in ticked},
    }


def picked(meeting: Meeting, user: User, on: date, ids: Sequence[uuid.UUID]) -> list[Finding]:
    """Return the chosen findings in the order they are shown: by village, as they were found."""
    places = dict(meeting.villages.values_list("village_id", "position"))
    rows = offered(meeting, user, on).filter(pk__in=ids)
    return sorted(
        rows, key=lambda row: (places.get(row.village_id, len(places) + 1), row.reported_at, str(row.pk))
    )
