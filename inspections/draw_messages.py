"""What stands in the way of a draw, and what a verification found, in sentences for people."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspections.draws import Difference, Infeasible

NO_NAMES: Mapping[str, str] = {}

REFUSALS = {
    "no_places": gettext_lazy("There are no villages to draw from."),
    "no_teams": gettext_lazy("There is no team."),
    "no_days": gettext_lazy("There are no days."),
    "pair": gettext_lazy("Two inspectors go together: %(team)s has fewer than two members."),
    "sample_too_big": gettext_lazy("The sample is too big: %(wanted)s wanted, %(places)s there."),
    "empty_township": gettext_lazy(
        "Not the same village twice running: all villages of %(township)s were visited the last time."
    ),
    "rested": gettext_lazy(
        "Not the same village twice running: %(wanted)s wanted, only %(left)s may be drawn."
    ),
    "rested_in": gettext_lazy(
        "Not the same village twice running: %(wanted)s wanted in %(township)s, only %(left)s may be drawn."
    ),
    "capacity": gettext_lazy(
        "Too much for teams and days: %(needed)s visits, at most %(available)s possible. "
        "Add days, teams or visits per day, or draw fewer."
    ),
    "own_unit": gettext_lazy(
        "Nobody inspects the own unit: %(units)s need %(needed)s visits, the teams that may go there can do "
        "at most %(available)s."
    ),
}

FOUND = {
    "malformed": gettext_lazy("The data is incomplete or malformed."),
    "numbering": gettext_lazy("The numbers of the draws have gaps, or rounds are mixed."),
    "seed": gettext_lazy("The seed does not have the SHA-256 promised beforehand."),
    "sealed": gettext_lazy("The seed is not published yet, so nothing can be recomputed."),
    "commitment": gettext_lazy("List, wishes or the seed's hash differ from the commitment."),
    "visits": gettext_lazy("%(count)s published visits differ from those recomputed: %(places)s"),
    "visits_repeat": gettext_lazy("A visit is published more than once."),
    "infeasible": gettext_lazy("With this list no draw is possible: %(reason)s"),
}


def refusal(infeasible: Infeasible, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return the sentence for wishes that cannot be met; names: what people call the ids of units, townships, teams."""
    return _refusal(infeasible.rule, infeasible.facts, names)


def _refusal(rule: str, facts: Mapping[str, object], names: Mapping[str, str]) -> str:
    key = "rested_in" if rule == "rested" and "township" in facts else rule
    return str(REFUSALS[key]) % {name: _called(fact, names) for name, fact in facts.items()}


def difference(found: Difference, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return the sentence for something that a verification found, with the number of its draw."""
    facts = {name: _called(fact, names) for name, fact in found.facts.items()}
    key = found.what
    if key == "infeasible":
        facts = {"reason": _refusal(found.facts["rule"], found.facts, names)}
    elif key == "visits" and not found.facts["count"]:
        key = "visits_repeat"
    sentence = str(FOUND[key]) % facts
    return (
        _("Draw %(number)s: %(what)s") % {"number": found.draw, "what": sentence} if found.draw else sentence
    )


def _called(fact: object, names: Mapping[str, str]) -> str:
    """Return a fact as people read it: ids by their names, several of them in one list."""
    if isinstance(fact, list | tuple):
        return _(", ").join(names.get(str(one), str(one)) for one in fact)
    return names.get(str(fact), str(fact))
