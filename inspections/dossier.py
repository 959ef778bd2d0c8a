"""What a page shows around a finding: photos, timeline, requests, hints; each in a constant number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Post
from inspections import photo_rules
from inspections.models import Finding, FindingEvent, NearDuplicate, PhotoUse, Visit
from inspections.on_site import OnSiteCheck
from inspections.steps import STEPS, PartName, State

if TYPE_CHECKING:
    from accounts.models import User

# events that are no step of the table
OTHER_EVENTS: dict[str, Promise] = {
    "report": gettext_lazy("Problem recorded"),
    "undo": gettext_lazy("Undone"),
    "rectify": gettext_lazy("Submitted for review"),
    "attach": gettext_lazy("File added"),
    "decide_plan": gettext_lazy("Plan decided"),
    "decide_extension": gettext_lazy("Extension decided"),
    "decide_claim": gettext_lazy("Claim decided"),
    "date_set": gettext_lazy("Due date set"),
    "check_lapsed": gettext_lazy("County check lapsed"),
}
UNDOABLE = [name for name, step in STEPS.items() if step.undoable]


# --- photos ---------------------------------------------
def photo_sides(uses: Iterable[PhotoUse]) -> dict[str, list[dict[str, str]]]:
    """Return the viewer's `before` and `after` from uses that were fetched with `for_list`."""
    sides: dict[str, list[dict[str, str]]] = {"before": [], "after": []}
    for use in uses:
        photo = use.photo
        sides[use.side].append(
            {
                "url_large": photo.large_url,
                "url_small": photo.small_url,
                "caption": _caption(use),
                "id": str(photo.pk),
            }
        )
    return sides


