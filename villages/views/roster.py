"""The roster of responsibilities (包保责任清单): list, add, end, import, export; the persons on it."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.log import record
from villages.access import DIFFICULTY_READERS, KEEPERS, keeps, keeps_person, may, require, today
from villages.forms import EndForm, PersonForm, PlaceForm, ResponsibilityForm, RosterFilter
from villages.models import Area, Division, Person, Responsibility, RosterRefused, Village
from villages.workbooks import download, workbook

PER_PAGE = 20
# The official form, in the headings that the import reads; Chinese in either language.
HEADINGS = (
    "序号",
    "姓名",
    "职务",
    "单位",
    "电话",
    "包保类型",
    "区市县",
    "片区",
    "乡镇街道",
    "村",
    "起始日期",
    "依据",
)


def _rows(request: HttpRequest) -> tuple[Any, RosterFilter]:
    """Return the rows that the query string asks for, in roster order, and its form."""
    on, user = today(), cast(Any, request.user)
    divisions = Division.objects.visible_to(request.user, on)
    form = RosterFilter(request.GET, counties=divisions.filter(level="county").order_by("position"))
    wanted = form.cleaned_data if form.is_valid() else {}
    day = wanted.get("on") or on
    # whose places: those of today, whatever day is asked for
    mine = user.places(on).q(county="in_county_id", township="in_township_id", village="village_id")
    rows = Responsibility.objects.on(day).with_places(day).filter(mine).for_list().search(wanted.get("q", ""))
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    if wanted.get("county"):
        rows = rows.filter(in_county_id=wanted["county"].pk)
    return rows.in_order(), form


def _name_places(rows: list[Any]) -> None:
    """Give each row the names of its township and unit (one query for all)."""
    ids = {key for row in rows for key in (row.in_township_id, row.in_county_id)}
    names = {row.pk: row.label for row in Division.objects.filter(pk__in=ids)}
    for row in rows:
        row.township_label = names.get(row.in_township_id, "")
        row.county_label = names.get(row.in_county_id, "")


@require_safe
def responsibilities(request: HttpRequest) -> HttpResponse:
    """Show who covers what in the user's places."""
    rows, form = _rows(request)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    _name_places(page.object_list)
    kept = keeps(request.user, today())
    for row in page.object_list:
        row.kept = bool(kept) and row.until is None and kept.covers(county=row.in_county_id, township=None)
    context = {
        "page": page,
        "form": form,
        "may_keep": bool(kept),
        "reads_difficulties": may(request.user, today(), *DIFFICULTY_READERS),
    }
    return render(request, "villages/responsibilities.html", context)


@require_safe
def responsibilities_export(request: HttpRequest) -> HttpResponse:
    """Download the roster as Excel, in the columns that the import reads."""
    rows = list(_rows(request)[0])
    _name_places(rows)
    kept = keeps(request.user, today())
    lines = [
        (number, *_line(row, phone=bool(kept) and kept.covers(county=row.in_county_id, township=None)))
        for number, row in enumerate(rows, start=1)
    ]
    record(request, "export", label="responsibilities", rows=len(lines))
    return download(workbook("包保责任清单", HEADINGS, lines), f"responsibilities-{today()}")


