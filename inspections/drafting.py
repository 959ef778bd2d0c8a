"""Begin a document: which findings go on one paper, to whom it goes, and the first words of its passages."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from inspections.models import IN_HAND, Document, Extension, Finding, FindingQuerySet
from inspections.models.documents import MAKERS, DocumentKind
from inspections.models.proposals import Proposal
from inspections.papers import MOST_LISTED
from inspections.steps import State, StepRefused
from villages.models import Division

if TYPE_CHECKING:
    from accounts.models import Post, User

REPLY_DAYS = 3
KIND_OF_LEVEL = {
    Proposal.Level.SUPERVISE: DocumentKind.SUPERVISION,
    Proposal.Level.CIRCULATE: DocumentKind.CIRCULAR,
    Proposal.Level.SUMMON: DocumentKind.TALK,
}
OVERDUE_KINDS = {DocumentKind.SUPERVISION, DocumentKind.TALK, DocumentKind.CIRCULAR}


def kinds_for(user: "User", on: date) -> list[DocumentKind]:
    """Return the kinds of document that the user's desks make."""
    roles = user.roles(on)
    return [kind for kind in DocumentKind if MAKERS[kind] & roles]


def usable(findings: FindingQuerySet, kind: str, post: "Post") -> FindingQuerySet:
    """Limit findings to those a paper of this kind and desk may list."""
    found = findings.issued()
    if post.role == Role.TOWNSHIP:
        found = found.filter(township=post.division)
    elif kind == DocumentKind.REPORT:
        found = found.filter(county=post.division)
    else:
        found = found.filter(issuing_office=post.division)
    if kind in OVERDUE_KINDS or kind == DocumentKind.EXTENSION:
        return found.in_hand()
    return found.filter(state=State.CLOSED) if kind == DocumentKind.CLOSING else found


NONE_FITS: dict[str, str] = {
    DocumentKind.CLOSING: "closed",
    DocumentKind.EXTENSION: "in_hand",
    **dict.fromkeys(OVERDUE_KINDS, "in_hand"),
}


def refusal_text(kind: str) -> str:
    """Say why none of the picked findings fits on such a paper."""
    words = {
        "closed": _("Pick findings of your office that are closed."),
        "in_hand": _("Pick findings of your office that are open or returned."),
        "": _("Pick issued findings of your office."),
    }
    return words[NONE_FITS.get(kind, "")]


@transaction.atomic
def draft_for(
    user: "User", at: datetime, kind: str, picked: FindingQuerySet, proposal: Proposal | None = None
) -> list[Document]:
    """Draft one paper per addressee for the picked findings; raise StepRefused when none of them fits."""
    on = timezone.localdate(at)
    drafts: list[Document] = []
    for post in _posts(user, kind, on, proposal):
        found = usable(picked, kind, post).for_list().order_by("township__position", "number")[:MOST_LISTED]
        for group in groups_of(list(found), post):
            drafts.append(_draft(post, user, at, kind, group, proposal))
    if not drafts:
        raise StepRefused(refusal_text(kind), "invalid")
    return drafts


def _posts(user: "User", kind: str, on: date, proposal: Proposal | None) -> list["Post"]:
    """Return the user's posts that make such a paper, one for each desk."""
    posts = {p.division_id: p for p in user.posts_on(on) if p.role in MAKERS[kind] and p.division_id}
    return [p for key, p in posts.items() if proposal is None or key == proposal.office_id]


