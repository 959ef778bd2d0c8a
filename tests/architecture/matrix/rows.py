"""A row of the permission matrix: who is in the cast, whom the geography lets in, one way to ask for a URL name."""

from dataclasses import dataclass, field
from typing import Any

# --- the cast -------------------------------------------------------------------------------------------------
CITY = frozenset({"hso", "hso_staff"})
COUNTIES = frozenset({"jinpu", "changhai"})
OFFICES = CITY | COUNTIES
TOWNSHIPS = frozenset({"huajia", "xiangying", "dachangshan"})
INSPECTORS = frozenset({"inspector", "agency"})
LEADERS = frozenset({"leader", "secretary"})
AUDITOR, SYSADMIN, DEPARTMENT = frozenset({"auditor"}), frozenset({"sysadmin"}), frozenset({"department"})
READERS = OFFICES | TOWNSHIPS | INSPECTORS | LEADERS | AUDITOR | DEPARTMENT
EVERYBODY = READERS | SYSADMIN
NOBODY: frozenset[str] = frozenset()

Who = frozenset[str]
ByPlace = dict[str, Who]

# Whom the geography lets in, by where the object lies.
_AROUND: ByPlace = {
    "own": frozenset({"jinpu", "huajia", "leader", "secretary"}),
    "sibling": frozenset({"jinpu", "xiangying", "leader"}),
    "other": frozenset({"changhai", "dachangshan"}),
}


def around(*also: Who, only: Who = EVERYBODY) -> ByPlace:
    """Return who is responsible for each place, with some more, or only some of them."""
    more = frozenset().union(*also)
    return {relation: (people | more) & only for relation, people in _AROUND.items()}


def everywhere(people: Who) -> ByPlace:
    """Return the same people wherever the object lies."""
    return dict.fromkeys(_AROUND, people)


# The inspector reported the open findings, the agency the ones that nobody has issued yet.
OPEN_FINDING = around(CITY, AUDITOR, frozenset({"inspector"}))
REPORTED_FINDING = everywhere(CITY | {"agency"})
VILLAGE = around(CITY, INSPECTORS, DEPARTMENT, AUDITOR)
KEPT = around(CITY, only=OFFICES)
# A sealed round or meeting is known to its maker alone.
SECRET = everywhere(frozenset({"hso"}))
ROUND_READERS = OFFICES | LEADERS | AUDITOR
PAPER_READERS = OFFICES | TOWNSHIPS | LEADERS | AUDITOR
ITS_OFFICIAL: ByPlace = {
    "own": frozenset({"huajia"}),
    "sibling": frozenset({"xiangying"}),
    "other": frozenset({"dachangshan"}),
}
ITS_OFFICE: ByPlace = {"own": frozenset({"jinpu"}), "other": frozenset({"changhai"})}
SUBMITTED = around(CITY, AUDITOR, only=OFFICES | TOWNSHIPS | AUDITOR)
RECORDERS = OFFICES | INSPECTORS

# Originals are for the offices, the auditor and whoever sent them; other readers see the copies.
NO_ORIGINAL = around(only=TOWNSHIPS | LEADERS)
RECORDED = around(CITY, INSPECTORS, only=RECORDERS)
# A photo for somebody else's finding is kept like one that came before its report; the reporter is told it is too late.
PARKED: ByPlace = {
    "own": frozenset({"inspector", "agency", "changhai"}),
    "sibling": frozenset({"agency"}),
    "other": frozenset({"agency", "jinpu"}),
}
REPORT = {"village": "@village", "item": "@item", "description": "垃圾散落"}
PHOTO = {"file": "@jpeg", "finding": "@finding", "side": "before"}

PAGE, SENT, GONE = (200,), (200, 302), (302,)
# A form sent empty: shown again with its errors, or the step is refused in words, or it needs nothing and is done.
API_ANSWER = (200, 201, 204, 400, 403, 409)
NO_FORM = (415,)  # takes a multipart form alone, and says so to whoever sends another


@dataclass(frozen=True)
class Row:
    """One way to ask for a URL name. `who` is a set of users, or one set per relation for an object of `kind`."""

    name: str
    who: Any
    kind: str = ""
    method: str = "get"
    ok: tuple[int, ...] = PAGE
    kwargs: dict[str, Any] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    anonymous: tuple[int, ...] = ()
    refused: int = 404
    forbidden: Any = NOBODY
    note: str = ""

    @property
    def id(self) -> str:
        """Name the row in the test's output."""
        return "-".join(filter(None, (self.name, self.method, self.kind, self.note)))

    @property
    def is_one_of_many(self) -> bool:
        """Tell whether it is one more of the steps of a finding, whose scope is the finding's."""
        return self.name.endswith("finding_step") and self.kwargs["step"] not in ("note", "issue")

    @property
    def is_api(self) -> bool:
        """Tell whether the address belongs to the API."""
        return self.name.startswith("api_") or self.name.startswith("item-")

    def allowed(self, relation: str) -> Who:
        """Return who gets in."""
        found: Who = self.who[relation] if isinstance(self.who, dict) else self.who
        return found

    def forbidden_to(self, relation: str) -> Who:
        """Return who is told that a rule forbids it."""
        found: Who = self.forbidden[relation] if isinstance(self.forbidden, dict) else self.forbidden
        return found

    @property
    def is_multipart(self) -> bool:
        """Tell whether a file is sent along."""
        return bool({"@jpeg", "@pdf"} & set(self.data.values()))

    def without_session(self) -> tuple[int, ...]:
        """Return what a stranger without a session may be answered."""
        return self.anonymous or ((401, 403) if self.is_api else GONE)


def post(name: str, who: Any, kind: str = "", **more: Any) -> Row:
    """Return a row that sends a form."""
    return Row(name, who, kind, **{"method": "post", "ok": SENT, **more})


def step(name: str, kind: str, who: ByPlace) -> list[Row]:
    """Return both ways to one step of a finding: its page and its form."""
    more: dict[str, Any] = {"kwargs": {"step": name}, "note": name}
    return [
        Row("finding_step", who, kind, ok=SENT, **more),
        post("finding_step", who, kind, **more),
    ]


def api_step(name: str, kind: str, who: ByPlace) -> Row:
    """Return a step over the API."""
    return post("api_finding_step", who, kind, ok=API_ANSWER, kwargs={"step": name}, note=name)
