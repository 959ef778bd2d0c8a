"""Official documents: drafted by staff, issued by a head, frozen, received, read in Word."""

import io
import uuid
from datetime import timedelta

import docx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from inspections import drafting, papers
from inspections.models import Document, DocumentReceipt, DocumentScan, DocumentSeries, Finding
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.inspections.evidence import send
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def finding(inspector, village, item):
    return report(inspector, village, item, timezone.now(), place="村口")


def draft(user, kind, *findings):
    found = Finding.objects.filter(pk__in=[f.pk for f in findings])
    return drafting.draft_for(user, timezone.now(), kind, found)[0]


def issue(document, by, at=None):
    at = at or timezone.now()
    document.issue(by=by, at=at, lines=papers.current_lines(document, timezone.localdate(at)))
    return Document.objects.get(pk=document.pk)


# --- drafting -----------------------------------------------------------------------------------------------------
def test_a_paper_goes_from_the_ledger_s_ticks_to_its_number(client_for, hso, finding):
    client = client_for(hso)
    chosen = client.post(reverse("document_new"), {"pick": [finding.pk], "kind": "assignment"})
    document = Document.objects.get()
    assert chosen.url == reverse("document_edit", args=[document.pk])
    text = {"addressee": str(finding.township_id), "requirements": "请于时限内整改到位", "contact": ""}
    client.post(chosen.url, text)
    client.post(reverse("document_issue", args=[document.pk]), {"do": "issue"})
    document.refresh_from_db()
    assert document.number == f"大连市人居办交〔{timezone.localdate().year}〕1号"
    assert (document.text["requirements"], document.signed_by) == ("请于时限内整改到位", hso)
    assert finding.documents.get().document == document


def test_the_ledger_may_post_the_ticks_without_a_kind(client_for, hso, finding):
    page = client_for(hso).post(reverse("document_new"), {"pick": [finding.pk]})
    assert page.status_code == 200
    assert page.context["picked"] == [finding]
    assert not Document.objects.exists()


def test_findings_of_two_units_become_two_drafts(client_for, hso, inspector, finding, island_village, item):
    other = report(inspector, island_village, item, timezone.now())
    client_for(hso).post(reverse("document_new"), {"pick": [finding.pk, other.pk], "kind": "assignment"})
    assert {d.county for d in Document.objects.all()} == {finding.county, other.county}


def test_findings_of_two_townships_go_to_their_unit(hso, inspector, finding, sibling_village, item):
    other = report(inspector, sibling_village, item, timezone.now())
    document = draft(hso, "assignment", finding, other)
    assert document.addressee == finding.county


def test_a_finding_of_another_office_is_left_out(jinpu_office, finding):
    with pytest.raises(StepRefused):
        draft(jinpu_office, "assignment", finding)


def test_a_closing_slip_lists_only_what_is_closed(hso, finding):
    with pytest.raises(StepRefused, match=r"销号|closed"):
        draft(hso, "closing", finding)


def test_the_township_applies_and_reports_to_the_issuing_office(huajia_official, finding):
    for kind in ("extension", "report"):
        document = draft(huajia_official, kind, finding)
        assert (document.office, document.addressee) == (finding.township, finding.issuing_office)


def test_an_application_begins_with_what_was_asked_for(huajia_official, finding):
    until = timezone.localdate() + timedelta(days=9)
    fresh(finding).ask_extension(by=huajia_official, at=timezone.now(), until=until, reason="设备未到")
    document = draft(huajia_official, "extension", finding)
    assert document.text == {"reason": "设备未到", "until": f"{until:%Y-%m-%d}"}


def test_a_draft_can_be_thrown_away_and_leaves_no_gap(client_for, hso, finding):
    first, second = draft(hso, "assignment", finding), draft(hso, "assignment", finding)
    client_for(hso).post(reverse("document_issue", args=[first.pk]), {"do": "discard"})
    assert not Document.objects.filter(pk=first.pk).exists()
    assert issue(second, hso).serial == 1


# --- issuing ------------------------------------------------------------------------------------------------------
def test_numbers_run_without_gaps_per_office_year_and_kind(hso, finding, jinpu_office, village, item):
    own = report(jinpu_office, village, item, timezone.now())
    own.issue(by=jinpu_office, at=timezone.now())
    serials = [issue(draft(hso, "assignment", finding), hso).serial for _ in range(3)]
    assert serials == [1, 2, 3]
    assert issue(draft(hso, "supervision", finding), hso).serial == 1
    series = DocumentSeries.objects.values_list("office__name", "kind", "last")
    assert set(series) == {("大连市", "assignment", 3), ("大连市", "supervision", 1)}