def groups_of(findings: Sequence[Finding], post: "Post") -> list[list[Finding]]:
    """Split findings by the desk a paper would go to: by unit for the city, by township for a unit, by issuer below."""
    groups: dict[UUID, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[_group_key(finding, post)].append(finding)
    return list(groups.values())


def _group_key(finding: Finding, post: "Post") -> UUID:
    if post.role == Role.CITY_OFFICE:
        return finding.county_id
    if post.role == Role.COUNTY_OFFICE and finding.issuing_office_id == post.division_id:
        return finding.township_id
    return finding.issuing_office_id


def addressees(document: Document, findings: Sequence[Finding]) -> list[Division]:
    """Return whom a paper of this desk about these findings may go to, the likeliest first."""
    offices = {f.issuing_office_id: f.issuing_office for f in findings}
    if document.office.level == Division.Level.TOWNSHIP or document.kind == DocumentKind.REPORT:
        counties = {f.county_id: f.county for f in findings}
        both = {**offices, **counties}
        return [place for place in both.values() if place.pk != document.office_id] or list(offices.values())
    townships = list({f.township_id: f.township for f in findings}.values())
    county = [findings[0].county] if findings and document.office.level == Division.Level.CITY else []
    return [*townships, *county] if len(townships) == 1 else county or townships[:1]


def _draft(
    post: "Post", user: "User", at: datetime, kind: str, findings: list[Finding], proposal: Proposal | None
) -> Document:
    assert post.division is not None  # noqa: S101 - draft_for leaves posts without a place out
    probe = Document(kind=kind, office=post.division)
    return Document.objects.draft(
        post=post, by=user, at=at, kind=kind, addressee=addressees(probe, findings)[0], county=findings[0].county,
        picked=[f.pk for f in findings], text=first_words(kind, findings, timezone.localdate(at)), proposal=proposal,
    )  # fmt: skip


# --- from a proposal ----------------------------------------------------------------------------------------------
@transaction.atomic
def sign(proposal: Proposal, user: "User", at: datetime, remark: str = "") -> list[Document]:
    """Sign a proposal: an urge is carried out, any other measure becomes a draft that is still to be issued."""
    proposal.sign(by=user, at=at, remark=remark)
    kind = KIND_OF_LEVEL.get(Proposal.Level(proposal.level))
    if kind is None:
        return []
    return draft_for(user, at, kind, findings_of(proposal, timezone.localdate(at)), proposal)


def findings_of(proposal: Proposal, on: date) -> FindingQuerySet:
    """Return the finding of a proposal, or the township's findings that are overdue by its days."""
    if proposal.finding_id:
        return Finding.objects.filter(pk=proposal.finding_id)
    since = on - timedelta(days=proposal.facts["days"])
    mine = Finding.objects.filter(township=proposal.township, issuing_office=proposal.office_id)
    return mine.filter(state__in=IN_HAND, due_on__lte=since)


# --- first words --------------------------------------------------------------------------------------------------
def first_words(kind: str, findings: Sequence[Finding], on: date) -> dict[str, str]:
    """Return the passages that a draft begins with; people write the rest."""
    if kind == DocumentKind.ASSIGNMENT:
        return {"requirements": _assignment(findings)}
    if kind == DocumentKind.EXTENSION:
        return _extension(findings)
    if kind == DocumentKind.CLOSING:
        return {
            "verified": _("The after-photos were compared with the before-photos."),
            "opinion": _("Closed."),
        }
    if kind == DocumentKind.REPORT:
        done = sum(f.state not in IN_HAND for f in findings)
        words = _("Of %(n)s problems assigned, %(done)s have been put right and submitted.")
        return {"overview": words % {"n": len(findings), "done": done}}
    return _overdue_words(kind, findings, on)


def _assignment(findings: Sequence[Finding]) -> str:
    days = sorted(f.due_on for f in findings if f.due_on)
    due = f"{days[-1]:%Y-%m-%d}" if days else "–"
    words = _(
        "Please put the problems right by their due dates, the last of which is %(due)s, "
        "and report measures, results and photos in the system."
    )
    return words % {"due": due}


def _extension(findings: Sequence[Finding]) -> dict[str, str]:
    asked = (
        Extension.objects.filter(finding__in=findings, cause=Extension.Cause.ASKED)
        .order_by("-asked_at")
        .first()
    )
    return {"reason": asked.reason, "until": f"{asked.until:%Y-%m-%d}"} if asked else {}


def _overdue_words(kind: str, findings: Sequence[Finding], on: date) -> dict[str, str]:
    late = [(on - f.due_on).days for f in findings if f.due_on and f.due_on < on]
    facts = {"n": len(late), "days": max(late, default=0)}
    words = {
        "matter": _("%(n)s problems are overdue, the longest by %(days)s days.") % facts,
        "requirements": _(
            "Put the problems right at once, find the cause, and see that they do not come back."
        ),
        "reply_by": f"{on + timedelta(days=REPLY_DAYS):%Y-%m-%d}",
    }
    wanted: Iterable[str] = {
        DocumentKind.SUPERVISION: ("matter", "requirements", "reply_by"),
        DocumentKind.CIRCULAR: ("matter", "requirements"),
    }.get(DocumentKind(kind), ("matter",))
    return {key: words[key] for key in wanted}
