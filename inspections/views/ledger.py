"""The ledger: the list of findings a user may see, what can be done with several at once, and the printed page."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from secrets import token_hex
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import scope
from accounts.access import require, user_of
from accounts.models import Role, User
from inspections import drafting, ledger, ledger_rows, official
from inspections.forms import ledger as bar
from inspections.forms import phrases
from inspections.forms.ledger import BulkForm
from inspections.models import ExportJob, Finding
from inspections.models.batches import Outcome, take_each
from inspections.tasks_exports import hasten

READERS = tuple(role for role in Role.values if role != Role.SYSADMIN)
OFFICES = {Role.CITY_OFFICE, Role.COUNTY_OFFICE}
MOST_PRINTED = 500
MOST_PICKED = 200


@require(*READERS)
@require_safe
def ledger_list(request: HttpRequest) -> HttpResponse:
    """Show one page of the ledger as the address asks for it."""
    user, at = user_of(request), timezone.now()
    query, scoped = ledger.Query.read(request.GET), False
    if place := scope.place(request, user, timezone.localdate(at)):
        if not _names_places(request) and place.level in ledger.PLACE_OF_LEVEL:
            own = {ledger.PLACE_OF_LEVEL[place.level]: str(place.pk)}
            return redirect(reverse("ledger") + bar.address(query, **own))
        query, scoped = replace(query, places="" if query.names_place else "all"), True
    return render(request, "inspections/ledger/list.html", page(request, user, at, query, scoped=scoped))


def _names_places(request: HttpRequest) -> bool:
    """Tell whether the address says itself which places it is about; an emptied choice says: all."""
    return any(name in request.GET for name in (*ledger.PLACES, "places"))


def page(
    request: HttpRequest, user: User, at: datetime, query: ledger.Query, *, scoped: bool
) -> dict[str, Any]:
    """Return what the list shows: three queries, and two a minute for the choices.

    Callables are for the parts that the template keeps for a minute under `bar_key` and `asked`.
    """
    on = timezone.localdate(at)
    seen = Finding.objects.visible_to(user, on)
    counts = ledger.counts(ledger.matching(seen, query, on), on)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    asked = ledger.select(seen, query, on).with_requests()
    rows = ledger.page(asked, query, ledger_rows.COLUMNS, after=after, before=before)
    minute = int(at.timestamp()) // 60
    found = bar.choices(user, on, minute)
    villages = bar.villages_of(query.township, on)
    selects = cache(lambda: bar.selects(query, found, villages))
    return {
        "query": query,
        "asked": bar.address(query),
        "rows": ledger_rows.table(rows.rows, at),
        "empty": not rows.rows,
        "columns": cache(lambda: _heads(query)),
        "tabs": _tabs(query, counts, user, at),
        "total": str(len(rows.rows)) if query.sample else counts.words(query.state),
        "sample_url": _sample_url(query, counts) if user.has_role(Role.CITY_OFFICE, on) else "",
        "sample_size": ledger.SAMPLE,
        "previous_url": bar.address(query, before=rows.previous_key) if rows.has_previous else "",
        "next_url": bar.address(query, after=rows.next_key) if rows.has_next else "",
        "bar_key": f"{user.pk} {minute}",
        "selects": lambda: selects()[0],
        "more": lambda: selects()[1],
        "more_open": lambda: _is_open(query, selects()[1]),
        "chips": bar.chips(query, found, villages, scoped=scoped),
        "clear_url": bar.address(
            ledger.Query(state=query.state, sort=query.sort, places="all" if scoped else "")
        ),
        "may_urge": bool(user.roles(on) & OFFICES),
        "makes_documents": query.state not in ledger.NOT_ISSUED and bool(drafting.kinds_for(user, on)),
        "phrases": phrases.URGE,
    }


def _is_open(query: ledger.Query, more: list[bar.Select]) -> bool:
    """Tell whether something behind "more" is asked for."""
    return any(select.name in query.asked() for select in more) or bool(query.since or query.until)


def _sample_url(query: ledger.Query, counts: ledger.Counts) -> str:
    """Return the address of a new draw from the list, where it is longer than a sample."""
    if counts.tabs.get(query.state, 0) <= ledger.SAMPLE:
        return ""
    return bar.address(query, sample=f"{ledger.SAMPLE}-{token_hex(4)}")


def _tabs(query: ledger.Query, counts: ledger.Counts, user: User, at: datetime) -> list[dict[str, Any]]:
    """Return the tabs; those of what is not issued only for whom there is such a thing."""
    issuing = bool(user.roles(timezone.localdate(at)) & {*OFFICES, Role.INSPECTOR})
    return [
        {
            "label": label,
            "url": bar.address(query, state=tab, sample=""),
            "words": counts.words(tab),
            "active": tab == query.state,
            "state": {"today": "soon"}.get(tab, tab),
        }
        for tab, label in ledger.TABS.items()
        if tab not in ledger.NOT_ISSUED or tab == query.state or (issuing and counts.tabs.get(tab))
    ]


def _heads(query: ledger.Query) -> list[dict[str, Any]]:
    columns = (ledger_rows.Column("number", ledger.SORTS["number"][1], "number"), *ledger_rows.TABLE)
    return [{"column": column, **_sorting(column.sort, query)} for column in columns]


def _sorting(name: str, query: ledger.Query) -> dict[str, str]:
    if not name or query.state in ledger.NOT_ISSUED:
        return {}
    down, up = f"-{name}", name
    now = {down: "descending", up: "ascending"}.get(query.sort, "")
    # what is newest, most or latest comes first, but the earliest due date does
    first, second = (up, down) if name == "due" else (down, up)
    return {"url": bar.address(query, sort=second if query.sort == first else first), "now": now}


# --- several at once ----------------------------------------------------------------------------------------------
@require(*READERS)
@require_POST
def ledger_bulk(request: HttpRequest) -> HttpResponse:
    """Urge, issue or export the rows that were ticked; each finding's own rules decide."""
    user, at = user_of(request), timezone.now()
    form, back = BulkForm(request.POST), _back(request)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    picked, do = form.cleaned_data["pick"][:MOST_PICKED], form.cleaned_data["do"]
    seen = Finding.objects.visible_to(user, timezone.localdate(at)).filter(pk__in=picked)
    if do == "export":
        return _export(user, at, [str(pk) for pk in seen.values_list("pk", flat=True)], {})
    outcomes = _urge(seen, user, at, form.cleaned_data["remark"]) if do == "urge" else _issue(seen, user, at)
    done = sum(1 for outcome in outcomes if not outcome.refusal)
    if done:
        messages.success(request, ngettext("%(n)s finding done.", "%(n)s findings done.", done) % {"n": done})
    refused = [outcome for outcome in outcomes if outcome.refusal]
    if refused:
        return render(
            request, "inspections/ledger/outcomes.html", {"refused": refused, "back": back}, status=409
        )
    return redirect(back)


