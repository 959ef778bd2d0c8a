"""What the editor does to a draft: each verb locks the scheme, swaps a revision and leaves the rest as it was.

Freezing takes the same lock, so that nothing slips in between the check of the sums and the freeze.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction

from audit.verbs import alters_data
from schemes.definition import SourceRow
from schemes.models.items import Aspect, Item
from schemes.models.parts import SchemeFrozen, SchemeRefused

if TYPE_CHECKING:
    from schemes.models.schemes import Scheme


class EditingVerbs:
    """Change head, sources, aspects and items of a draft; every verb raises SchemeRefused."""

    def locked(self) -> Scheme:
        """Return the draft under its lock; call inside a transaction."""
        me: Any = self
        scheme: Scheme = type(me).objects.select_for_update().get(pk=me.pk)
        if scheme.frozen_at:
            raise SchemeFrozen
        return scheme

    @alters_data
    @transaction.atomic
    def change(self, *, revision: int, sources: Iterable[SourceRow], **columns: Any) -> None:
        """Store head and sources; a source that is left out goes."""
        scheme, kept = self.locked(), list(sources)
        if not kept:
            raise SchemeRefused("one_source")
        scheme.swap(revision, **columns)
        scheme.sources.exclude(code__in=[row.code for row in kept]).delete()
        for row in kept:
            scheme.sources.update_or_create(code=row.code, defaults=row.columns())
        me: Any = self
        me.refresh_from_db()

    # --- aspects ----------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def add_aspect(self, **columns: Any) -> Aspect:
        """Append an aspect."""
        scheme = self.locked()
        return scheme.aspects.create(position=scheme.aspects.count() + 1, **columns)

    @alters_data
    @transaction.atomic
    def change_aspect(self, aspect: Aspect, *, revision: int, **columns: Any) -> None:
        """Store an aspect."""
        self.locked()
        aspect.swap(revision, **columns)

    @alters_data
    @transaction.atomic
    def remove_aspect(self, aspect: Aspect) -> None:
        """Take away an aspect that has no item."""
        scheme = self.locked()
        if not scheme.may_shrink:
            raise SchemeRefused("in_use")
        if aspect.items.exists():
            raise SchemeRefused("aspect_not_empty")
        aspect.delete()
        scheme.renumber()

    @alters_data
    @transaction.atomic
    def move_aspect(self, aspect: Aspect, *, down: bool) -> None:
        """Let an aspect change places with its neighbour."""
        scheme = self.locked()
        rows = list(scheme.aspects.order_by("position", "pk"))
        if _change_places(rows, aspect.pk, down):
            scheme.renumber(rows)

    # --- items ------------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def add_item(self, aspect: Aspect, **columns: Any) -> Item:
        """Append an item to an aspect."""
        scheme = self.locked()
        item = scheme.items.create(aspect=aspect, position=10_000, **columns)
        scheme.renumber()
        item.refresh_from_db()
        return item

    @alters_data
    @transaction.atomic
    def change_item(self, item: Item, *, revision: int, aspect: Aspect, **columns: Any) -> None:
        """Store an item; in another aspect it comes last."""
        scheme = self.locked()
        moved = {"position": 10_000} if aspect.pk != item.aspect_id else {}
        item.swap(revision, aspect=aspect, **moved, **columns)
        if moved:
            scheme.renumber()
            item.refresh_from_db()

    @alters_data
    @transaction.atomic
    def remove_item(self, item: Item) -> None:
        """Take away an item, with the precedence that names it."""
        scheme = self.locked()
        if not scheme.may_shrink:
            raise SchemeRefused("in_use")
        for example in item.examples.all():
            example.take_away()
        item.delete()
        left = [pair for pair in scheme.precedence if item.code not in pair]
        type(scheme).objects.filter(pk=scheme.pk).update(precedence=left)
        scheme.renumber()

    @alters_data
    @transaction.atomic
    def move_item(self, item: Item, *, down: bool) -> None:
        """Let an item change places with its neighbour in the aspect."""
        scheme = self.locked()
        rows = list(scheme.items.filter(aspect=item.aspect_id).order_by("position", "code"))
        if _change_places(rows, item.pk, down):
            places = sorted(row.position for row in rows)
            for row, position in zip(rows, places, strict=True):
                row.position = position
            Item.objects.bulk_update(rows, ["position"])

    @alters_data
    def renumber(self, aspects: list[Aspect] | None = None) -> None:
        """Number aspects, and items through all aspects, from 1."""
        me: Any = self
        aspects = aspects or list(me.aspects.order_by("position", "pk"))
        by_aspect: dict[int, list[Item]] = {aspect.pk: [] for aspect in aspects}
        for item in me.items.order_by("position", "code"):
            by_aspect[item.aspect_id].append(item)
        items = [item for rows in by_aspect.values() for item in rows]
        for position, aspect in enumerate(aspects, start=1):
            aspect.position = position
        for position, item in enumerate(items, start=1):
            item.position = position
        Aspect.objects.bulk_update(aspects, ["position"])
        Item.objects.bulk_update(items, ["position"])


def _change_places(rows: list[Any], pk: int | uuid.UUID, down: bool) -> bool:
    """Swap a row of the list with its neighbour; tell whether there is one."""
    here = next(place for place, row in enumerate(rows) if row.pk == pk)
    there = here + (1 if down else -1)
    if not 0 <= there < len(rows):
        return False
    rows[here], rows[there] = rows[there], rows[here]
    return True
