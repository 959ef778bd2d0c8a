"""Files beside a finding: who adds and reads them, what is refused, and how they are handed out."""

import io
import uuid
import zipfile
from datetime import timedelta

import docx
import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from inspections.models import Document, Finding, FindingFile
from inspections.orphans import remove_orphans
from inspections.steps import StepRefused
from tests.inspections.making import fresh, report, submit
from tests.samples import heic, jpeg, png, webp

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def word() -> bytes:
    out = io.BytesIO()
    docx.Document().save(out)
    return out.getvalue()


def excel() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def packed(**members: bytes) -> bytes:
    """Pack members; a double stroke in the name stands for a folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, body in members.items():
            pack.writestr(name.replace("__", "/") + ".xml", body)
    return out.getvalue()


def office(extra: str = "", body: bytes = b"") -> bytes:
    """Add a part to a sound Word document."""
    out = io.BytesIO(word())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(extra, body)
    return out.getvalue()


@pytest.fixture
def finding(inspector, village, item):
    return report(inspector, village, item, timezone.now() - timedelta(hours=1))


@pytest.fixture
def reported(agency, village, item):
    return report(agency, village, item, timezone.now() - timedelta(hours=1), description="沟渠里有塑料袋")


def add(client, finding, body=PDF, name="合同.pdf"):
    url = reverse("finding_step", args=[finding.pk, "attach"])
    return client.post(url, {"file": SimpleUploadedFile(name, body)})


def text(client, finding):
    return client.get(finding.get_absolute_url()).content.decode()


# --- what is kept -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        (PDF, "pdf", "附件.pdf"),
        (jpeg(), "jpeg", "附件.jpg"),
        (png(), "png", "附件.png"),
        (word(), "docx", "附件.docx"),
        (excel(), "xlsx", "附件.xlsx"),
    ],
    ids=["pdf", "jpeg", "png", "docx", "xlsx"],
)
def test_a_file_is_kept_as_it_came_and_its_download_logged(
    client_for, finding, huajia_official, hso, body, kind, name
):
    assert add(client_for(huajia_official), finding, body, "附件.html").status_code == 302
    row = FindingFile.objects.get()
    assert (row.kind, row.name, row.size, row.uploaded_by) == (kind, name, len(body), huajia_official)
    response = client_for(hso).get(reverse("finding_file", args=[row.pk]))
    assert b"".join(response.streaming_content) == body
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox"
    assert Entry.objects.filter(verb="download", object_id=str(finding.pk)).count() == 1


def test_a_big_file_that_came_through_the_disk_is_kept_too(client_for, finding, huajia_official):
    body = PDF[:9] + bytes(3 * 1024 * 1024) + b"%%EOF"
    assert add(client_for(huajia_official), finding, body).status_code == 302
    assert FindingFile.objects.get().size == len(body)


def test_the_page_lists_files_and_the_timeline_names_them(client_for, finding, huajia_official, hso):
    add(client_for(huajia_official), finding)
    event = finding.events.order_by("-version").first()
    assert (event.step, event.remark, event.by) == ("attach", "合同.pdf", huajia_official)
    page = text(client_for(hso), finding)
    assert page.count("合同.pdf") == 2
    assert reverse("finding_file", args=[FindingFile.objects.get().pk]) in page


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..\\..\\windows\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("a\u202efdp.exe", "afdp.pdf"),
        ("长" * 200 + ".pdf", "长" * 120 + ".pdf"),
    ],
)
def test_a_name_plays_no_tricks(finding, huajia_official, given, kept):
    file = SimpleUploadedFile("x", PDF)
    file._name = given
    finding.attach(by=huajia_official, at=timezone.now(), file=file, kind="pdf")
    assert FindingFile.objects.get().name == kept


# --- what is refused ----------------------------------------------------------------------------------------------
HOSTILE = {
    "empty": b"",
    "html": b"<html><script>alert(1)</script>",
    "program": b"MZ" + bytes(200),
    "cut pdf": b"%PDF-1.4 cut",
    "cut jpeg": jpeg()[:20],
    "webp": webp(),
    "heic": heic(),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "plain zip": packed(readme=b"x"),
    "cut zip": word()[:900],
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "macros": office("word/vbaProject.bin", b"x"),
    "bomb": office("word/media/a.xml", bytes(70_000_000)),
    "entities": office("word/evil.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_else_is_refused_with_a_message(client_for, finding, huajia_official, body):
    page = add(client_for(huajia_official), finding, body)
    assert page.status_code == 200
    assert page.context["form"].errors["file"]
    assert not FindingFile.objects.exists()


def test_a_file_over_the_limit_is_refused(settings, client_for, finding, huajia_official):
    settings.FILE_MAX_BYTES = 100
    page = add(client_for(huajia_official), finding, PDF + bytes(200) + b"%%EOF")
    assert page.context["form"].errors["file"]


def test_a_finding_has_ten_files_at_most_and_none_twice(client_for, finding, huajia_official, settings):
    client = client_for(huajia_official)
    for n in range(settings.FILES_PER_FINDING):
        assert add(client, finding, PDF + b"%d %%%%EOF" % n).status_code == 302
    assert add(client, finding, PDF).context["form"].errors["__all__"]
    assert FindingFile.objects.count() == settings.FILES_PER_FINDING == 10


def test_the_same_file_is_not_added_twice(client_for, finding, huajia_official):
    add(client_for(huajia_official), finding)
    assert add(client_for(huajia_official), finding).context["form"].errors["__all__"]
    assert FindingFile.objects.count() == 1


# --- who ----------------------------------------------------------------------------------------------------------
def test_what_comes_before_the_issue_is_seen_by_the_township_only_afterwards(
    client_for, agency, hso, huajia_official, reported
):
    assert add(client_for(agency), reported, name="委托书.pdf").status_code == 302
    url = reverse("finding_file", args=[FindingFile.objects.get().pk])
    township = client_for(huajia_official)
    assert township.get(url).status_code == 404
    fresh(reported).issue(by=hso, at=timezone.now())
    assert "委托书.pdf" in text(township, reported)
    assert b"".join(township.get(url).streaming_content) == PDF
    assert not reported.timeline(huajia_official, timezone.localdate()).filter(step="attach").exists()


def test_strangers_get_404(
    client_for, finding, huajia_official, xiangying_official, changhai_office, sysadmin
):
    add(client_for(huajia_official), finding)
    url = reverse("finding_file", args=[FindingFile.objects.get().pk])
    for user in (xiangying_official, changhai_office, sysadmin):
        assert client_for(user).get(url).status_code == 404
        assert add(client_for(user), finding, jpeg()).status_code == 404


def test_readers_read_and_do_not_add(client_for, finding, huajia_official, auditor, leader, jinpu_office):
    add(client_for(huajia_official), finding)
    for user in (auditor, leader, jinpu_office):
        assert "合同.pdf" in text(client_for(user), finding)
        assert "multipart/form-data" not in text(client_for(user), finding)
        add(client_for(user), finding, jpeg())
    assert FindingFile.objects.count() == 1


def test_the_township_adds_only_while_the_finding_is_in_its_hands(finding, huajia_official, hso, inspector):
    submit(finding, huajia_official, timezone.now())
    row, at = fresh(finding), timezone.now()
    with pytest.raises(StepRefused):
        row.attach(by=huajia_official, at=at, file=SimpleUploadedFile("a.pdf", PDF), kind="pdf")
    assert not FindingFile.objects.exists()
    for user in (hso, inspector):
        fresh(finding).attach(
            by=user, at=at, file=SimpleUploadedFile("a.pdf", PDF + user.username.encode()), kind="pdf"
        )
    assert FindingFile.objects.count() == 2


def test_a_form_from_before_somebody_elses_step_still_brings_its_file(
    client_for, finding, huajia_official, hso
):
    shown = Finding.objects.get(pk=finding.pk).version
    finding.note(by=hso, at=timezone.now(), remark="请尽快")
    url = reverse("finding_step", args=[finding.pk, "attach"])
    sent = {"version": shown, "file": SimpleUploadedFile("a.pdf", PDF)}
    assert client_for(huajia_official).post(url, sent).status_code == 302


# --- official documents on the same page --------------------------------------------------------------------------
def test_the_page_leads_to_a_new_document_and_lists_the_issued_ones(
    client_for, finding, hso, huajia_official, auditor
):
    client, link = client_for(hso), f"{reverse('document_new')}?pick={finding.pk}"
    assert link in text(client, finding)
    assert link not in text(client_for(auditor), finding)
    client.post(reverse("document_new"), {"kind": "assignment", "pick": [str(finding.pk)]})
    draft = Document.objects.get()
    assert draft.get_absolute_url() not in text(client, finding)
    client.post(reverse("document_issue", args=[draft.pk]), {"do": "issue"})
    draft.refresh_from_db()
    for user in (hso, huajia_official, auditor):
        assert draft.get_absolute_url() in text(client_for(user), finding)


def test_the_ledger_hands_what_is_picked_to_a_new_document(
    client_for, finding, hso, huajia_official, auditor
):
    new = f'formaction="{reverse("document_new")}"'
    for user, offered in ((hso, True), (huajia_official, True), (auditor, False)):
        assert (new in client_for(user).get(reverse("ledger")).content.decode()) is offered
    page = client_for(hso).post(reverse("document_new"), {"pick": [str(finding.pk)], "remark": "x"})
    assert page.context["picked"] == [finding]


def test_the_issue_queue_leads_to_the_import_of_a_list(client_for, hso):
    assert reverse("problem_import") in client_for(hso).get(reverse("issue_queue")).content.decode()


# --- a merged report's files --------------------------------------------------------------------------------------
def test_a_merged_report_s_files_are_shown_where_its_photos_are(
    client_for, finding, reported, agency, hso, huajia_official, xiangying_official
):
    add(client_for(agency), reported, name="委托书.pdf")
    url, at = reverse("finding_file", args=[FindingFile.objects.get().pk]), timezone.now()
    township = client_for(huajia_official)
    assert township.get(url).status_code == 404
    fresh(reported).merge_into(finding, by=hso, at=at)
    page = text(township, finding)
    assert "委托书.pdf" in page
    assert "来自并入的登记" in page
    assert b"".join(township.get(url).streaming_content) == PDF
    assert client_for(xiangying_official).get(url).status_code == 404
    fresh(reported).undo(by=hso, at=at)
    assert "委托书.pdf" not in text(township, finding)
    assert township.get(url).status_code == 404


def test_a_report_merged_twice_over_keeps_its_files(
    client_for, finding, reported, agency, hso, huajia_official, village, item
):
    between, at = report(agency, village, item, timezone.now(), description="再报一次"), timezone.now()
    add(client_for(agency), reported, name="委托书.pdf")
    fresh(reported).merge_into(between, by=hso, at=at)
    fresh(between).merge_into(finding, by=hso, at=at)
    url = reverse("finding_file", args=[FindingFile.objects.get().pk])
    assert url in text(client_for(huajia_official), finding)
    assert b"".join(client_for(huajia_official).get(url).streaming_content) == PDF


def test_files_of_a_finding_closed_as_a_duplicate_stay_with_it(
    finding, huajia_official, hso, inspector, village, item
):
    at, other = timezone.now(), report(inspector, village, item, timezone.now(), description="同一处")
    fresh(other).attach(by=hso, at=at, file=SimpleUploadedFile("a.pdf", PDF), kind="pdf")
    fresh(other).claim(by=huajia_official, at=at, ending="duplicate", reason="同一处", duplicate_of=finding)
    fresh(other).decide_claim(by=hso, at=at, accept=True)
    assert not FindingFile.objects.shown_on(finding.pk).exists()


# --- over the API -------------------------------------------------------------------------------------------------
def send(client, finding, body=PDF, name="合同.pdf"):
    url = reverse("api_finding_files", args=[finding.pk])
    return client.post(url, {"file": SimpleUploadedFile(name, body)})


def test_the_api_adds_lists_and_hands_out(client_for, finding, huajia_official, auditor):
    answer = send(client_for(huajia_official), finding)
    assert (answer.status_code, answer.json()["name"], answer.json()["kind"]) == (201, "合同.pdf", "pdf")
    rows = client_for(auditor).get(reverse("api_finding_files", args=[finding.pk])).json()
    assert [row["sha256"] for row in rows] == [answer.json()["sha256"]]
    file = client_for(auditor).get(rows[0]["url"])
    assert b"".join(file.streaming_content) == PDF
    assert "attachment" in file["Content-Disposition"]
    assert Entry.objects.filter(verb="download").count() == 1


def test_the_api_refuses_as_the_page_does(client_for, finding, huajia_official, auditor):
    client = client_for(huajia_official)
    empty, odd = send(client, finding, b""), send(client, finding, b"MZ not a document")
    assert [(a.status_code, a.json()["code"]) for a in (empty, odd)] == [
        (400, "file_empty"), (400, "file_unsupported"),
    ]  # fmt: skip
    send(client, finding)
    assert (send(client, finding).status_code, send(client_for(auditor), finding).status_code) == (409, 403)
    assert FindingFile.objects.count() == 1


def test_the_api_gives_strangers_what_a_missing_finding_gives(
    client_for, finding, huajia_official, changhai_office
):
    send(client_for(huajia_official), finding)
    client, row = client_for(changhai_office), FindingFile.objects.get()
    missing = client.get(reverse("api_finding_files", args=[row.pk]))
    for answer in (
        client.get(reverse("api_finding_files", args=[finding.pk])),
        send(client, finding),
        client.get(reverse("api_finding_file", args=[row.pk])),
    ):
        body, none = ({**a.json(), "reference": ""} for a in (answer, missing))
        assert (answer.status_code, body) == (404, none)


# --- what a crash leaves ------------------------------------------------------------------------------------------
def test_a_file_without_its_row_goes_after_some_days(client_for, finding, huajia_official):
    add(client_for(huajia_official), finding)
    row = FindingFile.objects.get()
    name = row.file.storage.save(f"files/{row.at:%Y/%m/%d}/{uuid.uuid4()}", ContentFile(b"left behind"))
    assert remove_orphans(row.at + timedelta(days=1)) == 0
    assert remove_orphans(row.at + timedelta(days=3)) == 1
    assert not row.file.storage.exists(name)
    assert row.file.storage.exists(row.file.name)
