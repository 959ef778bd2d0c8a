"""The mark of a method that changes rows, so that no template can call it by accident."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def alters_data(method: Callable[P, R]) -> Callable[P, R]:
    """Set Django's `alters_data` on a method."""
    method.__dict__["alters_data"] = True
    return method
