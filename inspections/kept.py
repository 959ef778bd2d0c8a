"""Counts of what is huge: made once a minute, by one request, while the others show what is kept."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

T = TypeVar("T")
# what is too much to be counted for every page is counted once in so many seconds, and kept a little longer
COUNTED_EVERY = 60
KEPT = 600


def kept(question: object, count: Callable[[], T], is_large: Callable[[T], bool]) -> T:
    """Return the answer to a question (statement, parameters, day): kept for a minute if it took much, else counted."""
    key = f"counts:{hashlib.sha256(repr(question).encode()).hexdigest()}"
    # when it is time again, one request counts while the others go on showing what is kept
    found: T | None = cache.get(key)
    if found is not None and not cache.add(f"{key}:turn", True, COUNTED_EVERY):
        return found
    answer = count()
    if is_large(answer):
        cache.set(key, answer, KEPT)
        cache.add(f"{key}:turn", True, COUNTED_EVERY)
    return answer
