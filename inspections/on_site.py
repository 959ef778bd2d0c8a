"""The on-site check that replaces after-photos: who looked, on what day, what was seen. Kept with the decision."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class OnSiteCheck:
    """Who looked at the place, the day (as in the decision's JSON, `2026-11-20`) and the result in a few words."""

    by: str
    on: str
    result: str

    @classmethod
    def of(cls, by: str, on: date | None, result: str) -> "OnSiteCheck | None":
        """Return the check that three fields of a form describe, or None where one is empty."""
        if not (by.strip() and on and result.strip()):
            return None
        return cls(by.strip(), on.isoformat(), result.strip())

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "OnSiteCheck | None":
        """Read the check that an event's data keep."""
        kept = data.get("on_site")
        return cls(kept["by"], kept["on"], kept["result"]) if kept else None

    @property
    def day(self) -> date:
        """Return the day as a date."""
        return date.fromisoformat(self.on)

    def as_json(self) -> dict[str, str]:
        """Return what an event's data keep."""
        return asdict(self)

    def words(self) -> str:
        """Say it in one line."""
        return _("Checked on site on %(on)s by %(by)s: %(result)s") % asdict(self)
