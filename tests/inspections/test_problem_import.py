"""A problem list from another source: dry run, matching, pictures, all or nothing, hostile files."""

import hashlib
import io
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from inspections import problem_import, problem_list
from inspections.models import Finding, Photo, ProblemImport
from inspections.problem_list import Limits
from notifications.models import Notice
from tests.inspections import lists
from tests.inspections.evidence import send
from tests.inspections.lists import cells
from tests.inspections.making import report
from tests.samples import HTML, jpeg, png
from villages.spreadsheet import Unreadable

pytestmark = pytest.mark.django_db
LIMITS = Limits(rows=2000, photos_per_row=9)


@pytest.fixture(autouse=True)
def places(village, sibling_village, island_village, item):
    """Give every list its villages and items."""


def upload(client, body, name="省级反馈问题清单.xlsx"):
    client.post(reverse("problem_import"), {"file": SimpleUploadedFile(name, body)})
    return ProblemImport.objects.order_by("-created_at").first()


def check(client, body):
    return client.get(upload(client, body).get_absolute_url())


def confirm(client, job, **fields):
    client.post(job.get_absolute_url(), {"skip_duplicates": "on", **fields})
    job.refresh_from_db()
    return job


def bring_in(client, body):
    job = confirm(client, upload(client, body))
    problem_import.run(job, timezone.now())
    job.refresh_from_db()
    return job


def said(page):
    return [(error.row, error.column.rstrip("*")) for error in page.context["errors"]]


# --- the way of a list ------------------------------------------------------------
def test_a_list_waits_in_the_issue_queue_with_its_pictures(client_for, hso, village):
    rows = [cells(来文编号="辽环督12-1"), cells(具体地点="河边", 问题描述="河道漂浮物", 问题来源="12345热线")]
    client = client_for(hso)
    job = bring_in(client, lists.floating(rows, {2: [jpeg(1), jpeg(2)], 3: [png(3)]}))
    assert (job.state, job.counts) == ("done", {"created": 2, "photos": 3, "there": 0, "skipped": 0})
    first, second = Finding.objects.order_by("outside_number").reverse()
    assert (first.state, first.source, first.outside_number) == ("reported", "provincial", "辽环督12-1")
    assert (second.source, second.place, second.issuing_office) == (
        "hotline",
        "河边",
        hso.posts.get().division,
    )
    assert str(first.outside_deadline) == "2026-12-15"
    assert [photo.source for photo in Photo.objects.all()] == ["album"] * 3
    assert (first.photo_uses.count(), first.is_complete()) == (2, True)
    assert len(client.get(reverse("issue_queue")).context["rows"]) == 2
    assert Notice.objects.filter(user=hso, step="problem_import").count() == 1


@pytest.mark.parametrize("make", [lists.embedded, lists.wps], ids=["Excel 365", "WPS"])
def test_pictures_inside_cells_are_found(client_for, hso, make):
    rows = [cells(问题描述=f"问题{n}", 具体地点=f"{n}组") for n in range(3)]
    bring_in(client_for(hso), make(rows, {2: jpeg(1), 4: jpeg(2)}))
    found = {f.description: [u.photo.sha256 for u in f.photo_uses.all()] for f in Finding.objects.all()}
    sha = [hashlib.sha256(body).hexdigest() for body in (jpeg(1), jpeg(2))]
    assert found == {"问题0": sha[:1], "问题1": [], "问题2": sha[1:]}


def test_the_dry_run_stores_nothing(client_for, hso):
    page = check(client_for(hso), lists.floating([cells()], {2: [jpeg()]}))
    assert page.context["counts"] == {"rows": 1, "new": 1, "flagged": 0, "there": 0, "photos": 1}
    assert not Finding.objects.exists()
    assert not Photo.objects.exists()


def test_the_same_list_again_adds_nothing(client_for, hso):
    body = lists.floating([cells(), cells(问题描述="另一处")], {2: [jpeg()]})
    client = client_for(hso)
    bring_in(client, body)
    page = check(client, body)
    assert (page.context["counts"]["there"], page.context["counts"]["new"]) == (2, 0)
    job = bring_in(client, body)
    assert job.counts == {"created": 0, "photos": 0, "there": 2, "skipped": 0}
    assert (Finding.objects.count(), Photo.objects.count()) == (2, 1)


def test_a_finding_with_the_same_outside_number_is_flagged_and_left_out(client_for, hso, village, item):
    known = report(hso, village, item, timezone.now(), source="hotline", outside_number="DL-778")
    client = client_for(hso)
    body = lists.written([cells(来文编号="DL-778", 问题来源="12345"), cells(来文编号="DL-779")]).getvalue()
    page = check(client, body)
    assert [(row["entry"].row, row["findings"]) for row in page.context["flagged"]] == [(2, [known])]
    assert bring_in(client, body).counts["created"] == 1


