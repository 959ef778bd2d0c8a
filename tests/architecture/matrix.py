"""Who gets in where: one row per URL name, role and relation. The test walks the resolver and asks for each row.

A relation says where the object lies: `own` in Huajia (Jinpu), `sibling` in Xiangying (Jinpu), `other` in Dachangshan
(Changhai). Everybody who is not named gets 404; without a session the sign-in page, over the API a problem document.
"""

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
PAPER_READERS = OFFICES | TOWNSHIPS | LEADERS | AUDITOR
SUBMITTED = around(CITY, AUDITOR, only=OFFICES | TOWNSHIPS | AUDITOR)
RECORDERS = OFFICES | INSPECTORS

PAGE, SENT, MISSING, GONE = (200,), (200, 302), (404,), (302,)
# A form sent empty: shown again with its errors, or the step is refused in words, or it needs nothing and is done.
API_ANSWER = (200, 201, 204, 400, 403, 409)


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
    note: str = ""

    @property
    def id(self) -> str:
        """Name the row in the test's output."""
        return "-".join(filter(None, (self.name, self.method, self.kind, self.note)))

    @property
    def is_step(self) -> bool:
        """Tell whether it is one of the many steps of a finding, whose scope is the finding's."""
        return self.name.endswith("finding_step")

    @property
    def is_api(self) -> bool:
        """Tell whether the address belongs to the API."""
        return self.name.startswith("api_") or self.name.startswith("item-")

    def allowed(self, relation: str) -> Who:
        """Return who gets in."""
        found: Who = self.who[relation] if isinstance(self.who, dict) else self.who
        return found

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


OPEN_STEPS = (
    "rectify",
    "claim",
    "ask_extension",
    "file_plan",
    "amend",
    "urge",
    "withdraw",
    "note",
    "attach",
    "instruct",
    "close",
)
API_STEPS = (
    "rectify",
    "check",
    "close",
    "return",
    "claim",
    "extend",
    "amend",
    "undo",
    "reopen",
    "withdraw",
    "urge",
)

ACCOUNTS = [
    Row("account_login", EVERYBODY, ok=SENT, anonymous=PAGE),
    post("account_logout", EVERYBODY, ok=GONE),
    post("set_language", EVERYBODY, ok=GONE, data={"language": "en"}),
    Row("change_password", EVERYBODY),
    Row("profile", EVERYBODY),
    post("profile_tokens", EVERYBODY),
    Row("users", SYSADMIN),
    Row("user_new", SYSADMIN),
    post("user_new", SYSADMIN),
    Row("users_import", SYSADMIN),
    post("users_import_confirm", SYSADMIN),
    Row("user", SYSADMIN, "account"),
    post("user", SYSADMIN, "account"),
    post("user_reset", SYSADMIN, "account"),
    post("user_active", SYSADMIN, "account"),
    post("user_tokens", SYSADMIN, "account"),
    post("post_new", SYSADMIN, "account"),
    post("post_end", SYSADMIN, "account_post"),
    Row("handover", around(CITY, SYSADMIN, only=OFFICES | SYSADMIN), "person"),
    post("handover", around(CITY, SYSADMIN, only=OFFICES | SYSADMIN), "person"),
]

