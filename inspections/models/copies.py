"""How a photo gets the two clean copies that people see: made by a worker, once, given up after a few attempts."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.db.models import F

from audit.verbs import alters_data
from inspections.uploads import binary
from schemes import imaging

MOST_ATTEMPTS = 3
UNREADABLE = "unreadable"


class CopyMaking:
    """A row with `original`, `format`, `large`, `small`, `made_at`, `attempts` and `refused`."""

    if TYPE_CHECKING:
        pk: Any
        original: Any
        format: str
        large: Any
        small: Any
        made_at: datetime | None
        attempts: int

        refresh_from_db: Any

        def mark_refused(self, code: str, *, at: datetime) -> None: ...

    @property
    def is_ready(self) -> bool:
        """Tell whether the copies exist."""
        return self.made_at is not None

    @property
    def _rows(self) -> Any:
        return type(self)._default_manager  # type: ignore[attr-defined]

    def measured(self, copies: imaging.Copies) -> dict[str, Any]:
        """Return the columns that are known once the photo was decoded."""
        return {}

    @alters_data
    def make_copies(self, *, at: datetime) -> bool:
        """Make the clean copies, once; tell whether this call made them."""
        mine = self._rows.filter(pk=self.pk, made_at=None, refused="")
        # counted before the decoding: a file that kills the worker is given up after a few
        if not mine.update(attempts=F("attempts") + 1):
            return False
        if self.attempts >= MOST_ATTEMPTS:
            self.mark_refused(UNREADABLE, at=at)
            return False
        try:
            with self.original.open("rb") as file:
                copies = imaging.make_copies(binary(file), self.format)
        except imaging.Unreadable:
            self.mark_refused(UNREADABLE, at=at)
            return False
        return self._store(copies, at)

    def _store(self, copies: imaging.Copies, at: datetime) -> bool:
        self.large.save("large.jpg", ContentFile(copies.large), save=False)
        self.small.save("small.jpg", ContentFile(copies.small), save=False)
        changes = {"made_at": at, **self.measured(copies)}
        for name, value in changes.items():
            setattr(self, name, value)
        files = {"large": self.large.name, "small": self.small.name}
        if self._rows.filter(pk=self.pk, made_at=None).update(**changes, **files):
            return True
        for file in (self.large, self.small):  # another worker was faster
            file.delete(save=False)
        self.refresh_from_db()
        return False

    @alters_data
    def remove_files(self) -> None:
        """Delete the files; call after the row is gone for good."""
        for file in (self.original, self.large, self.small):
            if file:
                file.delete(save=False)
