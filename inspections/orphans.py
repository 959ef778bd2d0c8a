"""Files without their row: a process that died between the two leaves one. They go after some days."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import Storage, storages

from inspections.models import FindingFile, MeetingPhoto, Photo

logger = logging.getLogger(__name__)

# Young files may belong to an upload that still runs; older ones were looked at on the days before.
YOUNGEST, OLDEST = 2, 9
PART = 500
# storage, folder, whose files lie there, and the columns that name them
Rows = type[Photo] | type[FindingFile] | type[MeetingPhoto]
ROOTS: tuple[tuple[str, str, Rows, tuple[str, ...]], ...] = (
    ("sealed", "originals", Photo, ("original",)),
    ("sealed", "files", FindingFile, ("file",)),
    ("default", "photos", Photo, ("large", "small")),
    ("sealed", "meetings", MeetingPhoto, ("original",)),
    ("default", "meetings", MeetingPhoto, ("large", "small")),
)


def remove_orphans(at: datetime) -> int:
    """Delete the files that no row names; return how many."""
    count = 0
    for alias, root, rows, columns in ROOTS:
        storage = storages[alias]
        for age in range(YOUNGEST, OLDEST):
            folder = f"{root}/{at - timedelta(days=age):%Y/%m/%d}"
            for name in list(_orphans(storage, folder, rows, columns)):
                logger.warning("Removing %s: no row names it.", name)
                storage.delete(name)
                count += 1
    return count


def _orphans(storage: Storage, folder: str, model: Rows, columns: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of files whose row does not exist or has other files; what is not ours is left alone."""
    ours = [(key, name) for name in _files(storage, folder) if (key := _row_id(name))]
    for start in range(0, len(ours), PART):
        part = ours[start : start + PART]
        rows = model._default_manager.filter(pk__in={key for key, _name in part})
        known = {name for names in rows.values_list(*columns) for name in names}
        yield from (path for _key, name in part if (path := f"{folder}/{name}") not in known)


def _files(storage: Storage, folder: str) -> list[str]:
    try:
        return list(storage.listdir(folder)[1])
    except FileNotFoundError:  # nothing came that day
        return []


def _row_id(name: str) -> UUID | None:
    """Return the id that a file's name begins with."""
    try:
        return UUID(name[:36])
    except ValueError:
        return None
