"""What every page shares: icons, state badges, time left, dates, numbers and links that keep the query."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

register = template.Library()

# state → (icon, word). The colour is the CSS class `state-<key>`; ux.md fixes all three, everywhere the same.
STATES: dict[str, tuple[str, Promise]] = {
    "reported": ("hourglass-split", gettext_lazy("Reported")),
    "open": ("record-circle", gettext_lazy("Open")),
    "soon": ("alarm", gettext_lazy("Due today")),
    "overdue": ("exclamation-triangle-fill", gettext_lazy("Overdue")),
    "submitted": ("send-fill", gettext_lazy("Submitted")),
    "checked": ("check2", gettext_lazy("Checked")),
    "returned": ("arrow-return-left", gettext_lazy("Returned")),
    "closed": ("check-circle-fill", gettext_lazy("Closed")),
    "rejected": ("x-circle", gettext_lazy("Rejected")),
    "provisional": ("dash-circle-dotted", gettext_lazy("Provisional")),
}
RUNNING = frozenset({"open", "returned"})
PAGING = ("page", "after", "before")


@cache
def _sprite() -> str:
    return static("dist/icons.svg")


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """Draw one icon of the sprite; without a label it is decoration and hidden from screen readers."""
    return _icon(str(name), str(label), str(css))


@lru_cache(maxsize=2048)
def _icon(name: str, label: str, css: str) -> SafeString:
    # a page draws forty of them
    classes = f"icon {css}".strip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            classes,
            label,
            _sprite(),
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        _sprite(),
        name,
    )


def _value(row: object, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


def shown_state(finding: object, now: datetime | None = None) -> str:
    """Name the state to show: a running finding past its day is overdue, one on its last day is due soon."""
    state = str(_value(finding, "state") or "")
    due_on = _value(finding, "due_on")
    if state not in RUNNING or due_on is None:
        return state
    today = timezone.localdate(now)
    if due_on < today:
        return "overdue"
    return "soon" if due_on == today and state == "open" else state


@register.simple_tag
def state_word(key: str) -> SafeString:
    """Draw the badge of a state by its key: colour, icon and word."""
    symbol, word = STATES.get(str(key), ("question-circle", key))
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', key, icon(symbol), word)


@register.simple_tag(takes_context=True)
def state(context: template.Context, finding: object, now: datetime | None = None) -> SafeString:
    """Draw the badge of a finding (an object or a row of values), given the page's `now`."""
    key = shown_state(finding, now or context.get("now"))
    badge = state_word(key)
    if key == "overdue" and _value(finding, "state") == "returned":
        badge = format_html("{} {}", state_word("returned"), badge)
    return badge


@dataclasses.dataclass(frozen=True)
class Due:
    """How much of a finding's time is used: `percent` of the bar, a colour key and the words."""

    key: str
    percent: int
    words: str
    day: date


def _words_left(left: timedelta) -> str:
    if left < timedelta(0):
        days = -left.days
        return ngettext("%(n)s day overdue", "%(n)s days overdue", days) % {"n": days}
    if left <= timedelta(days=1):
        hours = int(left.total_seconds() // 3600)
        if hours < 1:
            return _("less than an hour left")
        return ngettext("%(n)s hour left", "%(n)s hours left", hours) % {"n": hours}
    return ngettext("%(n)s day left", "%(n)s days left", left.days) % {"n": left.days}


def time_left(finding: object, now: datetime | None = None) -> Due | None:
    """Tell how long a running finding still has until 24:00 of its last day."""
    due_on = _value(finding, "due_on")
    if due_on is None or _value(finding, "state") not in RUNNING:
        return None
    at = timezone.localtime(now)
    end = timezone.make_aware(datetime.combine(due_on + timedelta(days=1), time.min))
    begun = _value(finding, "issued_at") or end - timedelta(days=5)
    total = max((end - begun).total_seconds(), 1)
    percent = min(100, max(0, round(100 * (at - begun).total_seconds() / total)))
    return Due(shown_state(finding, now), percent, _words_left(end - at), due_on)


@register.simple_tag(takes_context=True)
def due(context: template.Context, finding: object, now: datetime | None = None) -> Due | None:
    """Give `components/due.html` what it draws."""
    return time_left(finding, now or context.get("now"))


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """Rewrite the query string: set, or with None or "" remove, keys; the page starts anew unless it is set."""
    request = context.get("request")
    params: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    if not set(changes) & set(PAGING):
        changes = {**dict.fromkeys(PAGING), **changes}
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}"


@register.filter
def local(value: datetime | None) -> str:
    """Write a moment as 2026-11-23 14:05 in Shanghai."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if value else ""


@register.filter
def day(value: date | datetime | None) -> str:
    """Write a day as 2026-11-23."""
    if isinstance(value, datetime):
        value = timezone.localdate(value)
    return value.isoformat() if value else ""


@register.filter
def num(value: int | float | Decimal | None) -> str:
    """Write a number with thousands separated; nothing is a dash."""
    return "–" if value is None or value == "" else f"{value:,}"


@register.filter
def points(value: int | None) -> str:
    """Write 1/100 points with two places; nothing is a dash."""
    if value is None:
        return "–"
    whole, rest = divmod(abs(value), 100)
    return f"{'−' if value < 0 else ''}{whole:,}.{rest:02d}"


@register.filter
def share(part: int, whole: int) -> int:
    """Give the whole per cent that `part` is of `whole`."""
    return round(100 * part / whole) if whole else 0


@register.filter
def get(mapping: Mapping[Any, Any], key: object) -> Any:
    """Look a key up in a mapping."""
    return mapping.get(key)


@register.simple_tag(name="widget_kind_of")
def widget_kind(field: Any) -> str:
    """Name a bound field's widget, for the layout: check, radio, checks, file, hidden, area, select or line."""
    if field.is_hidden:
        return "hidden"
    names = {
        "checkbox": "check",
        "radioselect": "radio",
        "checkboxselectmultiple": "checks",
        "file": "file",
        "clearablefile": "file",
        "textarea": "area",
        "select": "select",
        "selectmultiple": "select",
    }
    return names.get(str(field.widget_type), "line")


_CLASSES = {"check": "form-check-input", "select": "form-select", "radio": "", "checks": ""}


@register.simple_tag
def control(field: Any) -> SafeString:
    """Draw a bound field's control with our classes, its help and its errors tied to it."""
    kind = widget_kind(field)
    described = [f"{field.id_for_label}-help"] if field.help_text else []
    described += [f"{field.id_for_label}-error"] if field.errors else []
    own = field.field.widget.attrs
    classes = [own.get("class", ""), _CLASSES.get(kind, "form-control"), "is-invalid" if field.errors else ""]
    attrs: dict[str, Any] = {"class": " ".join(filter(None, classes))}
    if described and kind not in ("radio", "checks"):
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return SafeString(field.as_widget(attrs=attrs))
