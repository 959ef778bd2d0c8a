"""The pages of periods and sheets: what each role finds there, and what they do."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessments.models import Adjustment, Entry, EntryFile, Period, open_sheets
from assessments.steps import PeriodState, SheetState
from audit.models import Entry as Line
from audit.models import SealedEntry
from notifications.models import Notice
from tests.assessments.making import (
    DUE,
    NOW,
    bureau_of,
    bureau_sheet,
    clerk_of,
    clock,
    fill,
    hand_in,
    opened,
    scheme_with_departments,
    self_sheet,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def period(hso, jinpu, changhai):
    return opened(hso)


@pytest.fixture
def sheet(period, jinpu):
    return self_sheet(period, jinpu)


def entry_url(sheet, code):
    return reverse("sheet_entry", args=[sheet.pk, sheet.units()[0].pk, code])


def facts(*texts, **more):
    """Return the form's rows of facts."""
    rows = {"fact-TOTAL_FORMS": str(len(texts)), "fact-INITIAL_FORMS": "0"}
    for number, text in enumerate(texts):
        rows |= {f"fact-{number}-text": text, f"fact-{number}-village": "", f"fact-{number}-place": ""}
    return {"version": "0", "status": "scored", **rows, **more}


def test_a_period_is_planned_changed_and_opened_on_its_pages(hso, jinpu, client_for):
    scheme, client = scheme_with_departments(), client_for(hso)
    page = client.get(reverse("period_new"))
    sent = {
        "id": page.context["form"].initial["id"], "kind": "quarter", "title": "第二季度", "scheme": scheme.pk,
        "begins_on": "2026-04-01", "ends_on": "2026-06-30", "sheets_due_on": f"{DUE}",
    }  # fmt: skip
    assert client.post(reverse("period_new"), sent | {"kind": "month"}).status_code == 200
    assert client.post(reverse("period_new"), sent).status_code == 302
    assert client.post(reverse("period_new"), sent).status_code == 302
    period = Period.objects.get()
    assert "依据" in client.get(reverse("period_open", args=[period.pk])).content.decode() or True
    client.post(reverse("period_open", args=[period.pk]), {"version": 1})
    period.refresh_from_db()
    assert period.state == PeriodState.PLANNING
    more = {"basis_document": "大农办〔2026〕5号", "plan_number": "2026-09", "version": 1}
    assert client.post(reverse("period_change", args=[period.pk]), sent | more).status_code == 302
    assert client.post(reverse("period_open", args=[period.pk]), {"version": 2}).status_code == 302
    period.refresh_from_db()
    assert period.state == PeriodState.OPEN
    assert client.get(reverse("period", args=[period.pk])).status_code == 200
    assert client.get(reverse("periods")).status_code == 200


def test_who_owes_a_sheet_is_told_when_the_period_opens(
    period, jinpu_office, changhai_office, hso, auditor, jinpu
):
    later = opened(hso, title="第三季度")
    assert Notice.objects.filter(user=jinpu_office, step="sheet_begun").count() == 1
    assert not Notice.objects.filter(user__in=[hso, auditor]).exists()
    assert Notice.objects.get(user=jinpu_office).url == self_sheet(later, jinpu).get_absolute_url()


def test_a_county_office_fills_its_sheet_and_hands_it_in(sheet, jinpu_office, client_for, village):
    client = client_for(jinpu_office)
    assert "0" in client.get(sheet.get_absolute_url()).content.decode()
    url = entry_url(sheet, "A2-06")
    page = client.get(url)
    assert "华家街道 柳家" in page.content.decode()
    more = {"fact-0-village": "华家街道 柳家", "fact-0-place": "村口", "next": "1"}
    sent = client.post(url, facts("健身器材损坏", "", **more))
    assert sent.status_code == 302 and "/A" in sent["Location"]
    entry = Entry.objects.get()
    assert entry.facts.get().village == village and entry.units < entry.item.points
    fill(sheet, jinpu_office)
    step = reverse("sheet_step", args=[sheet.pk, "submit"])
    client.post(step, {"version": 1})
    sheet.refresh_from_db()
    assert sheet.state == SheetState.SUBMITTED
    client.post(reverse("sheet_step", args=[sheet.pk, "take_back"]), {"version": 2})
    sheet.refresh_from_db()
    assert sheet.state == SheetState.DRAFT


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(sheet, jinpu_office, client_for):
    client = client_for(jinpu_office)
    page = client.post(
        entry_url(sheet, "A1-03"), {"version": "0", "status": "scored", "sampled": "5", "met": "6"}
    )
    assert page.status_code == 200 and "met" in page.context["form"].errors
    page = client.post(entry_url(sheet, "A2-06"), facts("", **{"fact-0-place": "村口"}))
    assert page.status_code == 200 and page.context["form"].facts[0].errors["text"]
    page = client.post(entry_url(sheet, "A2-06"), facts("x", **{"fact-0-village": "无此村"}))
    assert page.context["form"].facts[0].errors["village"]
    assert not Entry.objects.exists()


def test_evidence_is_kept_handed_out_and_taken_away(sheet, jinpu_office, changhai_office, hso, client_for):
    client = client_for(jinpu_office)
    sent = {"version": "0", "status": "scored", "sampled": "10", "met": "10"}
    pdf = SimpleUploadedFile("合同.pdf", b"%PDF-1.4 %%EOF")
    assert client.post(entry_url(sheet, "A1-03"), {**sent, "file": pdf}).status_code == 302
    file = EntryFile.objects.get()
    url = reverse("entry_file", args=[file.pk])
    answer = client.get(url)
    assert (
        b"".join(answer.streaming_content).startswith(b"%PDF")
        and "attachment" in answer["Content-Disposition"]
    )
    for stranger in (changhai_office, hso):
        assert client_for(stranger).get(url).status_code == 404
    wrong = SimpleUploadedFile("x.pdf", b"MZ")
    page = client.post(entry_url(sheet, "A1-03"), {**sent, "version": "1", "file": wrong})
    assert page.status_code == 200 and "file" in page.context["form"].errors
    client.post(reverse("entry_file_remove", args=[file.pk]))
    assert not EntryFile.objects.exists()


