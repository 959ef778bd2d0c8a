"""Exports: jobs in the asker's scope, real workbooks in the official form, the file's short life."""

import io
import uuid
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from audit.models import Entry
from inspections import excel, exporting, official
from inspections.models import ExportJob, Finding
from tests.inspections import evidence
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def pair(inspector, village, sibling_village, item, huajia_official, jinpu_office, hso, secretary, now):
    """A closed finding with a photo on either side, and an open one of the neighbours."""
    at = now - timedelta(hours=5)
    body, key = jpeg(1), uuid.uuid4()
    declared = [{"id": str(key), "sha256": evidence.sha(body)}]
    photographed = evidence.report(inspector, village, item, at=at, photos=declared)
    evidence.send(inspector, photographed, body, at=at, id=key)
    after = evidence.send(
        huajia_official, fresh(photographed), jpeg(2), at=now - timedelta(hours=3), side="after"
    )
    evidence.work(now)
    row = fresh(photographed)
    row.rectify(
        by=huajia_official, at=now - timedelta(hours=3), measures="=1+1", result="已清理", photos=[after.pk]
    )
    fresh(row).pass_check(by=jinpu_office, at=now - timedelta(hours=2))
    fresh(row).close(by=hso, at=now - timedelta(hours=1))
    return fresh(row), report(
        inspector, sibling_village, item, at, description="+86 电话诈骗式开头", place="@村口"
    )


@pytest.fixture
def export(client_for):
    """Return a function that asks for an export as a user, lets the worker run, and opens the file."""

    def ask(user, name="ledger_export", **params):
        client = client_for(user)
        answer = client.post(reverse(name), params)
        job = ExportJob.objects.get(user=user)
        assert answer.url == reverse("export", args=[job.pk])
        assert client.get(answer.url).status_code == 200
        exporting.sweep(timezone.now())
        job.refresh_from_db()
        assert job.state == "done", job.error
        answer = client.get(reverse("export_file", args=[job.pk]))
        return job, b"".join(answer.streaming_content)

    return ask


def sheets(body):
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return [book.get_sheet_by_index(n).to_python() for n in range(len(book.sheet_names))]


def test_the_workbook_has_the_official_form(export, pair, hso):
    _job, body = export(hso)
    rows, totals = sheets(body)
    assert rows[0][0] == "大连市整改台账"
    assert len(rows[2]) == 28
    assert [row[0] for row in rows[3:]] == [1, 2]
    by_number = {row[1]: row for row in rows[3:]}
    closed = dict(zip([column.key for column in official.COLUMNS], by_number[pair[0].number], strict=True))
    assert (closed["county"], closed["township"], closed["village"]) == ("金普新区", "华家街道", "柳家")
    assert closed["item"].endswith("A1-01 公共区域无散落和成堆垃圾")
    assert closed["reviewer"] == "周正"
    assert closed["due"] == pair[0].due_on.isoformat()
    assert closed["returned"] == 0
    assert totals[4][1] == 2


def test_the_sheet_is_a4_landscape_with_frozen_and_repeated_heads(export, pair, hso):
    _job, body = export(hso)
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    assert (page.page_setup.orientation, int(page.page_setup.paperSize)) == ("landscape", 9)
    assert page.freeze_panes == "C4"
    assert page.print_title_rows == "$1:$3"


def test_no_text_becomes_a_formula(export, pair, hso):
    _job, body = export(hso)
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    texts = [cell.value for row in page.iter_rows(min_row=4) for cell in row if isinstance(cell.value, str)]
    assert {"'=1+1", "'+86 电话诈骗式开头", "'@村口"} <= set(texts)
    assert not [text for text in texts if text.startswith(excel.FORMULA_STARTS)]


