"""The audit log for auditors and administrators."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from audit.models import Entry, EntryQuerySet, Verb

# named here and not imported: this app knows no other, the user tells its roles as words
READERS = frozenset({"auditor", "sysadmin"})
PER_PAGE = 50


class FilterForm(forms.Form):
    """The query bar: every field is optional and stands in the address."""

    actor = forms.CharField(label=_("Who"), required=False, max_length=150)
    verb = forms.ChoiceField(label=_("Action"), required=False)
    what = forms.CharField(label=_("What"), required=False, max_length=250)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    request = forms.UUIDField(label=_("Reference"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"] = forms.ChoiceField(
            label=_("Action"), required=False, choices=[("", _("All")), *Verb.choices]
        )


@dataclass(frozen=True)
class KeyPage:
    """A page cut by key: it costs the same at the start and at the ten-millionth entry."""

    entries: list[Entry]
    next_key: int | None
    previous_key: int | None
    total: None = None

    @property
    def has_next(self) -> bool:
        """Tell whether older entries follow."""
        return self.next_key is not None

    @property
    def has_previous(self) -> bool:
        """Tell whether newer entries come before."""
        return self.previous_key is not None


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """List who did what, newest first."""
    roles: set[str] = request.user.roles(timezone.localdate())  # type: ignore[union-attr]
    if not READERS & roles:
        raise Http404
    form = FilterForm(request.GET)
    found = matching(form) if form.is_valid() else Entry.objects.none()
    page = cut(found, _key(request, "after"), _key(request, "before"))
    filtered = any(request.GET.get(name) for name in form.fields)
    return render(request, "audit/audit.html", {"form": form, "page": page, "filtered": filtered})


def _key(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def matching(form: FilterForm) -> EntryQuerySet:
    """Return the entries that the filters leave."""
    data = form.cleaned_data
    rows = Entry.objects.between(_midnight(data["since"]), _midnight(data["until"], days=1))
    if data["actor"]:
        rows = rows.filter(actor_name__icontains=data["actor"])
    if data["verb"]:
        rows = rows.filter(verb=data["verb"])
    if data["what"]:
        rows = rows.filter(label__icontains=data["what"])
    return rows.filter(request_id=str(data["request"])) if data["request"] else rows


def _midnight(day: dt.date | None, days: int = 0) -> dt.datetime | None:
    if day is None:
        return None
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min))


def cut(rows: EntryQuerySet, after: int | None, before: int | None) -> KeyPage:
    """Return one page of the rows: those older than `after`, or those just newer than `before`."""
    if before is not None and after is None:
        found = list(rows.filter(id__gt=before).order_by("id")[: PER_PAGE + 1])
        more_above, found = len(found) > PER_PAGE, found[:PER_PAGE][::-1]
        more_below = True
    else:
        found = list(rows.older_than(after).newest_first()[: PER_PAGE + 1])
        more_above, more_below, found = after is not None, len(found) > PER_PAGE, found[:PER_PAGE]
    return KeyPage(
        found,
        next_key=found[-1].pk if found and more_below else None,
        previous_key=found[0].pk if found and more_above else None,
    )