def test_flagged_rows_come_in_when_wanted(client_for, hso, village, item):
    report(hso, village, item, timezone.now(), source="hotline", outside_number="DL-778")
    client = client_for(hso)
    job = upload(client, lists.written([cells(来文编号="DL-778")]).getvalue())
    client.post(job.get_absolute_url(), {})
    job.refresh_from_db()
    problem_import.run(job, timezone.now())
    assert Finding.objects.filter(outside_number="DL-778").count() == 2


def test_a_row_twice_in_the_list_is_flagged(client_for, hso):
    page = check(client_for(hso), lists.written([cells(), cells()]).getvalue())
    assert [row["repeats"] for row in page.context["flagged"]] == [2]


def test_a_county_office_brings_in_its_own_villages_only(client_for, jinpu_office):
    other = cells(**{"区市县": "长海县", "乡镇（街道）": "大长山岛镇", "村（社区）": "小盐场"})
    page = check(client_for(jinpu_office), lists.written([cells(), other]).getvalue())
    assert said(page) == [(3, "村（社区）")]


@pytest.mark.parametrize("who", ["huajia_official", "inspector", "agency", "leader", "auditor", "sysadmin"])
def test_only_offices_import(client_for, request, who, hso):
    job = upload(client_for(hso), lists.written([cells()]).getvalue())
    client = client_for(request.getfixturevalue(who))
    for url in (reverse("problem_import"), job.get_absolute_url(), reverse("problem_import_template")):
        assert client.get(url).status_code == 404


def test_another_office_s_list_does_not_exist(client_for, hso, jinpu_office):
    job = upload(client_for(hso), lists.written([cells()]).getvalue())
    client = client_for(jinpu_office)
    assert client.get(job.get_absolute_url()).status_code == 404
    assert client.get(reverse("problem_import_status", args=[job.pk])).status_code == 404


def test_a_colleague_looks_and_the_uploader_imports(client_for, hso, hso_staff):
    job = upload(client_for(hso), lists.written([cells()]).getvalue())
    assert confirm(client_for(hso_staff), job).state == "checked"
    assert confirm(client_for(hso), job).state == "waiting"


# --- errors ------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"村（社区）": "无此村"}, "村（社区）"),
        ({"村（社区）": ""}, "村（社区）"),
        ({"乡镇（街道）": "向应街道"}, "乡镇（街道）"),
        ({"区市县": "长海县"}, "区市县"),
        ({"细则编码或名称": "Z9-99"}, "细则编码或名称"),
        ({"问题描述": ""}, "问题描述"),
        ({"问题描述": "长" * 2001}, "问题描述"),
        ({"严重程度": "很一般"}, "严重程度"),
        ({"问题来源": "听说"}, "问题来源"),
        ({"问题来源": ""}, "问题来源"),
        ({"外部时限": "月底"}, "外部时限"),
    ],
)
def test_each_error_names_row_and_column(client_for, hso, change, column):
    client = client_for(hso)
    job = upload(client, lists.written([cells(), cells(**change)]).getvalue())
    assert said(client.get(job.get_absolute_url())) == [(3, column)]
    assert confirm(client, job).state == "checked"
    assert not Finding.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"村（社区）": "柳家村"}, {"村（社区）": "柳家村村民委员会"}, {"乡镇（街道）": "华家"},
        {"乡镇（街道）": "", "区市县": ""},
        {"外部时限": "2026年12月15日"}, {"严重程度": ""}, {"问题来源": "12345"},
    ],
)  # fmt: skip
def test_what_people_write_is_understood(client_for, hso, change):
    page = check(client_for(hso), lists.written([cells(**change)], title="省级反馈问题清单").getvalue())
    assert said(page) == []


def test_one_picture_does_not_prove_two_places(client_for, hso):
    rows = [cells(), cells(具体地点="村尾")]
    assert said(check(client_for(hso), lists.floating(rows, {2: [jpeg()], 3: [jpeg()]}))) == [(3, "照片")]


def test_a_picture_beside_no_row_is_not_lost_silently(client_for, hso):
    assert said(check(client_for(hso), lists.floating([cells()], {9: [jpeg()]}))) == [(9, "照片")]


def test_a_picture_that_is_none_is_an_error(client_for, hso):
    body = lists.floating([cells()], {2: [jpeg()]})
    name = next(n for n in zipfile.ZipFile(io.BytesIO(body)).namelist() if "media" in n)
    assert said(check(client_for(hso), lists.with_parts(body, {name: HTML}))) == [(2, "照片")]


def test_a_picture_that_proves_an_earlier_finding_is_an_error(client_for, hso, sibling_village, item):
    known = report(hso, sibling_village, item, timezone.now())
    send(hso, known, jpeg(), at=timezone.now())
    assert said(check(client_for(hso), lists.floating([cells()], {2: [jpeg()]}))) == [(2, "照片")]


def test_ten_pictures_in_a_row_are_one_too_many(client_for, hso):
    page = check(client_for(hso), lists.floating([cells()], {2: [jpeg(n) for n in range(10)]}))
    assert said(page) == [(2, "照片")]


