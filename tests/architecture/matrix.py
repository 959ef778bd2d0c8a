"""Who gets in where: one row per URL name, method, role and relation. The test walks the resolver and asks for each.

A relation says where the object lies: `own` in Huajia (Jinpu), `sibling` in Xiangying (Jinpu), `other` in Dachangshan
(Changhai). Everybody who is not named gets 404; without a session the sign-in page, over the API a problem document.

How to add a row. A new URL name, and a new method of an old one, need one each; the test says which are missing.
1. Put it in the list of its part: `Row(name, who)` for GET, `post(name, who)` for a form, `method="put"` and so on.
2. A page about an object names its `kind`; `tests/architecture/world.py` makes one in each place and remembers its
   address with `self.put(kind, relation, pk=…)`. What lies nowhere is made as `own` alone.
3. `who` is a set of the cast (`OFFICES | AUDITOR`), or a set per relation: `around(CITY, only=OFFICES)` is who is
   responsible there and the city, offices only; `everywhere(CITY)` is the same people in each place.
4. What else: `ok` the answers of success, `kwargs` the rest of the address, `data` what is sent (`@village` is the id
   of the village there, `@jpeg` and `@pdf` are files), `forbidden` who sees the object and gets 403, `refused` what
   strangers get where it is not 404, `note` to tell rows apart.
Each row is asked as everybody who could be told apart, and refusals are compared with those of what does not exist.
"""

from dataclasses import dataclass, field
from typing import Any

from inspections.api.steps import STEP_BODIES
from inspections.forms.steps import STEP_FORMS
from inspections.steps import STEPS, State

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


# Every step, whoever may take it: its page and its form are open to whoever reads the finding. New ones come along.
OPEN_STEPS = ("rectify", *STEP_FORMS)
REPORTED_STEPS = [
    name for name in STEP_FORMS if name in STEPS and STEPS[name].states & {State.REPORTED, State.REJECTED}
]

ACCOUNTS = [
    Row("account_login", EVERYBODY, ok=SENT, anonymous=PAGE),
    post("account_logout", EVERYBODY, ok=GONE),
    post("set_language", EVERYBODY, ok=GONE, data={"language": "en"}),
    post("account_login", EVERYBODY, anonymous=PAGE),
    Row("change_password", EVERYBODY),
    post("change_password", EVERYBODY),
    Row("profile", EVERYBODY),
    post("profile", EVERYBODY),
    post("profile_tokens", EVERYBODY),
    Row("users", SYSADMIN),
    Row("user_new", SYSADMIN),
    post("user_new", SYSADMIN),
    Row("users_import", SYSADMIN),
    post("users_import", SYSADMIN),
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
    post("registry", CITY | SYSADMIN),
    Row("registry_import", CITY | SYSADMIN, "registry_file"),
    post("registry_import", CITY | SYSADMIN, "registry_file"),
    Row("roster_upload", OFFICES),
    post("roster_upload", OFFICES),
    Row("roster_import", ITS_OFFICE, "roster_file"),
    post("roster_import", ITS_OFFICE, "roster_file"),
    Row("areas", OFFICES),
    Row("area_add", KEPT, "township"),
    post("area_add", KEPT, "township"),
    Row("area_edit", KEPT, "area"),
    post("area_edit", KEPT, "area"),
    post("area_dissolve", KEPT, "area"),
    Row("holidays", CITY | SYSADMIN),
    post("holidays", CITY | SYSADMIN),
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
    *[row for name in REPORTED_STEPS for row in step(name, "reported", REPORTED_FINDING)],
    Row("finding_step", NOBODY, "finding", kwargs={"step": "no-such-step"}, note="unknown"),
    Row("desk", TOWNSHIPS),
    post("desk", TOWNSHIPS),
    Row("issue_queue", OFFICES),
    post("issue_queue", OFFICES),
    Row("deadline_rules", OFFICES),
    post("deadline_rules", OFFICES),
    Row("after_photo_rules", CITY),
    post("after_photo_rules", CITY),
    Row("milestones", OFFICES | TOWNSHIPS | LEADERS | AUDITOR),
    Row("requests", OFFICES),
    Row("instructions", OFFICES | LEADERS | AUDITOR),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "small"}),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "large"}, note="large"),
    Row(
        "photo_file",
        OPEN_FINDING,
        "photo",
        kwargs={"size": "original"},
        forbidden=NO_ORIGINAL,
        note="original",
    ),
    Row("photo_file", REPORTED_FINDING, "reported_photo", kwargs={"size": "small"}),
    Row("photo_file", frozenset({"inspector"}), "parked_photo", kwargs={"size": "small"}, ok=(200, 202)),
    Row("finding_file", OPEN_FINDING, "file"),
    Row("finding_file", REPORTED_FINDING, "reported_file"),
    Row("exports", READERS),
    Row("export", ITS_OFFICIAL, "job"),
    Row("export", ITS_OFFICIAL, "ready_job"),
    Row("export_status", ITS_OFFICIAL, "ready_job"),
    Row("export_file", ITS_OFFICIAL, "ready_job"),
    Row("export_file", NOBODY, "job", note="unfinished"),
]