def test_an_office_may_number_as_it_is_used_to(settings, hso, finding):
    settings.DOCUMENT_NUMBERS = {"大连市": "大人居办{mark}〔{year}〕{serial}号"}
    assert issue(draft(hso, "assignment", finding), hso).number.startswith("大人居办交〔")


def test_staff_drafts_and_a_head_signs(client_for, hso_staff, hso, finding):
    document = draft(hso_staff, "assignment", finding)
    client_for(hso_staff).post(reverse("document_issue", args=[document.pk]), {"do": "issue"})
    document.refresh_from_db()
    assert not document.is_issued
    assert issue(document, hso).drafted_by == hso_staff


def test_a_paper_with_an_empty_passage_is_not_issued(client_for, hso, finding):
    document = draft(hso, "talk", finding)
    page = client_for(hso).post(reverse("document_issue", args=[document.pk]), {"do": "issue"}, follow=True)
    document.refresh_from_db()
    assert not document.is_issued
    assert "message--error" in page.content.decode()


def test_of_two_issues_of_one_draft_only_one_counts(hso, finding):
    document = draft(hso, "assignment", finding)
    stale = Document.objects.get(pk=document.pk)
    issue(document, hso)
    with pytest.raises(StepRefused):
        issue(stale, hso)
    assert DocumentSeries.objects.get().last == 1


def test_an_issued_document_says_what_its_findings_said(hso, finding, huajia_official):
    document = issue(draft(hso, "assignment", finding), hso)
    submit(finding, huajia_official, timezone.now(), measures="后来才写的")
    assert document.lines[0]["measures"] == ""
    assert papers.current_lines(document, timezone.localdate()) == document.lines


@pytest.mark.parametrize(
    "sql", ["UPDATE {} SET number = 'x' WHERE serial = 1", "DELETE FROM {} WHERE serial = 1"]
)
def test_the_database_refuses_to_change_an_issued_document(hso, finding, sql):
    issue(draft(hso, "assignment", finding), hso)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(Document._meta.db_table))


def test_the_database_refuses_a_number_without_an_issue(hso, finding):
    document = draft(hso, "assignment", finding)
    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(number="大人居办〔2026〕9号")


# --- receiving ----------------------------------------------------------------------------------------------------
def test_the_addressee_is_told_and_opening_it_is_the_receipt(
    client_for, hso, finding, huajia_official, secretary, jinpu_office, xiangying_official
):
    document = issue(draft(hso, "assignment", finding), hso)
    told = set(
        Notice.objects.filter(key=f"document:{document.pk}:issued").values_list("user__username", flat=True)
    )
    assert {huajia_official.username, secretary.username, jinpu_office.username} <= told
    assert xiangying_official.username not in told
    for user in (huajia_official, huajia_official, secretary, hso, jinpu_office):
        assert client_for(user).get(document.get_absolute_url()).status_code == 200
    received = set(DocumentReceipt.objects.values_list("user__username", flat=True))
    assert received == {huajia_official.username, secretary.username}
    page = client_for(hso).get(document.get_absolute_url())
    assert [receipt.user for receipt in page.context["receipts"]] == [huajia_official, secretary]


def test_issuing_draws_nobody_s_receipt_on_a_draft(client_for, hso, hso_staff, finding):
    document = draft(hso, "assignment", finding)
    client_for(hso_staff).get(document.get_absolute_url())
    assert not DocumentReceipt.objects.exists()


