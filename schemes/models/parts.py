"""What the rows of a scheme share: two languages, the refusal of changes once frozen, points as whole numbers.

Points and deductions are whole numbers of 1/10,000 point (`UNITS`), weights whole per cent; there is no
binary float anywhere in a score.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

UNITS = 10_000
# The parts of a written standard; each is a pair of columns, `<part>_zh` and `<part>_en`.
PARTS = ("standard", "good", "bad", "photograph", "not_counted")

REFUSALS: dict[str, Promise] = {
    "frozen": _("This version is frozen: copy it as a new version and change that."),
    "changed": _("Somebody else has changed this since you opened it. Look again; what you typed is kept."),
    "errors": _("Something does not add up yet. The list on the scheme's page names it."),
    "in_use": _("Findings and visits are filed under this version: nothing of it can be taken away."),
    "aspect_not_empty": _("The aspect still has items. Move them to another aspect or take them away first."),
    "not_signer": _("A head of the city office decides this."),
    "one_source": _("A scheme has at least one source."),
}


class SchemeRefused(Exception):
    """A change of a scheme that is not possible; `code` is a key of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return str(REFUSALS[self.code])


class SchemeFrozen(SchemeRefused):
    """The scheme has been frozen and takes no more changes."""

    def __init__(self) -> None:
        super().__init__("frozen")


def language() -> str:
    """Return the suffix of the columns in the active language."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def decimal_text(units: int) -> str:
    """Write 1/10,000 points as people do: 40000 → 4, 2500 → 0.25."""
    text = f"{Decimal(units) / UNITS:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class InTwoLanguages(models.Model):
    """Give `x` for the pair of columns `x_zh` and `x_en`, in the reader's language."""

    class Meta:
        abstract = True

    def pick(self, field: str) -> str:
        """Return the column of `field` in the active language."""
        value: str = getattr(self, f"{field}_{language()}")
        return value

    @property
    def name(self) -> str:
        """Return the name in the active language."""
        return self.pick("name")


class FrozenWithScheme(models.Model):
    """A row of a scheme that the database refuses to change once the scheme is frozen."""

    # repeats `scheme.frozen_at is not null`: a trigger's condition may look at its own row only
    frozen = models.BooleanField(default=False, editable=False)
    append_only_when = "OLD.frozen"

    class Meta:
        abstract = True


class Edited(models.Model):
    """A row that several people edit: each change names the revision it was made on."""

    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        objects: Any

    def swap(self, revision: int, **columns: Any) -> None:
        """Store the columns if nobody was faster; call under the scheme's lock. Raises SchemeRefused."""
        mine = type(self)._default_manager.filter(pk=self.pk, revision=revision)
        if not mine.update(revision=revision + 1, **columns):
            raise SchemeRefused("changed")
        self.refresh_from_db()

    swap.alters_data = True  # type: ignore[attr-defined]
