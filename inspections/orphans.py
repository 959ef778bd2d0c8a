"""Files of photos without a row: a process that died between the two leaves one. They go after some days."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import Storage, storages

from inspections.models import Photo

logger = logging.getLogger(__name__)

# Young files may belong to an upload that still runs; older ones were looked at on the days before.
YOUNGEST, OLDEST = 2, 9
PART = 500
ROOTS = (("sealed", "originals"), ("default", "photos"))


def remove_orphans(at: datetime) -> int:
    """Delete the files that no photo names; return how many."""
    count = 0
    for alias, root in ROOTS:
        storage = storages[alias]
        for age in range(YOUNGEST, OLDEST):
            folder = f"{root}/{at - timedelta(days=age):%Y/%m/%d}"
            for name in list(_orphans(storage, folder)):
                logger.warning("Removing %s: no photo names it.", name)
                storage.delete(name)
                count += 1
    return count


def _orphans(storage: Storage, folder: str) -> Iterator[str]:
    """Yield the names of files whose photo does not exist or has other files; what is not ours is left alone."""
    ours = [(key, name) for name in _files(storage, folder) if (key := _photo_id(name))]
    for start in range(0, len(ours), PART):
        part = ours[start : start + PART]
        rows = Photo.objects.filter(pk__in={key for key, _name in part})
        known = {name for names in rows.values_list("original", "large", "small") for name in names}
        yield from (path for _key, name in part if (path := f"{folder}/{name}") not in known)


def _files(storage: Storage, folder: str) -> list[str]:
    try:
        return list(storage.listdir(folder)[1])
    except FileNotFoundError:  # no photo came that day
        return []


def _photo_id(name: str) -> UUID | None:
    """Return the id that a photo's file begins with."""
    try:
        return UUID(name[:36])
    except ValueError:
        return None