def _urge(seen: Any, user: User, at: datetime, remark: str) -> list[Outcome]:
    return take_each(seen.for_list(), lambda finding: finding.urge(by=user, at=at, remark=remark))


def _issue(seen: Any, user: User, at: datetime) -> list[Outcome]:
    return take_each(seen.for_list(), lambda finding: finding.issue(by=user, at=at, kind=finding.kind))


def _back(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else reverse("ledger")


def _export(user: User, at: datetime, picked: list[str], query: dict[str, str]) -> HttpResponse:
    job = ExportJob.objects.ask(
        by=user, at=at, language=get_language() or user.speaks, picked=picked, query=query
    )
    hasten(job.pk)
    return redirect("export", job.pk)


@require(*READERS)
@require_POST
def ledger_export(request: HttpRequest) -> HttpResponse:
    """Ask for a workbook of everything that the address of the list asks for."""
    query = ledger.Query.read(request.POST)
    return _export(user_of(request), timezone.now(), [], query.asked())


# --- on paper -----------------------------------------------------------------------------------------------------
@require(*READERS)
@require_safe
def ledger_print(request: HttpRequest) -> HttpResponse:
    """Show the same list in the official form, to be printed on A4 landscape."""
    user, at = user_of(request), timezone.now()
    on, query = timezone.localdate(at), ledger.Query.read(request.GET)
    found = ledger.select(Finding.objects.visible_to(user, on), query, on)
    lines = list(official.lines(found[: MOST_PRINTED + 1], on))
    shown = lines[:MOST_PRINTED]
    context = {
        "columns": official.COLUMNS,
        "rows": [official.texts(serial, line) | {"line": line} for serial, line in enumerate(shown, 1)],
        "totals": official.named_totals(official.count(shown)),
        "cut": len(lines) > MOST_PRINTED,
        "most": MOST_PRINTED,
        "title": _("Rectification ledger"),
        "back": reverse("ledger") + bar.address(query),
        "now": at,
    }
    return render(request, "inspections/ledger/print.html", context)


urlpatterns = [
    path("", ledger_list, name="ledger"),
    path("bulk/", ledger_bulk, name="ledger_bulk"),
    path("export/", ledger_export, name="ledger_export"),
    path("print/", ledger_print, name="ledger_print"),
]
