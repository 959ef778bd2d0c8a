"""Rows that hold from a day to a day."""

from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q, Subquery
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data

# The first registry of a city holds for every earlier day that somebody may ask about.
BEGINNING = date(2000, 1, 1)


def holds_on(day: date, prefix: str = "") -> Q:
    """Return the condition that a dated row (reached through `prefix`) holds on the day."""
    started = Q(**{f"{prefix}since__lte": day})
    return started & (Q(**{f"{prefix}until__isnull": True}) | Q(**{f"{prefix}until__gt": day}))


def id_of(rows: models.QuerySet[Any, Any]) -> Subquery:
    """Return the id that a subquery selects, as a UUID: SQLite gives a foreign key's bare text otherwise."""
    return Subquery(rows, output_field=models.UUIDField())


class DatedQuerySet(models.QuerySet[Any]):
    """Questions about days, shared by everything that is dated."""

    def on(self, day: date) -> Self:
        """Keep the rows that hold on the day."""
        return self.filter(holds_on(day))

    def open(self) -> Self:
        """Keep the rows without an end."""
        return self.filter(until__isnull=True)

    @alters_data
    def end(self, day: date) -> int:
        """Let the open rows end on the day; rows that would begin on it or later never held and go."""
        self.open().filter(since__gte=day).delete()
        return self.open().update(until=day)


class Dated(models.Model):
    """A row that holds from `since` up to, but not on, `until`."""

    since = models.DateField(_("from"))
    until = models.DateField(_("until (first day it no longer holds)"), null=True, blank=True)

    # Any: subclasses put query sets of their own here.
    objects: ClassVar[Any] = DatedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            # A row that holds on no day is an error of whoever wrote it.
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
                name="%(app_label)s_%(class)s_dates",
            )
        ]

    def holds_on(self, day: date) -> bool:
        """Say whether this row holds on the day."""
        return self.since <= day and (self.until is None or self.until > day)