def test_if_one_row_fails_none_comes_in_and_the_pictures_go_again(client_for, hso, monkeypatch):
    body = lists.floating([cells(), cells(问题描述="另一处")], {2: [jpeg()]})
    client = client_for(hso)
    job = confirm(client, upload(client, body))
    plan = problem_import.plan_of

    def late(*args):
        found = plan(*args)
        report(
            hso,
            found.entries[1].village,
            found.entries[1].item,
            timezone.now(),
            id=found.entries[1].id,
            description="占用",
        )
        found.there.clear()
        return found

    monkeypatch.setattr(problem_import, "plan_of", late)
    assert not problem_import.run(job, timezone.now())
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error
    assert Finding.objects.count() == 1
    assert not Photo.objects.exists()


# --- the worker ------------------------------------------------------------
def test_the_sweep_picks_up_what_no_message_started(client_for, hso):
    job = confirm(client_for(hso), upload(client_for(hso), lists.written([cells()]).getvalue()))
    assert problem_import.sweep(timezone.now()) == {"imported": 1}
    assert problem_import.sweep(timezone.now()) == {"imported": 0}
    job.refresh_from_db()
    status = client_for(hso).get(reverse("problem_import_status", args=[job.pk])).json()
    assert (status["state"], status["url"]) == ("done", reverse("issue_queue"))


def test_confirming_twice_imports_once(client_for, hso):
    client = client_for(hso)
    job = bring_in(client, lists.written([cells()]).getvalue())
    client.post(job.get_absolute_url(), {"skip_duplicates": "on"})
    job.refresh_from_db()
    assert (job.state, Finding.objects.count()) == ("done", 1)


# --- hostile and odd files ------------------------------------------------------------
def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/workbook.xml", "<workbook/>")
        file.writestr("xl/media/image1.png", bytes(80_000_000))
    return out.getvalue()


def with_entity():
    doc = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "ha">]><sst>&a;</sst>'
    return lists.with_parts(lists.written([cells()]).getvalue(), {"xl/sharedStrings.xml": doc})


def far_away():
    book = openpyxl.load_workbook(lists.written([cells()]))
    book.active["A1048576"] = "x"
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HOSTILE = {
    "empty": b"",
    "text": "只是文字".encode(),
    "html": HTML,
    "an old xls or a password": b"\xd0\xcf\x11\xe0" + bytes(600),
    "a picture": jpeg(),
    "a zip that is no workbook": lists.with_parts(b"PK\x05\x06" + bytes(18), {"a.txt": b"a"}),
    "cut short": lists.written([cells()]).getvalue()[:-200],
    "a bomb": bomb(),
    "an entity": with_entity(),
    "macros": lists.with_parts(lists.written([cells()]).getvalue(), {"xl/vbaProject.bin": b"x"}),
    "a cell a million rows below": far_away(),
    "no headings": lists.with_parts(
        lists.written([]).getvalue(), {"xl/worksheets/sheet1.xml": b"<worksheet/>"}
    ),
    "broken XML": lists.with_parts(
        lists.written([cells()]).getvalue(), {"xl/worksheets/sheet1.xml": b"<worksheet><x"}
    ),
    "no rows": lists.written([]).getvalue(),
    "too many rows": lists.written([cells(问题描述=str(n)) for n in range(2105)]).getvalue(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_clear_message(client_for, hso, name):
    client = client_for(hso)
    page = client.post(reverse("problem_import"), {"file": SimpleUploadedFile("x.xlsx", HOSTILE[name])})
    if page.status_code == 200:  # an empty upload is refused by the form itself
        assert page.context["form"].errors
        return
    page = client.get(page.url)
    assert page.status_code == 422
    assert "error-summary" in page.content.decode()


def test_a_file_over_the_limit_is_refused_before_it_is_read(settings, client_for, hso):
    settings.IMPORT_MAX_BYTES = 100
    page = client_for(hso).post(reverse("problem_import"), {"file": SimpleUploadedFile("x.xlsx", bytes(200))})
    assert page.context["form"].errors
    assert not ProblemImport.objects.exists()


# --- the template ------------------------------------------------------------
def test_the_empty_list_has_drop_downs_and_its_example_is_not_imported(client_for, hso, tmp_path, item):
    body = client_for(hso).get(reverse("problem_import_template")).content
    book = openpyxl.load_workbook(io.BytesIO(body))
    sheet = book["问题清单"]
    assert len(sheet.data_validations.dataValidation) == 5
    assert item.code in [str(cell.value).split()[0] for cell in book["选项"]["C"]]
    assert book["选项"].sheet_state == "hidden"
    with pytest.raises(Unreadable):
        problem_list.parse(lists.on_disk(tmp_path, body), LIMITS)
    heads = [str(cell.value).rstrip("*") for cell in sheet[1]]
    for column, head in enumerate(heads, 1):
        sheet.cell(3, column, {**{k.rstrip("*"): v for k, v in lists.ROW.items()}}.get(head, ""))
    out = io.BytesIO()
    book.save(out)
    assert [
        p.number for p in problem_list.parse(lists.on_disk(tmp_path, out.getvalue()), LIMITS).problems
    ] == [3]
