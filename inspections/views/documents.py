"""Official documents: draft from findings, issue, print, Word, the signed scan, and who has received them."""

import uuid
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role, User
from audit.log import record, refused
from inspections import drafting, exporting, papers, word
from inspections.forms.documents import DocumentForm, NewDocumentForm, ScanForm
from inspections.models import Document, DocumentScan, Finding
from inspections.models.documents import ADDRESSED, DocumentKind
from inspections.papers import PASSAGES
from inspections.scans import TYPES
from inspections.steps import StepRefused

MAKERS = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP)
READERS = (*MAKERS, Role.LEADER, Role.AUDITOR)
ROWS = 20
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def scoped(request: HttpRequest, pk: uuid.UUID, at: datetime) -> Document:
    """Return a document that the user may read; 404 is the answer for all others."""
    seen = Document.objects.visible_to(user_of(request), timezone.localdate(at))
    return get_object_or_404(
        seen.select_related("office", "addressee", "drafted_by", "signed_by", "county"), pk=pk
    )


# --- the list -----------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """List drafts, what the desk has issued, and what it has received."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    seen = Document.objects.visible_to(user, on)
    own = _own(user, on)
    tab = request.GET.get("tab", "")
    kind = request.GET.get("kind", "") if request.GET.get("kind") in DocumentKind.values else ""
    sets = {"": seen.issued(), "drafts": seen.filter(own).drafts(), "sent": seen.filter(own).issued()}
    sets["received"] = seen.issued().exclude(own)
    tab = tab if tab in sets else ""
    rows = sets[tab].filter(kind=kind) if kind else sets[tab]
    rows = rows.for_list().annotate(
        receipt_count=Count("receipts"), mine=Count("receipts", filter=Q(receipts__user=user))
    )
    page = Paginator(rows.order_by("-drafted_at", "pk"), ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "tabs": _tabs(sets, tab, kind),
        "kinds": _kinds(tab, kind),
        "makes": bool(user.roles(on) & {*MAKERS}),
    }
    return render(request, "inspections/documents.html", context)


def _own(user: User, on: date) -> Q:
    return Q(office__in=[p.division_id for p in user.posts_on(on) if p.role in ADDRESSED and p.division_id])


def _address(**query: str) -> str:
    return "?" + urlencode({name: value for name, value in query.items() if value})


def _tabs(sets: dict[str, Any], active: str, kind: str) -> list[dict[str, Any]]:
    words = {"": _("All issued"), "drafts": _("Drafts"), "sent": _("Sent by us"), "received": _("Received")}
    return [
        {
            "label": words[tab],
            "url": _address(tab=tab, kind=kind),
            "count": rows.count(),
            "active": tab == active,
        }
        for tab, rows in sets.items()
    ]


def _kinds(tab: str, kind: str) -> list[dict[str, Any]]:
    every = [("", _("Every kind")), *DocumentKind.choices]
    return [
        {"label": label, "url": _address(tab=tab, kind=key), "active": key == kind} for key, label in every
    ]


# --- drafts -------------------------------------------------------------------------------------------------------
@require(*MAKERS)
@require_http_methods(["GET", "POST"])
def document_new(request: HttpRequest) -> HttpResponse:
    """Choose the kind for the picked findings (`pick` in the address or posted by the ledger), then draft."""
    user, at = user_of(request), timezone.now()
    on = timezone.localdate(at)
    kinds = [(kind.value, kind.label) for kind in drafting.kinds_for(user, on)]
    data = request.POST if request.method == "POST" else request.GET
    asked = "kind" in request.POST
    form = NewDocumentForm(
        request.POST if asked else None, kinds=kinds, initial={"pick": data.getlist("pick")}
    )
    if asked and form.is_valid():
        try:
            return _drafted(request, _draft(user, at, form.cleaned_data))
        except StepRefused as refusal:
            refused(request, refusal.code)
            form.add_error(None, str(refusal))
    picked = _picked(user, on, data.getlist("pick"))
    return render(request, "inspections/document_new.html", {"form": form, "picked": picked})


def _picked(user: User, on: date, keys: list[str]) -> list[Finding]:
    try:
        ids = [uuid.UUID(key) for key in keys][: papers.MOST_LISTED]
    except ValueError as error:
        raise Http404 from error
    return list(Finding.objects.visible_to(user, on).filter(pk__in=ids).for_list().order_by("number"))


def _draft(user: User, at: datetime, data: dict[str, Any]) -> list[Document]:
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).filter(pk__in=data["pick"])
    return drafting.draft_for(user, at, data["kind"], seen)


def _drafted(request: HttpRequest, drafts: list[Document]) -> HttpResponse:
    if len(drafts) == 1:
        return redirect("document_edit", drafts[0].pk)
    words = ngettext(
        "%(n)s draft, one for each addressee.", "%(n)s drafts, one for each addressee.", len(drafts)
    )
    messages.success(request, words % {"n": len(drafts)})
    return redirect(reverse("documents") + "?tab=drafts")