def test_small_thumbnails_stand_beside_their_finding(export, pair, hso):
    _job, body = export(hso)
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    anchors = sorted((image.anchor._from.row, image.anchor._from.col) for image in page._images)
    row = next(n for n in (3, 4) if page.cell(n + 1, 2).value == pair[0].number)
    assert anchors == [(row, 26), (row, 27)]
    pictures = [entry for entry in zipfile.ZipFile(io.BytesIO(body)).infolist() if "media/" in entry.filename]
    assert len(pictures) == 2
    assert all(entry.file_size <= excel.THUMBNAIL_BYTES for entry in pictures)


def test_above_a_thousand_rows_links_replace_the_pictures(export, pair, hso, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_THUMBNAILS", 1)
    _job, body = export(hso)
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    assert not page._images
    cells = [str(cell.value) for row in page.iter_rows(min_row=4) for cell in row]
    links = [text for text in cells if text.startswith("=HYPERLINK")]
    assert len(links) == 2
    assert str(pair[0].pk) in links[0]


def test_control_totals_are_counted_from_the_lines(export, pair, hso):
    job, body = export(hso)
    assert job.totals["rows"] == job.done == job.total == 2
    assert job.totals["state"] == {"open": 1, "closed": 1}
    assert job.totals["ending"] == {"fixed": 1}
    assert job.totals["kind"]["at_once"] == {"rows": 2, "fixed": 1, "on_time": 1}
    assert any("1 / 1 (100%)" in row for row in sheets(body)[1])
    assert job.sha256 == evidence.sha(body)


def test_conditions_scope_and_language_are_the_asker_s(export, pair, huajia_official):
    job, body = export(huajia_official, q="柳家", sort="number")
    assert [row[1] for row in sheets(body)[0][3:]] == [pair[0].number]
    assert job.query == {"q": "柳家", "sort": "number"}


def test_picked_rows_alone_are_exported(export, pair, hso):
    job, body = export(hso, name="ledger_bulk", do="export", pick=[pair[1].pk])
    assert [row[1] for row in sheets(body)[0][3:]] == [pair[1].number]
    assert job.picked == [str(pair[1].pk)]


def test_a_picked_row_of_another_county_stays_out(client_for, pair, changhai_office):
    client_for(changhai_office).post(reverse("ledger_bulk"), {"do": "export", "pick": [pair[0].pk]})
    for job in ExportJob.objects.all():
        assert not list(exporting.asked_for(job))


def test_nobody_else_sees_an_export(client_for, export, pair, hso, hso_staff, auditor):
    job, _body = export(hso)
    for user in (hso_staff, auditor):
        for name in ("export", "export_status", "export_file"):
            assert client_for(user).get(reverse(name, args=[job.pk])).status_code == 404


def test_each_download_is_written_down(export, pair, hso):
    job, _body = export(hso)
    entry = Entry.objects.get(verb="download", object_id=str(job.pk))
    assert (entry.actor_id, entry.detail["rows"]) == (str(hso.pk), 2)


def test_the_status_tells_how_far_the_work_is(client_for, pair, hso):
    client = client_for(hso)
    client.post(reverse("ledger_export"))
    job = ExportJob.objects.get()
    assert client.get(reverse("export_status", args=[job.pk])).json()["state"] == "waiting"
    assert client.get(reverse("export_file", args=[job.pk])).status_code == 404
    exporting.run(job, timezone.now())
    done = client.get(reverse("export_status", args=[job.pk])).json()
    assert (done["state"], done["done"], done["url"]) == ("done", 2, reverse("export_file", args=[job.pk]))


def test_two_workers_write_a_job_once(pair, hso, now):
    job = ExportJob.objects.ask(by=hso, at=now, language="zh-hans")
    one, two = ExportJob.objects.get(pk=job.pk), ExportJob.objects.get(pk=job.pk)
    assert one.claim(now)
    assert not two.claim(now)
    assert not exporting.run(two, now + timedelta(minutes=1))


def test_a_job_whose_worker_died_is_taken_up_again(pair, hso, now):
    job = ExportJob.objects.ask(by=hso, at=now, language="zh-hans")
    assert ExportJob.objects.get(pk=job.pk).claim(now)
    assert exporting.sweep(now + timedelta(minutes=6))["written"] == 1
    assert ExportJob.objects.get(pk=job.pk).state == "done"


def test_a_job_that_fails_three_times_says_so(pair, hso, now, monkeypatch):
    job = ExportJob.objects.ask(by=hso, at=now, language="zh-hans", picked=["no id"])
    for _try in range(5):
        exporting.sweep(now)
    job.refresh_from_db()
    assert (job.state, job.tries, job.error) == ("failed", 3, "ValueError")


def test_files_go_after_their_days_and_totals_stay(client_for, export, pair, hso, now, settings):
    job, _body = export(hso)
    assert exporting.sweep(now + timedelta(days=settings.EXPORT_DAYS, hours=1))["removed"] == 1
    job.refresh_from_db()
    assert not job.file
    assert job.totals["rows"] == 2
    client = client_for(hso)
    assert client.get(reverse("export_file", args=[job.pk])).status_code == 404
    assert client.get(reverse("export", args=[job.pk])).status_code == 200


def test_a_list_of_exports_is_the_user_s_own(client_for, export, pair, hso, hso_staff):
    job, _body = export(hso)
    assert reverse("export", args=[job.pk]) in client_for(hso).get(reverse("exports")).content.decode()
    assert (
        reverse("export", args=[job.pk]) not in client_for(hso_staff).get(reverse("exports")).content.decode()
    )


def test_reading_lines_costs_the_same_for_ten_and_a_hundred(pair, django_assert_num_queries, now):
    for rows in (8, 98):
        own = [field.attname for field in Finding._meta.concrete_fields if field.name not in ("id", "number")]
        values = {name: getattr(pair[1], name) for name in own}
        Finding.objects.filter(number__startswith="ZZ").delete()
        Finding.objects.bulk_create(Finding(**{**values, "number": f"ZZ-2026-{n:06d}"}) for n in range(rows))
        with django_assert_num_queries(4):
            assert (
                len(list(official.lines(Finding.objects.order_by("number"), timezone.localdate(now))))
                == rows + 2
            )


def test_a_thumbnail_is_never_larger_than_its_limit():
    for seed in range(3):
        assert len(excel.thumbnail(jpeg(seed, (400, 300), quality=95))) <= excel.THUMBNAIL_BYTES
    assert excel.thumbnail(b"no picture") is None


def test_a_submitted_row_counts_as_not_overdue(pair, xiangying_official, now):
    submit(pair[1], xiangying_official, now)
    line = next(
        official.lines(Finding.objects.filter(pk=pair[1].pk), timezone.localdate(now) + timedelta(days=30))
    )
    assert line["overdue"] is False


def test_an_extension_stands_beside_the_first_due_date(pair, hso, xiangying_official, now):
    row, on = fresh(pair[1]), timezone.localdate(now)
    first, until = row.first_due_on, row.first_due_on + timedelta(days=8)
    row.ask_extension(by=xiangying_official, at=now, until=until, reason="连续降雨")
    fresh(row).decide_extension(by=hso, at=now, accept=True)
    line = next(official.lines(Finding.objects.filter(pk=row.pk), on))
    assert (line["first_due"], line["due"], line["moved"]) == (first.isoformat(), until.isoformat(), "asked")
    with translation.override("zh-hans"):
        assert official.texts(1, line)["due"] == f"{first}（延期至 {until}）"
        assert official.texts(1, {**line, "moved": "return"})["due"] == f"{first}（退回后至 {until}）"


def test_a_line_with_its_first_due_date_or_frozen_before_it_was_kept_shows_one_date(pair, now):
    line = next(official.lines(Finding.objects.filter(pk=pair[1].pk), timezone.localdate(now)))
    assert line["moved"] == ""
    assert official.texts(1, line)["due"] == line["due"] == pair[1].due_on.isoformat()
    old = {key: value for key, value in line.items() if key not in ("first_due", "moved")}
    assert official.texts(1, old)["due"] == line["due"]