@pytest.mark.parametrize("name", ["document", "document_print", "document_word"])
@pytest.mark.parametrize(
    "who", ["xiangying_official", "changhai_office", "inspector", "agency", "department", "sysadmin"]
)
def test_a_stranger_gets_404(client_for, request, hso, finding, name, who):
    document = issue(draft(hso, "assignment", finding), hso)
    client = client_for(request.getfixturevalue(who))
    assert client.get(reverse(name, args=[document.pk])).status_code == 404
    assert client.get(reverse(name, args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("who", ["huajia_official", "jinpu_office", "leader", "auditor"])
def test_a_draft_stays_at_its_desk(client_for, request, hso, finding, who):
    document = draft(hso, "assignment", finding)
    assert client_for(request.getfixturevalue(who)).get(document.get_absolute_url()).status_code == 404


def test_readers_cannot_edit_or_issue(client_for, hso, finding, huajia_official):
    document = issue(draft(hso, "assignment", finding), hso)
    client = client_for(huajia_official)
    assert client.get(reverse("document_edit", args=[document.pk])).status_code == 404
    client.post(reverse("document_issue", args=[document.pk]), {"do": "discard"})
    assert Document.objects.filter(pk=document.pk).exists()


# --- the scan -----------------------------------------------------------------------------------------------------
def attach(client, document, body, name="盖章件.pdf"):
    return client.post(document.get_absolute_url(), {"file": SimpleUploadedFile(name, body)})


@pytest.mark.parametrize(("body", "format"), [(PDF, "pdf"), (jpeg(), "jpeg")], ids=["pdf", "jpeg"])
def test_the_signed_scan_is_kept_sealed_and_its_download_logged(
    client_for, hso, huajia_official, finding, body, format
):
    document = issue(draft(hso, "assignment", finding), hso)
    assert attach(client_for(hso), document, body).status_code == 302
    scan = DocumentScan.objects.get()
    assert (scan.format, scan.size) == (format, len(body))
    response = client_for(huajia_official).get(reverse("document_scan", args=[scan.pk]))
    assert b"".join(response.streaming_content) == body
    assert response["Content-Disposition"].startswith("attachment")
    assert Entry.objects.filter(verb="download", object_id=str(document.pk)).count() == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"MZ" + bytes(200), PDF[:20], b"%PDF-1.4 cut", jpeg()[:20], b"PK\x03\x04" + bytes(99)],
)
def test_anything_else_is_refused_as_a_scan(client_for, hso, finding, body):
    document = issue(draft(hso, "assignment", finding), hso)
    page = attach(client_for(hso), document, body)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not DocumentScan.objects.exists()


def test_a_scan_over_the_limit_is_refused(settings, client_for, hso, finding):
    settings.SCAN_MAX_BYTES = 100
    document = issue(draft(hso, "assignment", finding), hso)
    assert attach(client_for(hso), document, PDF + bytes(200) + b"%%EOF").context["form"].errors


def test_only_the_desk_attaches_the_scan(client_for, hso, finding, huajia_official):
    document = issue(draft(hso, "assignment", finding), hso)
    attach(client_for(huajia_official), document, PDF)
    assert not DocumentScan.objects.exists()


# --- on paper -----------------------------------------------------------------------------------------------------
def test_word_holds_the_table_with_thumbnails_and_names_the_faces(client_for, agency, hso, village, item):
    found = report(agency, village, item, timezone.now(), place="村口", description="垃圾\x0b散落")
    photo = send(agency, found, jpeg(), at=timezone.now())
    photo.make_copies(at=timezone.now())
    found.issue(by=hso, at=timezone.now())
    document = issue(draft(hso, "assignment", found), hso)
    response = client_for(hso).get(reverse("document_word", args=[document.pk]))
    word = docx.Document(io.BytesIO(response.content))
    table = word.tables[0]
    assert (len(table.rows), found.number) == (2, table.rows[1].cells[1].text)
    assert "柳家" in table.rows[1].cells[2].text
    assert len(word.inline_shapes) == 1
    assert [p.text for p in word.paragraphs][2] == document.number
    assert 'w:eastAsia="仿宋"' in word.styles["Normal"].element.xml
    fonts = next(p for p in word.part.package.iter_parts() if p.partname == "/word/fontTable.xml")
    assert "SimHei" in fonts.blob.decode()
    assert round(word.sections[0].page_width.cm, 1) == 21.0


@pytest.mark.parametrize(
    "kind", ["assignment", "extension", "supervision", "report", "closing", "talk", "circular"]
)
def test_each_kind_is_a_page_a_sheet_and_a_word_file(client_for, hso, huajia_official, finding, kind):
    maker = huajia_official if kind in ("extension", "report") else hso
    if kind == "closing":
        submit(finding, huajia_official, timezone.now())
        Finding.objects.filter(pk=finding.pk).update(check_due_on=None)
        fresh(finding).close(by=hso, at=timezone.now(), remark="现场核查")
    document = draft(maker, kind, finding)
    client = client_for(maker)
    for name in ("document", "document_edit", "document_print", "document_word"):
        assert client.get(reverse(name, args=[document.pk])).status_code == 200
    assert issue(document, maker).number


def test_a_hundred_documents_cost_as_many_queries_as_ten(client_for, hso, finding):
    client, counts = client_for(hso), []
    for more in (10, 90):
        for _ in range(more):
            issue(draft(hso, "assignment", finding), hso)
        client.get(reverse("documents"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("documents"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


def test_the_list_has_drafts_sent_and_received(client_for, hso, huajia_official, finding):
    draft(hso, "assignment", finding)
    sent = issue(draft(hso, "assignment", finding), hso)
    tabs = {tab["label"]: tab["count"] for tab in client_for(hso).get(reverse("documents")).context["tabs"]}
    assert list(tabs.values()) == [1, 1, 1, 0]
    page = client_for(huajia_official).get(reverse("documents") + "?tab=received")
    assert list(page.context["page"]) == [sent]