def _caption(use: PhotoUse) -> str:
    photo = use.photo
    parts = [_("received %(at)s") % {"at": _moment(photo.received_at)}]
    if photo.captured_at:
        parts.append(_("taken %(at)s by the phone's clock") % {"at": _moment(photo.captured_at)})
    if photo.source:
        parts.append(str(photo.get_source_display()))
    if photo.lat is not None:
        parts.append(_("with position"))
    if photo.sealed_sha256:
        parts.append(_("position removed (sensitive area)"))
    return " · ".join(parts)


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Arrival:
    """How many declared before-photos are there, the first one to show, whether the visit's sheet is still out."""

    declared: int
    here: int
    first: str = ""
    lacks_sheet: bool = False

    @property
    def missing(self) -> int:
        """Return how many have not come."""
        return self.declared - self.here

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing is waited for."""
        return not self.missing and not self.lacks_sheet


def arrivals(findings: Iterable[Finding]) -> dict[UUID, Arrival]:
    """Tell for each finding what has arrived; one query for all, and one where some belong to visits."""
    rows = list(findings)
    uses = PhotoUse.objects.filter(finding__in=rows, side="before").for_list()
    shown: dict[UUID, dict[UUID, PhotoUse]] = {}
    for use in uses:
        shown.setdefault(use.finding_id, {})[use.photo_id] = use
    out = _without_sheet(rows)
    return {row.pk: _arrival(row, shown.get(row.pk, {}), row.pk in out) for row in rows}


def _without_sheet(findings: list[Finding]) -> set[UUID]:
    """Return the reports whose visit has no sheet that names them."""
    waiting = [row for row in findings if row.visit_id and row.state == State.REPORTED]
    visits = Visit.objects.in_bulk({row.visit_id for row in waiting}) if waiting else {}
    return {row.pk for row in waiting if not (visit := visits.get(row.visit_id)) or not visit.names(row.pk)}


def _arrival(finding: Finding, uses: dict[UUID, PhotoUse], lacks_sheet: bool) -> Arrival:
    declared = photo_rules.declared(finding.declared_photos)
    here = sum(
        1
        for key, sha in declared.items()
        if key in uses and photo_rules.same_bytes(sha, uses[key].photo.sha256)
    )
    first = next(iter(uses.values()), None)
    return Arrival(len(declared), here, first.photo.small_url if first else "", lacks_sheet)


# --- timeline ---------------------------------------------
def timeline(finding: Finding, user: "User", on: date) -> list[dict[str, Any]]:
    """Return the rows of `components/timeline.html`: who, from which unit, when, what; in two queries."""
    events = list(finding.timeline(user, on))
    posts = Post.objects.filter(user__in={event.by_id for event in events if event.by_id})
    by_user: dict[UUID, list[Post]] = {}
    for post in posts.select_related("division", "organisation").order_by("since", "pk"):
        by_user.setdefault(post.user_id, []).append(post)
    undone = {event.data.get("undone") for event in events}
    return [_row(event, by_user, event.pk in undone) for event in events]


def _row(event: FindingEvent, posts: dict[UUID, list[Post]], undone: bool) -> dict[str, Any]:
    label = _label(event)
    return {
        "event": event,
        "step": event.step,
        "by": event.by,
        "step_label": _("%(step)s (undone)") % {"step": label} if undone else label,
        "by_name": str(event.by) if event.by else "",
        "unit": _unit(posts.get(event.by_id, []) if event.by_id else [], timezone.localdate(event.at)),
        "at": event.at,
        "remark": _remark(event),
        "to_state": event.to_state,
        "undone": undone,
    }


def _remark(event: FindingEvent) -> str:
    seen = OnSiteCheck.read(event.data)
    return "\n".join(filter(None, (event.remark, seen.words() if seen else "")))


def on_site(rows: Iterable[dict[str, Any]]) -> str:
    """Return the on-site check that the latest submission was decided on, from the rows of the timeline."""
    found = ""
    for row in rows:
        seen = None if row["undone"] else OnSiteCheck.read(row["event"].data)
        found = seen.words() if seen else "" if row["step"] == "rectify" else found
    return found


def _label(event: FindingEvent) -> str:
    if event.step == "sample":
        return (
            _("Sampled by the city: in order")
            if event.data.get("accept")
            else _("Sampled by the city: not in order")
        )
    return str(
        OTHER_EVENTS.get(event.step) or (STEPS[event.step].label if event.step in STEPS else event.step)
    )


def _unit(posts: Sequence[Post], on: date) -> str:
    held = [post for post in posts if post.holds_on(on)]
    return str(held[0].division or held[0].organisation or "") if held else ""


# --- requests and hints ---------------------------------------------
def requests(finding: Finding) -> list[dict[str, Any]]:
    """Return plans, extensions and claims, the newest first, each with its kind."""
    people = ("asked_by", "decided_by")
    rows = [
        {"kind": "plan", "row": row}
        for row in finding.plans.select_related(*people).prefetch_related("milestones")
    ]
    rows += [{"kind": "extension", "row": row} for row in finding.extensions.select_related(*people)]
    rows += [{"kind": "claim", "row": row} for row in finding.claims.select_related(*people, "duplicate_of")]
    return sorted(rows, key=lambda entry: entry["row"].asked_at, reverse=True)


@dataclass(frozen=True)
class Lookalike:
    """A photo of another finding that looks the same as one of this finding."""

    finding: Finding
    mine: str
    other: str
    distance: int


def lookalikes(finding: Finding, uses: Sequence[PhotoUse], user: "User", on: date) -> list[Lookalike]:
    """Return the near-duplicates that the user may see, closest first; only for those who review."""
    mine = {use.photo_id: use.photo for use in uses}
    flags = list(NearDuplicate.objects.among(mine)) if mine else []
    others = {flag.other_id if flag.photo_id in mine else flag.photo_id for flag in flags}
    seen = Finding.objects.visible_to(user, on).exclude(pk=finding.pk)
    shown = {
        u.photo_id: u
        for u in PhotoUse.objects.filter(photo__in=others, finding__in=seen).select_related(
            "finding", "photo"
        )
    }
    found = []
    for flag in flags:
        here, there = (
            (flag.photo_id, flag.other_id) if flag.photo_id in mine else (flag.other_id, flag.photo_id)
        )
        if use := shown.get(there):
            found.append(Lookalike(use.finding, mine[here].small_url, use.photo.small_url, flag.distance))
    return found


@dataclass(frozen=True)
class Undo:
    """A decision that its taker can still take back."""

    finding: Finding
    label: str
    seconds: int
    version: int = field(default=0)


def undo_for(user: "User", at: datetime, finding: Finding | None = None) -> Undo | None:
    """Return the user's latest decision if it can still be undone, on one finding or on any."""
    since = at - timedelta(seconds=settings.UNDO_SECONDS)
    events = FindingEvent.objects.filter(by=user, at__gte=since, step__in=UNDOABLE).select_related("finding")
    event = (events.filter(finding=finding) if finding else events).order_by("-at", "-pk").first()
    if event is None or event.finding.undo_refusal(event, user, at):
        return None
    left = settings.UNDO_SECONDS - int((at - event.at).total_seconds())
    return Undo(event.finding, str(STEPS[event.step].label), left, event.version)


def reviews(finding: Finding, user: "User", on: date) -> bool:
    """Tell whether the user is on the deciding side of this finding."""
    deciding = [step for step in STEPS.values() if step.part == PartName.DECIDE]
    actors = finding.actors(user, on)
    return any(step.actors & actors for step in deciding)