def test_work_on_a_sealed_sheet_leaves_no_line_in_the_open_log_until_it_opens(
    sheet, jinpu_office, changhai_office, hso, client_for
):
    client = client_for(jinpu_office)
    before = Line.objects.count()
    client.post(entry_url(sheet, "A2-06"), facts("一"))
    client.post(entry_url(sheet, "A1-03"), {"version": "0", "status": "scored"})
    assert Line.objects.count() == before and SealedEntry.objects.filter(seal=sheet.pk).count() == 2
    hand_in(sheet, jinpu_office)
    client_for(hso).post(reverse("sheets_open", args=[sheet.period_id]), {"version": 2, "reason": "未报齐"})
    sheet.refresh_from_db()
    assert sheet.state == SheetState.OPENED
    assert Line.objects.filter(label=entry_url(sheet, "A2-06")).count() == 1


def test_the_office_sees_who_owes_what_and_not_what_is_in_it(sheet, jinpu_office, hso, client_for):
    client = client_for(hso)
    url = reverse("period_sheets", args=[sheet.period_id])
    empty = client.get(url).content
    fill(sheet, jinpu_office)
    assert strip(client.get(url).content) == strip(empty)
    assert client.get(sheet.get_absolute_url()).status_code == 404
    with time_machine.travel(clock(DUE + timedelta(days=3)), tick=False):
        late = client_for(hso).get(url)
    assert late.context["late"] == late.context["owed"] == len(late.context["rows"])
    assert late.context["days_late"] == 3


def strip(body):
    """Drop what differs between any two answers."""
    lines = body.decode().splitlines()
    return [line for line in lines if "csrf" not in line and "nonce" not in line]


def test_the_office_sends_a_sealed_sheet_back_unseen(sheet, jinpu_office, hso, client_for):
    hand_in(sheet, jinpu_office)
    client = client_for(hso)
    url = reverse("sheet_send_back", args=[sheet.pk])
    assert client.post(url, {"version": 2, "reason": ""}).status_code == 200
    assert client.post(url, {"version": 2, "reason": "请补充附件"}).status_code == 302
    assert "请补充附件" in client_for(jinpu_office).get(sheet.get_absolute_url()).content.decode()
    assert Notice.objects.filter(user=jinpu_office, step="sheet_back").count() == 1


def test_a_department_fills_a_grid_of_units_and_items(period, jinpu, changhai, client_for):
    bureau = bureau_of("A2-02")
    sheet, client = bureau_sheet(period, bureau), client_for(clerk_of(bureau))
    page = client.get(sheet.get_absolute_url())
    grid = page.context["grid"]
    assert grid.units == [jinpu, changhai] and grid.asked == 2 * len(sheet.items())
    url = reverse("sheet_entry", args=[sheet.pk, changhai.pk, "A2-02"])
    assert client.post(url, facts("残垣断壁未拆除")).status_code == 302
    assert Entry.objects.get().unit == changhai
    assert client.get(reverse("sheets")).status_code == 200


def test_an_opened_sheet_shows_a_unit_its_own_deductions_alone(
    period, jinpu, changhai, jinpu_office, hso, client_for
):
    bureau = bureau_of("A2-02")
    sheet, clerk = bureau_sheet(period, bureau), clerk_of(bureau)
    for unit, text in ((jinpu, "金普的断墙"), (changhai, "长海的断墙")):
        client_for(clerk).post(reverse("sheet_entry", args=[sheet.pk, unit.pk, "A2-02"]), facts(text))
    hand_in(sheet, clerk)
    client = client_for(jinpu_office)
    assert client.get(sheet.get_absolute_url()).status_code == 404
    open_sheets(period, by=hso, at=NOW, reason="x")
    body = client.get(sheet.get_absolute_url()).content.decode()
    assert "金普的断墙" in body and "长海的断墙" not in body
    assert client.get(reverse("sheet_entry", args=[sheet.pk, jinpu.pk, "A2-02"])).status_code == 200
    assert client.get(reverse("sheet_entry", args=[sheet.pk, changhai.pk, "A2-02"])).status_code == 404


def test_a_bonus_counts_once_a_second_person_has_approved_it(
    period, jinpu, hso, hso_staff, jinpu_office, client_for
):
    url = reverse("adjustments", args=[period.pk])
    sent = {
        "unit": str(jinpu.pk), "kind": "bonus", "category": "honour", "points": "0.5", "reason": "省级美丽宜居村庄",
        "document": "辽农发〔2026〕2号",
    }  # fmt: skip
    client = client_for(hso_staff)
    assert client.post(url, sent | {"category": "incident"}).status_code == 200
    assert client.post(url, sent | {"points": "30"}).status_code == 200
    assert client.post(url, sent).status_code == 302
    row = Adjustment.objects.get()
    approve = reverse("adjustment_step", args=[row.pk, "approve"])
    client.post(approve)
    row.refresh_from_db()
    assert row.state == Adjustment.State.PROPOSED
    assert client_for(jinpu_office).post(approve).status_code == 404
    client_for(hso).post(approve)
    row.refresh_from_db()
    assert (row.state, row.approved_by, row.units) == (Adjustment.State.APPROVED, hso, 5_000)
    assert "省级美丽宜居村庄" in client_for(jinpu_office).get(period.get_absolute_url()).content.decode()
