"""The package recomputes every digit outside the product, on worlds that nobody has thought of."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from assessments.models import Adjustment, Edition, Period
from assessments.packaging import package
from assessments.rebuilding import rebuild
from tests.assessments.making import NOW
from tests.assessments.scored import SKIPPED, WITHOUT, entered, scored_period, visit_items, visited
from tests.cast import make_village
from villages.models import Division, Village

pytestmark = pytest.mark.django_db


def unpacked(edition: Edition, folder: Path) -> Path:
    """Write the package of an edition into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with package(edition) as made, zipfile.ZipFile(io.BytesIO(made.file.read())) as archive:
        archive.extractall(folder)
    return folder


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """Read a table of the package."""
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text(encoding="utf-8"))))


def recomputed(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script alone: no site packages, no environment, nothing of the product."""
    command = [sys.executable, "-I", "-S", str(folder / "recompute.py")]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env={}, check=False, encoding="utf-8"
    )


@pytest.fixture
def period(hso: User, jinpu: Division, changhai: Division, village: Village, sibling_village: Village,
           island_village: Village) -> Period:  # fmt: skip
    made = scored_period(hso)
    visited(made, village, {"A1-01": 20_000, "A2-04": SKIPPED, "A5-02": WITHOUT})
    visited(made, island_village, {"A1-01": 30_000})
    visited(made, island_village, {"A1-01": 35_000})
    return made


def test_a_package_confirms_itself_and_names_no_person(period: Period, tmp_path: Path) -> None:
    folder = unpacked(rebuild(period, at=NOW), tmp_path / "whole")
    done = recomputed(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything is confirmed" in done.stdout
    everything = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file())
    assert not [name for name in User.objects.values_list("name", flat=True) if name in everything]
    assert not [str(pk) for pk in User.objects.values_list("pk", flat=True) if str(pk) in everything]


def test_the_same_rows_make_the_same_archive(period: Period) -> None:
    edition, digests = rebuild(period, at=NOW), []
    for _ in range(2):
        with package(edition) as made:
            digests.append(made.sha256)
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("name", "column"),
    [("standings", "total"), ("standings", "display"), ("standings", "rank"), ("parts", "value"),
     ("visit_items", "units"), ("village_items", "units"), ("standings", "best_rank"), ("system", "units")],
)  # fmt: skip
def test_one_digit_that_was_changed_is_found(period: Period, tmp_path: Path, name: str, column: str) -> None:
    folder = unpacked(rebuild(period, at=NOW), tmp_path / "changed")
    path = folder / f"{name}.csv"
    rows = read(folder, name)
    row = next(row for row in rows if row[column] not in ("", "0"))
    row[column] = f"{row[column]}1" if "/" not in row[column] else f"1{row[column]}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    done = recomputed(folder)
    assert done.returncode == 1 and "NOT CONFIRMED" in done.stdout, done.stdout + done.stderr


# --- worlds ---------------------------------------------------------------------------------------------------
POINTS = st.integers(0, 8).map(lambda eighth: eighth * 5_000)
SAID = st.one_of(POINTS, POINTS, st.sampled_from([SKIPPED, WITHOUT]))


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what is seen and said in a period: visits per village, entries per unit, adjustments, the way to combine."""
    return {
        "combine": draw(st.sampled_from(["item", "source_total"])),
        "weights": draw(st.sampled_from([(20, 30, 50, 30), (0, 0, 100, 0), (0, 50, 50, 0), (100, 0, 0, 0)])),
        "visits": draw(
            st.lists(st.lists(st.lists(SAID, min_size=4, max_size=4), max_size=2), min_size=7, max_size=7)
        ),
        "entries": draw(st.lists(st.one_of(st.none(), POINTS, st.just(-1)), min_size=12, max_size=12)),
        "adjustments": draw(st.lists(st.tuples(st.booleans(), st.integers(1, 40_000)), max_size=3)),
    }


CHANGED = ("A1-01", "A2-04", "A5-02", "A7-01")
ENTERED = (
    ("self", "A3-02"),
    ("dept", "A3-02"),
    ("dept", "A6-05"),
    ("self", "A6-06"),
    ("self", "A8-02"),
    ("dept", "A1-02"),
)


def build(world: dict[str, Any], period: Period, by: tuple[User, User], units: list[Division],
          villages: list[Village]) -> None:  # fmt: skip
    """Store a world."""
    scheme = period.scheme
    type(scheme).objects.filter(pk=scheme.pk).update(combine=world["combine"])
    for code, weight in zip(("self", "dept", "visit", "system"), world["weights"], strict=True):
        scheme.sources.filter(code=code).update(weight=weight)
    items = visit_items(scheme)
    for village, said in zip(villages, world["visits"], strict=True):
        for values in said:
            pairs = zip(CHANGED, values, strict=True)
            says = {c: min(v, items[c].points) if isinstance(v, int) else v for c, v in pairs if c in items}
            visited(period, village, says)
    rows: Iterator[int | None] = iter(world["entries"])
    for unit in units:
        for source, code in ENTERED:
            value, item = next(rows), scheme.items.get(code=code)
            if value is not None:
                entered(period, unit, source, {code: None if value < 0 else min(value, item.points)}, by[0])
    for bonus, points in world["adjustments"]:
        Adjustment.objects.create(
            period=period, unit=units[0], kind="bonus" if bonus else "penalty",
            category="honour" if bonus else "incident", units=points, reason="某人说的", document="大农办〔2026〕9号",
            state="approved", proposed_by=by[0], approved_by=by[1], proposed_at=NOW, decided_at=NOW,
        )  # fmt: skip


@pytest.fixture
def city_of_seven(hso: User, hso_staff: User, jinpu: Division, changhai: Division, huajia: Division,
                  xiangying: Division, dachangshan: Division, lift_triggers: None) -> Any:  # fmt: skip
    """Return an empty period over seven villages in three townships of two units."""
    period = scored_period(hso)
    places = [huajia, huajia, huajia, xiangying, xiangying, dachangshan, dachangshan]
    villages = [make_village(f"屯{n}", place, f"2102971{n:05d}") for n, place in enumerate(places)]
    return period, (hso, hso_staff), [jinpu, changhai], villages


@settings(max_examples=12, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(world=worlds(), later=worlds())
def test_every_digit_of_any_world_is_recomputed(
    city_of_seven: Any, tmp_path: Path, world: Any, later: Any
) -> None:
    from django.db import transaction

    period, by, units, villages = city_of_seven
    with transaction.atomic():
        build(world, period, by, units, villages)
        first = rebuild(period, at=NOW)
        folder = unpacked(first, tmp_path / first.pk.hex)
        Edition.objects.filter(pk=first.pk).update(
            state="published",
            package_sha256="x",
            published_at=NOW,
            approval_number="1",
            approved_on=NOW.date(),
        )
        Period.objects.filter(pk=period.pk).update(previous=None)
        following = scored_period(by[0], title="下一季", previous=period)
        build(
            {**later, "combine": world["combine"], "weights": world["weights"]},
            following,
            by,
            units,
            villages,
        )
        second = rebuild(following, at=NOW)
        folder_2 = unpacked(second, tmp_path / second.pk.hex)
        stored = second.standings.filter(previous_rank__isnull=False).count()
        transaction.set_rollback(True)
    for where in (folder, folder_2):
        done = recomputed(where)
        assert done.returncode == 0, done.stdout + done.stderr
    assert stored == sum(row["rank"] != "" for row in read(folder, "standings"))
    assert json.loads((folder_2 / "period.json").read_text(encoding="utf-8"))["title"] == "下一季"
