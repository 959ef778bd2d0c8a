"""Assessment in the matrix's world: periods planned, with sealed and with open sheets, sent to the units, published."""

from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from assessments import publication
from assessments.models import Adjustment, Period, Sheet, SheetImport, Values, open_period, open_sheets

PDF = b"%PDF-1.4 %%EOF"
# a department scores A2-02 by facts, a unit A1-03 by numbers
CODES = {"self": "A1-03", "dept": "A2-02"}
OFFICES = {"own": "jinpu", "other": "changhai"}


def make_assessments(world: Any, now: Any) -> None:
    """Store the three periods, with an entry and a file in a sheet of each unit and of the department."""
    scheme = world.item.scheme.copy(at=now)
    bureau = world.users["department"].posts.get().organisation
    scheme.items.update(department=bureau)
    world.put("planned_period", "own", pk=_plan(world, scheme, now, "planned").pk)
    for kind in ("sealed", "opened"):
        period = _plan(world, scheme, now, kind)
        open_period(period, by=world.users["hso"], at=now)
        for sheet in period.sheets.for_list():
            _filled(world, kind, sheet, now)
        if kind == "opened":
            _open(world, period, now)
        world.put(f"{kind}_period", "own", pk=period.pk)
    _adjusted(world, now)
    _sent(world, scheme, now)
    _published(world, scheme, now - timedelta(days=30))


def _provisional(world: Any, scheme: Any, at: Any, title: str) -> Period:
    """Open a period and its empty sheets, and send its figures to the units."""
    period, hso = _plan(world, scheme, at, title), world.users["hso"]
    open_period(period, by=hso, at=at)
    open_sheets(period, by=hso, at=at, reason="x")
    until = timezone.localdate(at) + timedelta(days=5)
    publication.send_provisional(period, by=hso, at=at, appeals_until=until)
    world.put(f"{title}_edition", "own", pk=period.pk, number=1)
    return period


def _sent(world: Any, scheme: Any, now: Any) -> None:
    """Let both units apply for a review, with a file."""
    period = _provisional(world, scheme, now, "sent")
    item = scheme.items.get(code=CODES["dept"])
    for relation, name in OFFICES.items():
        row = publication.appeal(
            period, by=world.users[name], at=now, unit=world.counties[name], item=item, source="dept", text="x",
            files=[(ContentFile(PDF, "x.pdf"), "pdf")],
        )  # fmt: skip
        world.put("appeal", relation, pk=row.pk)
        world.put("appeal_file", relation, pk=row.files.get().pk)


def _published(world: Any, scheme: Any, at: Any) -> None:
    period, hso, later = (
        _provisional(world, scheme, at, "published"),
        world.users["hso"],
        at + timedelta(days=9),
    )
    publication.submit(period, by=hso, at=later, remark="x")
    approval = publication.Approval("x", "1", timezone.localdate(later))
    publication.approve(period, by=hso, at=later, approval=approval)
    publication.publish(period, by=hso, at=later)


def _plan(world: Any, scheme: Any, now: Any, title: str) -> Period:
    today = timezone.localdate(now)
    return Period.objects.plan(
        by=world.users["hso"], at=now, kind="quarter", title=title, scheme=scheme, begins_on=today, ends_on=today,
        basis_document="x", plan_number="1", sheets_due_on=today + timedelta(days=9),
    )  # fmt: skip


def _filled(world: Any, kind: str, sheet: Sheet, now: Any) -> None:
    """Fill one item of each unit that the sheet speaks of, with a file, and keep a workbook for it."""
    names = {unit.pk: relation for relation, name in OFFICES.items() for unit in [world.counties[name]]}
    clerk: User = world.users["department"]
    if sheet.unit_id:
        clerk = world.users[OFFICES[names[sheet.unit_id]]]
    values = Values(sampled=10, met=9) if sheet.source == "self" else Values()
    item = next(row for row in sheet.items() if row.code == CODES[sheet.source])
    for unit in sheet.units():
        entry, _new = sheet.fill(by=clerk, at=now, unit=unit, item=item, values=values)
        file = sheet.attach(entry, by=clerk, at=now, file=ContentFile(PDF, "x.pdf"), kind="pdf")
        part = f"{kind}_{sheet.source}"
        world.put(f"{part}_entry", names[unit.pk], pk=sheet.pk, unit=unit.pk, code=item.code)
        world.put(f"{part}_file", names[unit.pk], pk=file.pk)
    where = names[sheet.unit_id] if sheet.unit_id else "own"
    world.put(f"{kind}_{sheet.source}", where, pk=sheet.pk)
    job = SheetImport.objects.create(
        sheet=sheet, by=clerk, at=now, name="x.csv", content="区市县,事项编号\n".encode(), sha256="0" * 64
    )
    world.put(f"{kind}_{sheet.source}_job", where, pk=sheet.pk, job=job.pk)


def _open(world: Any, period: Period, now: Any) -> None:
    """Open the sheets as if they had been handed in."""
    rows = period.sheets.all()
    rows.update(state="submitted", submitted_at=now, submitted_by=world.users["department"])
    open_sheets(period, by=world.users["hso"], at=now)


def _adjusted(world: Any, now: Any) -> None:
    period = Period.objects.get(pk=world.objects["sealed_period"]["own"]["pk"])
    row = Adjustment.objects.propose(
        period=period, by=world.users["hso_staff"], at=now, unit=world.counties["jinpu"], kind="bonus", units=5_000,
        reason="x", document="x", category="honour",
    )  # fmt: skip
    world.put("adjustment", "own", pk=row.pk)