@require(*MAKERS)
@require_http_methods(["GET", "POST"])
def document_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write the passages of a draft."""
    user, at = user_of(request), timezone.now()
    document = scoped(request, pk, at)
    if refusal := document.edit_refusal(user, timezone.localdate(at)):
        if refusal.code == "not_yours":
            raise Http404
        messages.error(request, str(refusal))
        return redirect(document)
    findings = papers.listed(document)
    places = drafting.addressees(document, findings) or [document.addressee]
    form = DocumentForm(request.POST or None, document=document, addressees=places)
    if request.method == "POST" and form.is_valid():
        try:
            document.rewrite(by=user, at=at, **form.arguments())
            return redirect(document)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    return render(
        request, "inspections/document_edit.html", {"document": document, "form": form, "findings": findings}
    )


@require(*MAKERS)
@require_POST
def document_issue(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Issue a draft, or throw it away."""
    user, at = user_of(request), timezone.now()
    document = scoped(request, pk, at)
    try:
        if request.POST.get("do") == "discard":
            document.discard(by=user, at=at)
            messages.success(request, _("The draft is thrown away."))
            return redirect(reverse("documents") + "?tab=drafts")
        _check_whole(document)
        document.issue(by=user, at=at, lines=papers.current_lines(document, timezone.localdate(at)))
        messages.success(
            request, _("%(number)s is issued; its addressee has been told.") % {"number": document.number}
        )
    except StepRefused as refusal:
        refused(request, refusal.code)
        messages.error(request, str(refusal))
    return redirect(document)


def _check_whole(document: Document) -> None:
    missing = [
        p.label
        for p in PASSAGES[document.kind]
        if p.required and not str(document.text.get(p.key, "")).strip()
    ]
    if missing and not document.is_issued:
        message = _("Still to be written: %(passages)s") % {
            "passages": "、".join(str(label) for label in missing)
        }
        raise StepRefused(message, "incomplete")


# --- one document -------------------------------------------------------------------------------------------------
@require(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a document; opening it as its addressee records the receipt. A post attaches the signed scan."""
    user, at = user_of(request), timezone.now()
    found = scoped(request, pk, at)
    form = ScanForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            found.attach_scan(by=user, at=at, file=form.cleaned_data["file"], format=form.format)
            messages.success(request, _("The scan is attached."))
            return redirect(found)
        except StepRefused as refusal:
            refused(request, refusal.code)
            form.add_error("file", str(refusal))
    elif request.method == "GET" and found.receive(by=user, at=at):
        record(request, "receive", obj=found, at=at)
        messages.success(request, _("Your receipt is recorded."))
    return render(request, "inspections/document.html", _page(found, user, at, form))


def _page(found: Document, user: User, at: datetime, form: ScanForm) -> dict[str, Any]:
    on = timezone.localdate(at)
    edits = found.edit_refusal(user, on)
    return {
        "document": found,
        "paper": papers.paper_of(found, on),
        "receipts": list(found.receipts.select_related("user__person").order_by("at")),
        "told": found.recipients(on) if found.is_issued else [],
        "scans": list(found.scans.select_related("by").order_by("at")),
        "own": edits is None or edits.code != "not_yours",
        "may_edit": edits is None,
        "issue_refusal": found.issue_refusal(user, on),
        "form": form,
    }


@require(*READERS)
@require_safe
def document_print(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the sheet alone, as it comes out of the printer."""
    at = timezone.now()
    found = scoped(request, pk, at)
    paper = papers.paper_of(found, timezone.localdate(at))
    return render(request, "inspections/document_print.html", {"document": found, "paper": paper})


@require(*READERS)
@require_safe
def document_word(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand the document out as Word, and write that down."""
    at = timezone.now()
    found = scoped(request, pk, at)
    body = word.write(papers.paper_of(found, timezone.localdate(at)), exporting.fetch)
    record(request, "download", obj=found, at=at, format="docx")
    response = HttpResponse(body, content_type=DOCX)
    response.headers["Content-Disposition"] = _attachment(f"{found.number or found}.docx")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _attachment(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name)}"


@require(*READERS)
@require_safe
def document_scan(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Hand a signed scan out, never inline, and write that down."""
    at = timezone.now()
    seen = Document.objects.visible_to(user_of(request), timezone.localdate(at))
    scan = get_object_or_404(DocumentScan.objects.filter(document__in=seen).select_related("document"), pk=pk)
    try:
        file = scan.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    record(request, "download", obj=scan.document, at=at, format=scan.format, sha256=scan.sha256)
    name = f"{scan.document.number}.{'pdf' if scan.format == 'pdf' else 'jpg'}"
    response = FileResponse(file, as_attachment=True, filename=name, content_type=TYPES[scan.format])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


urlpatterns = [
    path("documents/", documents, name="documents"),
    path("documents/new/", document_new, name="document_new"),
    path("documents/scans/<uuid:pk>/", document_scan, name="document_scan"),
    path("documents/<uuid:pk>/", document, name="document"),
    path("documents/<uuid:pk>/edit/", document_edit, name="document_edit"),
    path("documents/<uuid:pk>/issue/", document_issue, name="document_issue"),
    path("documents/<uuid:pk>/print/", document_print, name="document_print"),
    path("documents/<uuid:pk>/word/", document_word, name="document_word"),
]