PLACES = [
    Row("villages", EVERYBODY),
    Row("village", VILLAGE, "village"),
    Row("village_edit", KEPT, "village"),
    post("village_edit", KEPT, "village"),
    post("natural_village_add", KEPT, "village"),
    post("natural_village_remove", KEPT, "natural"),
    Row("village_merge", everywhere(CITY), "village"),
    post("village_merge", everywhere(CITY), "village"),
    post("difficulty_raise", around(only=TOWNSHIPS | LEADERS), "village"),
    post("township_difficulty_raise", around(only=TOWNSHIPS), "township"),
    Row("difficulties", OFFICES | TOWNSHIPS | LEADERS | AUDITOR),
    post("difficulty_answer", KEPT, "difficulty"),
    Row("coverage", EVERYBODY),
    Row("coverage_export", EVERYBODY),
    Row("responsibilities", EVERYBODY),
    Row("responsibilities_export", EVERYBODY),
    Row("responsibility_add", OFFICES),
    post("responsibility_add", OFFICES),
    Row("responsibility_end", KEPT, "responsibility"),
    post("responsibility_end", KEPT, "responsibility"),
    Row("person", around(CITY, INSPECTORS, DEPARTMENT, AUDITOR, SYSADMIN), "person"),
    Row("person_edit", KEPT, "person"),
    post("person_edit", KEPT, "person"),
    Row("registry", CITY | SYSADMIN),
    Row("registry_import", CITY | SYSADMIN, "registry_file"),
    Row("roster_upload", OFFICES),
    Row("roster_import", frozenset({"jinpu"}), "roster_file"),
    Row("areas", OFFICES),
    Row("area_add", KEPT, "township"),
    Row("area_edit", KEPT, "area"),
    post("area_dissolve", KEPT, "area"),
    Row("holidays", CITY | SYSADMIN),
    post("holidays_seed", CITY | SYSADMIN),
    post("holiday_remove", CITY | SYSADMIN, "holiday"),
    Row("guidance", EVERYBODY),
    Row("guidance_item", EVERYBODY, kwargs={"code": "A1-01"}),
]

FINDINGS = [
    Row("ledger", READERS),
    post("ledger_bulk", READERS),
    post("ledger_export", READERS),
    Row("ledger_print", READERS),
    Row("record", RECORDERS),
    post("record", RECORDERS),
    Row("record_villages", RECORDERS),
    Row("record_items", RECORDERS),
    Row("record_hints", RECORDERS),
    Row("stored", everywhere(frozenset({"inspector"})), "finding"),
    Row("stored", everywhere(frozenset({"agency"})), "reported"),
    Row("finding", OPEN_FINDING, "finding"),
    Row("finding", REPORTED_FINDING, "reported"),
    Row("rectify", OPEN_FINDING, "finding"),
    post("rectify", OPEN_FINDING, "finding"),
    Row("rectify", REPORTED_FINDING, "reported"),
    *[row for name in OPEN_STEPS for row in step(name, "finding", OPEN_FINDING)],
    *[
        row
        for name in ("issue", "reject", "merge", "attach")
        for row in step(name, "reported", REPORTED_FINDING)
    ],
    Row("finding_step", NOBODY, "finding", kwargs={"step": "no-such-step"}, note="unknown"),
    Row("desk", TOWNSHIPS),
    post("desk", TOWNSHIPS),
    Row("issue_queue", OFFICES),
    post("issue_queue", OFFICES),
    Row("deadline_rules", OFFICES),
    Row("after_photo_rules", CITY),
    Row("milestones", OFFICES | TOWNSHIPS | LEADERS | AUDITOR),
    Row("instructions", OFFICES | LEADERS | AUDITOR),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "small"}),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "large"}, note="large"),
    Row("photo_file", REPORTED_FINDING, "reported_photo", kwargs={"size": "small"}),
    Row("photo_file", frozenset({"inspector"}), "parked_photo", kwargs={"size": "small"}, ok=(200, 202)),
    Row("finding_file", OPEN_FINDING, "file"),
    Row("finding_file", REPORTED_FINDING, "reported_file"),
    Row("exports", READERS),
    Row("export", frozenset({"huajia"}), "job"),
    Row("export_status", frozenset({"huajia"}), "job"),
    Row("export_file", NOBODY, "job", note="unfinished"),
]