DOCUMENTS = [
    Row("review", OFFICES),
    post("review_decide", around(CITY, only=OFFICES), "finding", ok=(200, 302, 409)),
    post("review_undo", around(CITY, only=OFFICES), "finding", ok=(200, 302, 409)),
    Row("proposals", OFFICES | AUDITOR),
    post("proposals", OFFICES | AUDITOR),
    Row("documents", PAPER_READERS),
    Row("document_new", OFFICES | TOWNSHIPS),
    post("document_new", OFFICES | TOWNSHIPS),
    Row("document", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    post("document", around(AUDITOR, CITY, only=PAPER_READERS), "document", ok=(200, 302, 404)),
    Row("document_print", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    Row("document_word", around(AUDITOR, CITY, only=PAPER_READERS), "document"),
    Row("document", everywhere(CITY), "draft"),
    Row("document_edit", everywhere(CITY), "draft"),
    post("document_edit", everywhere(CITY), "draft"),
    post("document", everywhere(CITY), "draft", data={"file": "@pdf"}),
    post("document_issue", everywhere(CITY), "draft"),
    Row("document_print", everywhere(CITY), "draft"),
    Row("document_scan", around(AUDITOR, CITY, only=PAPER_READERS), "scan"),
    Row("document_scan", NOBODY, "document", note="not-the-scan"),
    Row("submissions", OFFICES | TOWNSHIPS | AUDITOR),
    Row("submission_new", COUNTIES | TOWNSHIPS),
    post("submission_new", COUNTIES | TOWNSHIPS),
    Row("submission", SUBMITTED, "submission"),
    post("submission_decide", around(CITY, only=OFFICES), "submission"),
    post("submission_export", SUBMITTED, "submission", ok=GONE),
    Row("problem_import", OFFICES),
    Row("problem_import_template", OFFICES),
    post("problem_import", OFFICES),
    Row("problem_import_check", ITS_OFFICE, "problem_list"),
    post("problem_import_check", ITS_OFFICE, "problem_list"),
    Row("problem_import_check", ITS_OFFICE, "checked_list", ok=(422,)),
    post("problem_import_check", ITS_OFFICE, "checked_list", ok=(422,)),
    Row("problem_import_status", ITS_OFFICE, "problem_list"),
]

# Held meetings are known around the street; a sealed one to its maker alone, not even to a colleague.
MEETING_READERS = OFFICES | TOWNSHIPS | INSPECTORS | LEADERS | AUDITOR
MEETING = around(CITY, AUDITOR)
MEETING_DESKS = around(CITY, only=OFFICES | TOWNSHIPS)
SECRET = everywhere(frozenset({"hso"}))
MEETINGS = [
    Row("meetings", MEETING_READERS),
    Row("meeting_new", OFFICES),
    post("meeting_new", OFFICES),
    Row("meeting_change", KEPT, "meeting", ok=GONE),
    Row("meeting_change", SECRET, "sealed_meeting"),
    post("meeting_change", SECRET, "sealed_meeting"),
    *[
        Row(name, who, kind)
        for kind, who in (("meeting", MEETING), ("sealed_meeting", SECRET))
        for name in ("meeting", "meeting_slides", "meeting_pptx", "meeting_report", "api_meeting")
    ],
    Row("meeting_photo", MEETING, "meeting_photo", kwargs={"size": "small"}),
    Row("meeting_step", MEETING_DESKS, "meeting", kwargs={"step": "decide"}, ok=SENT),
    post("meeting_step", MEETING_DESKS, "meeting", kwargs={"step": "decide"}),
    Row("meeting_step", SECRET, "sealed_meeting", kwargs={"step": "hold"}),
    post("meeting_step", SECRET, "sealed_meeting", kwargs={"step": "hold"}),
    Row("meeting_step", NOBODY, "meeting", kwargs={"step": "no-such-step"}, note="unknown"),
    Row("api_meetings", EVERYBODY),
]

# A round is for the people on its list alone until it is closed; its commitment is public from the reveal on.
ROUND_READERS = OFFICES | LEADERS | AUDITOR
ROUND_PAGES = ("round", "draw", "round_plan", "round_progress", "api_round", "api_round_plan")
PLANNERS_PAGES = (
    "round_change", "round_readers", "round_teams", "round_freeze", "round_mix", "round_open", "round_close",
    "round_amend",
)  # fmt: skip
ROUNDS = [
    Row("rounds", ROUND_READERS),
    Row("round_new", OFFICES),
    post("round_new", OFFICES),
    Row("commitments", EVERYBODY),
    *[Row(name, SECRET, kind) for kind in ("planned_round", "running_round") for name in ROUND_PAGES],
    *[Row(name, ROUND_READERS, "closed_round") for name in ROUND_PAGES],
    *[
        row
        for kind in ("planned_round", "running_round", "closed_round")
        for name in PLANNERS_PAGES
        for row in (Row(name, SECRET, kind), post(name, SECRET, kind))
    ],
    Row("draw_receipt", SECRET, "running_draw"),
    Row("draw_receipt", SECRET, "closed_draw"),
    Row("draw_package", NOBODY, "running_round"),
    Row("draw_package", EVERYBODY, "closed_round"),
    Row("planned_miss", SECRET, "planned_visit"),
    post("planned_miss", SECRET, "planned_visit"),
    Row("api_rounds", EVERYBODY),
    Row("api_draws", EVERYBODY),
    *[
        post("api_round_step", SECRET, kind, ok=API_ANSWER, kwargs={"step": step}, note=step)
        for kind in ("running_round", "closed_round")
        for step in ("freeze", "mix", "open", "amend", "miss", "close")
    ],
    post("api_round_step", NOBODY, "running_round", kwargs={"step": "no-such-step"}, note="unknown"),
]

# A case is known to the list and, once revealed, to its team; what was claimed but never done also to whom it concerns.
CASE = everywhere(frozenset({"hso"}) | INSPECTORS)
CLAIMED = around(CITY, INSPECTORS, only=OFFICES | TOWNSHIPS | LEADERS | INSPECTORS)
CASES = (("case", CASE), ("claimed_case", CLAIMED))
INSPECTOR_OF = everywhere(INSPECTORS)
LOOK_BACKS = [
    Row("lookbacks", ROUND_READERS | TOWNSHIPS | INSPECTORS),
    Row("lookback", SECRET, "look_back"),
    Row("lookback", ROUND_READERS, "closed_look_back"),
    Row("lookback_draw", SECRET, "look_back"),
    post("lookback_draw", SECRET, "look_back"),
    *[Row("lookback_case", who, kind) for kind, who in CASES],
    *[row("lookback_result", INSPECTOR_OF, kind) for kind, _ in CASES for row in (Row, post)],
    *[row("lookback_hear", ITS_OFFICIAL, "claimed_case") for row in (Row, post)],
    *[row("lookback_hear", NOBODY, "case") for row in (Row, post)],
    *[row("lookback_confirm", SECRET, "case") for row in (Row, post)],
    *[row("lookback_confirm", around(CITY, only=OFFICES), "claimed_case") for row in (Row, post)],
    *[row("lookback_give_up", CASE, "case") for row in (Row, post)],
    Row("lookback_photo", CLAIMED, "case_photo", ok=(200, 202), kwargs={"size": "small"}),
    Row("lookback_photo", NOBODY, "case_photo", kwargs={"size": "original"}, note="original"),
    Row("api_lookbacks", EVERYBODY),
    *[Row("api_lookback", who, kind) for kind, who in CASES],
    *[Row("api_lookback_result", who, kind, method="put", ok=API_ANSWER) for kind, who in CASES],
    *[post("api_lookback_hear", who, kind, ok=API_ANSWER) for kind, who in CASES],
    *[post("api_lookback_confirm", who, kind, ok=API_ANSWER) for kind, who in CASES],
]

# A visit is read by its inspector, his agency and the office; by the inspected side once it is released.
VISIT = around(CITY, AUDITOR, frozenset({"inspector"}))
AGENCY_VISIT = everywhere(CITY | {"agency"})
BEGUN_VISIT = everywhere(frozenset({"inspector"}))
VISITS = [
    Row("visits", ROUND_READERS | TOWNSHIPS | INSPECTORS),
    Row("visit_new", RECORDERS),
    post("visit_new", RECORDERS),
    *[row("visit_miss", everywhere(INSPECTORS), "stop") for row in (Row, post)],
    Row("visit", VISIT, "visit"),
    Row("visit", AGENCY_VISIT, "agency_visit"),
    Row("visit", BEGUN_VISIT, "begun_visit", ok=GONE),
    Row("visit_sheet", BEGUN_VISIT, "begun_visit"),
    post("visit_sheet", BEGUN_VISIT, "begun_visit"),
    Row("visit_sheet", BEGUN_VISIT, "visit", ok=GONE),
    post("visit_sheet", BEGUN_VISIT, "visit"),
    *[row("visit_correct", everywhere(CITY), "visit") for row in (Row, post)],
    *[row("visit_correct", AGENCY_VISIT, "agency_visit") for row in (Row, post)],
    *[row("visit_correct", NOBODY, "begun_visit") for row in (Row, post)],
    post("visit_release", around(CITY, only=OFFICES), "visit"),
    post("visit_release", everywhere(CITY), "agency_visit"),
    Row("rechecks", CITY | INSPECTORS),
    post("rechecks", CITY | INSPECTORS),
    Row("recheck", NOBODY, "drawn"),
    Row("recheck", everywhere(CITY | {"inspector"}), "compared"),
    post("recheck_begin", everywhere(frozenset({"hso", "inspector"})), "drawn"),
    Row("api_visits", EVERYBODY),
    Row("api_visits_today", EVERYBODY),
    *[
        row
        for kind, who in (("visit", VISIT), ("agency_visit", AGENCY_VISIT), ("begun_visit", BEGUN_VISIT))
        for row in (
            Row("api_visit", who, kind),
            post("api_visit_correct", who, kind, ok=API_ANSWER),
            post("api_visit_release", who, kind, ok=API_ANSWER),
        )
    ],
    # an empty sheet is wrong before anybody looks whose it is
    Row("api_visit", EVERYBODY, "visit", method="put", ok=(400,)),
    post("api_visit_begin", RECORDED, "new", ok=(201,), refused=403, data={"village": "@village"}),
    post(
        "api_visit_begin", BEGUN_VISIT, "begun_visit", refused=409, data={"village": "@village"}, note="taken"
    ),
    post("api_visit_miss", everywhere(INSPECTORS), "stop", ok=API_ANSWER),
]

OTHERS = [
    Row("notices", EVERYBODY),
    post("notices_read", EVERYBODY),
    Row("notice_open", ITS_OFFICIAL, "notice", ok=GONE),
    post("notice_read", ITS_OFFICIAL, "notice", ok=GONE),
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
    Row("api_token", EVERYBODY, method="delete", ok=(401, 403)),
    Row("api_schema", EVERYBODY),
    Row("api_docs", EVERYBODY, anonymous=GONE),
    Row("api_notices", EVERYBODY),
    post("api_notice_read", ITS_OFFICIAL, "notice"),
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
    Row("api_finding", RECORDED, "new", method="put", ok=(201,), refused=403, data=REPORT),
    Row("api_finding", NOBODY, "finding", method="put", refused=409, data=REPORT, note="taken"),
    Row("api_finding_files", OPEN_FINDING, "finding"),
    Row("api_finding_files", REPORTED_FINDING, "reported"),
    post("api_finding_files", OPEN_FINDING, "finding", ok=NO_FORM),
    post("api_finding_files", REPORTED_FINDING, "reported", ok=NO_FORM),
    Row("api_finding_file", OPEN_FINDING, "file"),
    Row("api_finding_file", REPORTED_FINDING, "reported_file"),
    Row("api_finding_events", OPEN_FINDING, "finding"),
    Row("api_finding_events", REPORTED_FINDING, "reported"),
    *[api_step(name, "finding", OPEN_FINDING) for name in STEP_BODIES],
    *[api_step(name, "reported", REPORTED_FINDING) for name in ("issue", "reject", "rectify")],
    Row("api_photo", OPEN_FINDING, "photo"),
    Row("api_photo", REPORTED_FINDING, "reported_photo"),
    Row("api_photo", frozenset({"inspector"}), "parked_photo"),
    Row("api_photo", PARKED, "new", method="put", ok=(201, 409), refused=403, data=PHOTO),
    Row("api_photo", NOBODY, "photo", method="put", refused=409, data=PHOTO, note="taken"),
    Row("api_photo", frozenset({"inspector"}), "photo", method="delete", ok=(409,)),
    Row("api_photo", frozenset({"agency"}), "reported_photo", method="delete", ok=(409,)),
    Row("api_photo", frozenset({"inspector"}), "parked_photo", method="delete", ok=(204,)),
    Row("api_photo_file", OPEN_FINDING, "photo", kwargs={"size": "large"}),
    Row(
        "api_photo_file",
        OPEN_FINDING,
        "photo",
        kwargs={"size": "original"},
        forbidden=NO_ORIGINAL,
        note="original",
    ),
    Row("api_photo_file", REPORTED_FINDING, "reported_photo", kwargs={"size": "large"}),
]

MATRIX: list[Row] = [
    *ACCOUNTS,
    *PLACES,
    *FINDINGS,
    *DOCUMENTS,
    *MEETINGS,
    *ROUNDS,
    *LOOK_BACKS,
    *VISITS,
    *OTHERS,
    *API,
]
