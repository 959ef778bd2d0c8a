"""The way of a round from its basis to its closing: what is done, what is next, and where that is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inspections.models import Draw, Round, RoundState, VisitKind
from inspections.rounds_progress import Progress


@dataclass
class Stage:
    """One stage: its word, what stands there, the page (URL name) where it is done and the word on its button."""

    label: str | Promise
    page: str
    button: str | Promise
    done: bool = False
    text: str = ""
    next: bool = False
    waits: bool = False  # nothing can be done yet


def path_of(row: Round, draws: Sequence[Draw], figures: Progress | None, on: date) -> list[Stage]:
    """Return the stages in their order; at most one is next."""
    looks_back = row.kind == VisitKind.LOOK_BACK
    stages = [_basis(row), _teams(row), _list(row, draws), _number(row, draws, on), _opening(row)]
    if row.state != RoundState.PLANNING:
        stages += [_cases(row) if looks_back else _visits(figures), _closing(row)]
    first = next((stage for stage in stages if not stage.done), None)
    if first is not None:
        first.next = True
    return stages


def _basis(row: Round) -> Stage:
    stage = Stage(
        gettext_lazy("Basis document and number in the approved plan"), "round_change", gettext_lazy("Enter the basis")
    )  # fmt: skip
    stage.done = bool(row.basis_document.strip() and row.plan_number.strip())
    stage.text = " · ".join(part for part in (row.basis_document, row.plan_number) if part)
    if not stage.done:
        stage.text = _("Without them a round does not open.")
    return stage


def _teams(row: Round) -> Stage:
    count = row.teams.standing().count()
    stage = Stage(gettext_lazy("Teams"), "round_teams", gettext_lazy("Put inspectors into teams"))
    stage.done = bool(count)
    stage.text = ngettext("%(n)s team", "%(n)s teams", count) % {"n": count}
    return stage


def _list(row: Round, draws: Sequence[Draw]) -> Stage:
    page = "lookback_draw" if row.kind == VisitKind.LOOK_BACK else "round_freeze"
    stage = Stage(gettext_lazy("List frozen, commitment made"), page, gettext_lazy("Freeze the list"))
    last = draws[-1] if draws else None
    stage.done = row.draw_id is not None or (last is not None and last.drawn_at is None)
    if last is not None and stage.done:
        stage.text = f"{last.commitment[:16]}…"
    elif last is not None:
        stage.text = _("Something changed that the draw depended on. It is made again, with a reason.")
    else:
        stage.text = _("From then on nobody can choose.")
    return stage


def _number(row: Round, draws: Sequence[Draw], on: date) -> Stage:
    looks_back = row.kind == VisitKind.LOOK_BACK
    label = (
        _("Public number mixed in, findings drawn")
        if looks_back
        else _("Public number mixed in, visits drawn")
    )
    stage = Stage(label, "round_mix", gettext_lazy("Enter the public number"))
    last = draws[-1] if draws else None
    stage.done = row.draw_id is not None
    if last is not None and (stage.done or last.drawn_at is None):
        stage.text = f"{last.public_number_name} · {last.public_number or last.public_number_falls_on}"
        stage.waits = not stage.done and on < last.public_number_falls_on
    return stage


def _cases(row: Round) -> Stage:
    stage = Stage(
        gettext_lazy("Findings looked at or explained"), "lookback", gettext_lazy("See the results")
    )
    waiting = row.cases.standing().outstanding().count()
    stage.done = not waiting
    stage.text = ngettext("%(n)s to look at", "%(n)s to look at", waiting) % {"n": waiting} if waiting else ""
    return stage


def _opening(row: Round) -> Stage:
    stage = Stage(gettext_lazy("Round opened"), "round_open", gettext_lazy("Open the round"))
    stage.done = row.state != RoundState.PLANNING
    if not stage.done:
        stage.text = _("Inspectors then see each day shortly before departure.")
    return stage


def _visits(figures: Progress | None) -> Stage:
    stage = Stage(
        gettext_lazy("Visits made or explained"), "round_progress", gettext_lazy("See the progress")
    )  # fmt: skip
    if figures is not None:
        stage.done = not (figures.sum.late or figures.sum.ahead)
        facts = {"made": figures.sum.visited, "planned": figures.sum.planned, "late": figures.sum.late}
        stage.text = _("%(made)s of %(planned)s made, %(late)s late") % facts
    return stage


def _closing(row: Round) -> Stage:
    stage = Stage(gettext_lazy("Round closed, seed public"), "round_close", gettext_lazy("Close the round"))
    stage.done = row.state == RoundState.CLOSED
    if not stage.done:
        stage.text = _("The seed is published then, and anyone can recompute the draw.")
    return stage
