"""Many findings at once, for lists of any length."""

import itertools
from datetime import timedelta

from inspections.models import Finding

serial = itertools.count(1)


def clone(finding: Finding, count: int, **columns: object) -> None:
    """Copy a finding's row many times."""
    skip = ("id", "number")
    values = {
        f.attname: getattr(finding, f.attname) for f in Finding._meta.concrete_fields if f.name not in skip
    }
    Finding.objects.bulk_create(
        Finding(
            **{
                **values,
                "number": f"ZZ-2026-{next(serial):06d}" if finding.number else None,
                "reported_at": finding.reported_at - timedelta(minutes=n),
                **columns,
            }
        )
        for n in range(count)
    )