def _line(row: Any, *, phone: bool) -> tuple[object, ...]:
    """Return one line of the roster; telephone numbers are for those who keep it."""
    kinds = {"municipal": "市级领导", "county": "县级领导", "township": "乡镇领导", "secretary": "街道书记"}
    person = row.person
    return (
        *(person.name, person.title, person.employer, person.phone if phone else ""),
        kinds.get(row.kind, "村书记"),
        row.county_label,
        row.area.name if row.area else "",
        row.township_label if row.township_id or row.village_id else "",
        row.village.name if row.village else "",
        row.since.isoformat(),
        row.basis,
    )


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def responsibility_add(request: HttpRequest) -> HttpResponse:
    """Choose kind and unit first, then place and person."""
    on = today()
    counties = Division.objects.counties(on).filter(
        keeps(request.user, on).q(county="pk", township="pk", village="pk")
    )
    chosen = PlaceForm(request.GET if "kind" in request.GET else None, counties=counties)
    if not chosen.is_valid():
        return render(request, "villages/responsibility_place.html", {"form": chosen})
    kind, county = chosen.cleaned_data["kind"], chosen.cleaned_data["county"]
    form = ResponsibilityForm(
        request.POST or None,
        initial={"since": on, "place": request.GET.get("place")},
        places=_places(kind, county),
    )
    if request.method == "POST" and form.is_valid() and _assign(form, kind):
        messages.success(request, _("Entered in the roster."))
        return redirect("responsibilities")
    context = {"form": form, "kind": Responsibility.Kind(kind).label, "county": county}
    return render(request, "villages/responsibility_add.html", context)


def _places(kind: str, county: Division) -> Any:
    """Return the places of a unit that a kind of responsibility can be for."""
    on = today()
    target = Responsibility.TARGETS[kind]
    if target == "county":
        return Division.objects.filter(pk=county.pk)
    if target == "area":
        return Area.objects.on(on).filter(county=county).order_by("name")
    if target == "township":
        return Division.objects.townships(on).filter(county_id=county.pk)
    return Village.objects.current(on).with_places(on).filter(county_id=county.pk).order_by("code")


def _assign(form: ResponsibilityForm, kind: str) -> bool:
    """Store the person if new, and the responsibility; False with the reason on the form."""
    wanted = {key: form.cleaned_data[key] for key in ("place", "since", "basis", "replace")}
    try:
        with transaction.atomic():
            person = form.chosen_person()
            if person._state.adding:
                person.save(force_insert=True)
            Responsibility.objects.assign(person=person, kind=kind, **wanted)
    except RosterRefused as refused:
        form.add_error(None, str(refused))
        return False
    return True


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def responsibility_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a responsibility end on a day."""
    on = today()
    kept = Responsibility.objects.open().visible_to(request.user, on, *KEEPERS)
    row = get_object_or_404(kept.for_list(), pk=pk)
    form = EndForm(request.POST or None, initial={"on": on})
    if request.method == "POST" and form.is_valid():
        try:
            row.end(on=form.cleaned_data["on"])
            return redirect("responsibilities")
        except RosterRefused as refused:
            form.add_error("on", str(refused))
    return render(request, "villages/responsibility_end.html", {"row": row, "form": form})


@require_safe
def person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a person and what they cover and covered in the user's places."""
    found = get_object_or_404(Person, pk=pk)
    on = today()
    rows = list(
        Responsibility.objects.filter(person=found)
        .visible_to(request.user, on)
        .for_list()
        .order_by("-since", "pk")
    )
    if not rows and not keeps_person(request.user, found, on) and not may(request.user, on, "sysadmin"):
        raise Http404
    _name_places(rows)
    context = {
        "person": found,
        "rows": rows,
        "may_keep": keeps_person(request.user, found, on),
        "on": on,
    }
    return render(request, "villages/person.html", context)


@require(*KEEPERS)
@require_http_methods(["GET", "POST"])
def person_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct a person's name, title, employer and phone."""
    found = get_object_or_404(Person, pk=pk)
    if not keeps_person(request.user, found, today()):
        raise Http404
    form = PersonForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(found)
    return render(request, "villages/person_edit.html", {"person": found, "form": form})


urlpatterns = [
    path("responsibilities/", responsibilities, name="responsibilities"),
    path("responsibilities/export/", responsibilities_export, name="responsibilities_export"),
    path("responsibilities/add/", responsibility_add, name="responsibility_add"),
    path("responsibilities/<uuid:pk>/end/", responsibility_end, name="responsibility_end"),
    path("persons/<uuid:pk>/", person, name="person"),
    path("persons/<uuid:pk>/edit/", person_edit, name="person_edit"),
]
