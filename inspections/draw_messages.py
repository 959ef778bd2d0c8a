"""What stands in the way of a draw, and what a verification found, in sentences for people."""

from collections.abc import Mapping

from inspections.draws import Difference, Infeasible


def refusal(infeasible: Infeasible, names: Mapping[str, str]) -> str:
    """Return the sentence for wishes that cannot be met; names: what people call the ids of units, townships, teams."""
    raise NotImplementedError


def difference(found: Difference) -> str:
    """Return the sentence for something that a verification found."""
    raise NotImplementedError
