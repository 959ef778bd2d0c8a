"""One step on many findings: each in its own transaction, so that a refusal stops only its own row."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspections.photo_rules import PhotoRefused
from inspections.steps import StepRefused

if TYPE_CHECKING:
    from inspections.models.finding import Finding


@dataclass(frozen=True)
class Outcome:
    """What became of one finding of a batch; `refusal` is empty where the step was taken."""

    finding: "Finding"
    refusal: str = ""


def take_each(findings: Iterable["Finding"], act: Callable[["Finding"], object]) -> list[Outcome]:
    """Take a step on each finding; return what became of each, in the same order."""
    return [_take(finding, act) for finding in findings]


def _take(finding: "Finding", act: Callable[["Finding"], object]) -> Outcome:
    try:
        act(finding)
    except (StepRefused, PhotoRefused) as refused:
        return Outcome(finding, str(refused))
    return Outcome(finding)
