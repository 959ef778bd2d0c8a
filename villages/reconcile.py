"""Compare a registry with the places we know: what is new, renamed, moved, gone, and what must be asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from villages.registry import LEVELS, Line


@dataclass(frozen=True)
class Known:
    """A place as it stands today; a retired one keeps its last code and parent."""

    id: UUID
    level: str
    code: str
    official_name: str
    display: str
    parent_id: UUID | None
    retired: bool = False
    attributes: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Match:
    """A line of the file and the place it means; None is a new place."""

    line: Line
    known: Known | None
    parent: "Match | None"
    returned: bool = False

    @property
    def renamed(self) -> bool:
        """Say whether the place gets another official name."""
        return self.known is not None and self.known.official_name != self.line.name

    @property
    def recoded(self) -> bool:
        """Say whether the place gets another code."""
        return self.known is not None and bool(self.line.code) and self.known.code != self.line.code

    @property
    def moved(self) -> bool:
        """Say whether the place gets another parent."""
        if self.known is None or self.parent is None:
            return False
        return self.parent.known is None or self.parent.known.id != self.known.parent_id

    @property
    def updated(self) -> bool:
        """Say whether attributes change."""
        stated = self.line.attributes
        return self.known is not None and any(
            stated.get(key, old) != old for key, old in self.known.attributes
        )


@dataclass(frozen=True)
class Question:
    """Same place, new code? `key` is the code of the file."""

    key: str
    line: Line
    known: Known


@dataclass
class Plan:
    """Everything an import would do."""

    matches: list[Match] = field(default_factory=list)
    retired: list[Known] = field(default_factory=list)
    merged: dict[UUID, str] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    unanswered: list[Question] = field(default_factory=list)

    @property
    def new(self) -> list[Match]:
        """Return the places to add."""
        return [match for match in self.matches if match.known is None]

    def those(self, change: str) -> list[Match]:
        """Return the matches with a change: renamed, recoded, moved, returned, updated."""
        return [match for match in self.matches if getattr(match, change)]

    def counts(self) -> dict[str, int]:
        """Return how many places each kind of change touches."""
        changes = {name: len(self.those(name)) for name in CHANGES}
        return {"new": len(self.new), **changes, "retired": len(self.retired), "asked": len(self.asked)}

    def digest(self) -> str:
        """Return a fingerprint, so that what is applied is what was shown."""
        lines = [f"{m.line.row}|{m.known.id if m.known else ''}|{self._changes(m)}" for m in self.matches]
        gone = sorted(str(known.id) for known in self.retired)
        asked = [f"{question.key}|{question.known.id}" for question in self.asked]
        return sha256("\n".join([*lines, *gone, *asked]).encode()).hexdigest()

    def _changes(self, match: Match) -> list[str]:
        return [name for name in CHANGES if getattr(match, name)]


CHANGES = ("renamed", "recoded", "moved", "returned", "updated")


class Comparison:
    """One comparison of a file with what is known."""

    def __init__(
        self, known: Iterable[Known], same: Iterable[str] = (), separate: Iterable[str] = ()
    ) -> None:
        """Take the known places and the answers: codes that mean the same place, codes that do not."""
        self.known = list(known)
        self.same, self.separate = set(same), set(separate)
        current = [place for place in self.known if not place.retired]
        self.by_code = {(_group(place.level), place.code): place for place in current if place.code}
        self.by_name = {(place.level, place.parent_id, place.display): place for place in current}
        self.gone = {(place.level, place.code, place.display): place for place in self.known if place.retired}
        self.taken: set[UUID] = set()
        self.plan = Plan()

    def run(self, lines: list[Line]) -> Plan:
        """Return the plan for these lines (from the top down)."""
        staying = [line for line in lines if not line.merged_into]
        self.codes = {(_group(line.level), line.code) for line in staying if line.code}
        done: dict[Line, Match] = {}
        for level in LEVELS:
            # Codes first: a place that keeps its code is never taken by a namesake.
            batch = [line for line in staying if line.level == level]
            for line in sorted(batch, key=lambda line: self._code_of(line) is None):
                done[line] = self._match(line, done.get(line.parent) if line.parent else None)
        self.plan.matches = [done[line] for line in staying]
        self._retire(lines)
        return self.plan

    def _code_of(self, line: Line) -> Known | None:
        return self.by_code.get((_group(line.level), line.code))

    def _match(self, line: Line, parent: Match | None) -> Match:
        known = self._find(line, parent)
        if known is not None and known.id in self.taken:
            known = None
        returned = False
        if known is None and (gone := self.gone.get((line.level, line.code, line.display))):
            known, returned = gone, True
        if known is not None:
            self.taken.add(known.id)
        return Match(line, known, parent, returned)

    def _find(self, line: Line, parent: Match | None) -> Known | None:
        """Return the place that a line means: by code, else by unit, township and name."""
        by_code, by_name = self._code_of(line), self._namesake(line, parent)
        if by_name is None or by_name is by_code:
            return by_code
        if not line.code or (by_code is None and not by_name.code):
            return by_name
        if (_group(line.level), by_name.code) in self.codes and by_code is None:
            return None  # the namesake stands in the file under its own code
        return by_name if self._ask(line, by_name) else by_code

    def _namesake(self, line: Line, parent: Match | None) -> Known | None:
        if parent is None:
            named = [
                p for p in self.known if p.level == line.level and p.display == line.display and not p.retired
            ]
            return named[0] if len(named) == 1 else None
        if parent.known is None:
            return None
        return self.by_name.get((line.level, parent.known.id, line.display))

    def _ask(self, line: Line, known: Known) -> bool:
        """Say whether the line's new code means the known namesake; until answered it is taken to."""
        question = Question(line.code, line, known)
        self.plan.asked.append(question)
        if line.code not in self.same | self.separate:
            self.plan.unanswered.append(question)
        return line.code not in self.separate

    def _retire(self, lines: list[Line]) -> None:
        """List what is gone. A file without the city speaks only for the units that it names."""
        units = {m.known.id for m in self.plan.matches if m.known and m.line.level == "county"}
        whole = any(line.level == "city" for line in lines)
        parents = {place.id: place.parent_id for place in self.known}
        for place in self.known:
            if place.retired or place.id in self.taken or place.level == "city":
                continue
            unit = (
                parents.get(place.parent_id)
                if place.level == "village" and place.parent_id
                else place.parent_id
            )
            if whole or unit in units:
                self.plan.retired.append(place)
        merged = {line.code: line.merged_into for line in lines if line.merged_into}
        self.plan.merged = {
            place.id: merged[place.code] for place in self.plan.retired if place.code in merged
        }


def _group(level: str) -> str:
    """Villages and divisions keep their codes apart."""
    return "village" if level == "village" else "division"