DOCUMENTS = [
    Row("review", OFFICES),
    post("review_decide", around(CITY, only=OFFICES), "finding", ok=(200, 302, 409)),
    post("review_undo", around(CITY, only=OFFICES), "finding", ok=(200, 302, 409)),
    Row("proposals", OFFICES | AUDITOR),
    Row("documents", PAPER_READERS),
    Row("document_new", OFFICES | TOWNSHIPS),
    Row("document", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    post("document", around(AUDITOR, CITY, only=PAPER_READERS), "document", ok=(200, 302, 404)),
    Row("document_print", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    Row("document_word", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    Row("document", everywhere(CITY), "draft"),
    Row("document_edit", everywhere(CITY), "draft"),
    post("document_issue", everywhere(CITY), "draft"),
    Row("document_print", everywhere(CITY), "draft"),
    Row("document_scan", NOBODY, "draft", note="none"),
    Row("submissions", OFFICES | TOWNSHIPS | AUDITOR),
    Row("submission_new", COUNTIES | TOWNSHIPS),
    Row("submission", SUBMITTED, "submission"),
    post("submission_decide", around(CITY, only=OFFICES), "submission"),
    post("submission_export", SUBMITTED, "submission", ok=GONE),
    Row("problem_import", OFFICES),
    Row("problem_import_template", OFFICES),
    Row("problem_import_check", frozenset({"jinpu"}), "problem_list"),
    Row("problem_import_status", frozenset({"jinpu"}), "problem_list"),
]

OTHERS = [
    Row("notices", EVERYBODY),
    post("notices_read", EVERYBODY),
    Row("notice_open", frozenset({"huajia"}), "notice", ok=GONE),
    post("notice_read", frozenset({"huajia"}), "notice", ok=GONE),
    Row("audit", AUDITOR | SYSADMIN),
    Row("home", EVERYBODY),
    Row("search", EVERYBODY),
    Row("search_suggest", EVERYBODY),
    post("scope", EVERYBODY, ok=GONE),
    Row("about", EVERYBODY, anonymous=PAGE),
    post("about", EVERYBODY, anonymous=PAGE),
    Row("feedback", CITY | SYSADMIN),
    post("feedback_done", CITY | SYSADMIN, "feedback"),
    Row("healthz", EVERYBODY, anonymous=PAGE),
    Row("status", SYSADMIN),
]

API = [
    post("api_token", EVERYBODY, ok=(400,), anonymous=(400,)),
    Row("api_schema", EVERYBODY),
    Row("api_docs", EVERYBODY, anonymous=GONE),
    Row("api_notices", EVERYBODY),
    post("api_notice_read", frozenset({"huajia"}), "notice"),
    Row("api_division-list", EVERYBODY),
    Row("api_division-detail", VILLAGE, "township"),
    Row("api_village-list", EVERYBODY),
    Row("api_village-detail", VILLAGE, "village"),
    Row("api_responsibility-list", EVERYBODY),
    Row("api_responsibility-detail", VILLAGE, "responsibility"),
    Row("item-list", EVERYBODY),
    Row("item-detail", EVERYBODY, "item"),
    Row("api_findings", EVERYBODY),
    Row("api_finding", OPEN_FINDING, "finding"),
    Row("api_finding", REPORTED_FINDING, "reported"),
    Row("api_finding_events", OPEN_FINDING, "finding"),
    Row("api_finding_events", REPORTED_FINDING, "reported"),
    *[api_step(name, "finding", OPEN_FINDING) for name in API_STEPS],
    *[api_step(name, "reported", REPORTED_FINDING) for name in ("issue", "rectify")],
    Row("api_photo", OPEN_FINDING, "photo"),
    Row("api_photo", REPORTED_FINDING, "reported_photo"),
    Row("api_photo", frozenset({"inspector"}), "parked_photo"),
    Row("api_photo", frozenset({"inspector"}), "photo", method="delete", ok=(409,)),
    Row("api_photo_file", OPEN_FINDING, "photo", kwargs={"size": "large"}),
    Row("api_photo_file", REPORTED_FINDING, "reported_photo", kwargs={"size": "large"}),
]

MATRIX: list[Row] = [*ACCOUNTS, *PLACES, *FINDINGS, *DOCUMENTS, *OTHERS, *API]
