"""What the worker does at size, each in a process of its own: the reminder sweep, a large export, counting."""

import json
import resource
import sys
import time
from datetime import timedelta
from typing import Any

EXPORTED = 50_000


def peak_mb() -> float:
    """Return the largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sweeps() -> dict[str, Any]:
    """Tell everything that is due among the findings in hand, then look again."""
    from django.db.models import Count
    from django.utils import timezone

    from inspections import reminders
    from inspections.models import Finding
    from notifications.models import Notice

    at = timezone.now()
    on = timezone.localdate(at)
    in_hand = Finding.objects.in_hand().aggregate(n=Count("pk"))["n"]
    start, begun = peak_mb(), time.monotonic()
    counts = reminders.sweep(at=at)
    first = time.monotonic() - begun
    begun = time.monotonic()
    again = reminders.sweep(at=at + timedelta(minutes=5))
    return {
        "in hand": in_hand, "overdue": Finding.objects.in_hand().filter(due_on__lt=on).count(),
        "first": round(first, 1),
        "second": round(time.monotonic() - begun, 2), "counts": counts, "again": again, "start MB": round(start),
        "peak MB": round(peak_mb()), "notices": Notice.objects.count(),
    }  # fmt: skip


def export() -> dict[str, Any]:
    """Write the newest findings of the whole city, about fifty thousand, as a workbook in the official form."""
    from django.utils import timezone

    from accounts.models import User
    from inspections import exporting
    from inspections.models import ExportJob, Finding

    newest = Finding.objects.issued().order_by("-issued_at")
    reached = newest.values_list("issued_at", flat=True)[EXPORTED : EXPORTED + 1].first()
    query = {"since": (timezone.localdate(reached) + timedelta(days=1)).isoformat()} if reached else {}
    job = ExportJob.objects.ask(
        by=User.objects.get(username="hso"), at=timezone.now(), language="zh-hans", picked=[], query=query
    )
    start, begun, cpu = peak_mb(), time.monotonic(), time.process_time()
    if not exporting.run(job, timezone.now()):
        raise SystemExit("the export failed")
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    job.refresh_from_db()
    return {
        "rows": job.done, "seconds": round(took, 1), "cpu": round(cpu, 1), "start MB": round(start),
        "peak MB": round(peak_mb()), "file MB": round(job.size / 1e6, 1),
    }  # fmt: skip


def counting() -> dict[str, Any]:
    """Count by tab what a county office, the city office and a township see, and a unit's figures for its home page."""
    from django.utils import timezone

    from accounts.models import User
    from inspections import ledger, statistics
    from inspections.models import Finding

    at = timezone.now()
    on, found = timezone.localdate(at), {}
    for name in ("hso", "office-JP", "official-0a"):
        user = User.objects.get(username=name)
        seen = Finding.objects.visible_to(user, on)
        found[f"tabs, {name}"] = best(lambda seen=seen: ledger.counts(seen, on))
        found[f"units, {name}"] = best(lambda user=user: statistics.unit_figures(user, at))
    return found


def best(act: Any) -> float:
    """Return the milliseconds of the best of five calls."""
    taken = []
    for _time in range(5):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return round(min(taken) * 1000, 1)


PARTS = {"sweeps": sweeps, "export": export, "counting": counting}


def main() -> None:
    """Run one part in the database of the environment and print JSON."""
    import django

    django.setup()
    print(json.dumps(PARTS[sys.argv[1]](), default=str))


if __name__ == "__main__":
    main()
