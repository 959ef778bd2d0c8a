"""The finding against a model of it: whatever people try in whatever order, both say the same."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspections.models import Finding
from inspections.steps import STEPS, StepRefused
from tests.inspections.making import fresh, report

NOW = datetime(2026, 11, 18, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))

# step: (states it starts from, who may, state it leads to or None for the same); written from the rules, not from STEPS
RULES: dict[str, tuple[set[str], set[str], str | None]] = {
    "issue": ({"reported"}, {"hso"}, "open"),
    "reject": ({"reported"}, {"hso"}, "rejected"),
    "reconsider": ({"rejected"}, {"hso"}, "reported"),
    "rectify": ({"open", "returned"}, {"huajia"}, "submitted"),
    "check": ({"submitted"}, {"jinpu"}, "checked"),
    "close": ({"checked"}, {"hso"}, "closed"),
    "send_back": ({"submitted", "checked"}, {"hso", "jinpu"}, "returned"),
    "withdraw": ({"open", "returned", "submitted", "checked"}, {"hso"}, "closed"),
    "reopen": ({"closed"}, {"hso"}, "open"),
    "urge": ({"open", "returned"}, {"hso", "jinpu"}, None),
    "attach": ({"reported", "open", "returned", "submitted", "checked"}, {"hso", "agency", "huajia"}, None),
    "note": ({"open", "returned", "submitted", "checked", "closed"}, {"hso", "jinpu", "huajia"}, None),
}
PEOPLE = ["hso", "jinpu", "changhai", "huajia", "xiangying", "agency", "auditor"]


def expected(state: str, step: str, who: str) -> str | None:
    """Return the state the rules lead to, or None where they refuse."""
    sources, actors, target = RULES[step]
    if state not in sources or who not in actors:
        return None
    if step == "attach" and who == "huajia" and state not in {"open", "returned"}:
        return None  # the township adds files while the finding is in its hands
    if step == "send_back" and who == "jinpu" and state == "checked":
        return "returned"
    if step == "send_back" and who == "hso" and state == "submitted":
        return None  # the county's working day is not over
    return target or state


def take(finding: Finding, step: str, user: object, at: datetime) -> None:
    verb = getattr(finding, {"check": "pass_check"}.get(step, step))
    needs = {
        "rectify": {"measures": "清理", "result": "完成"},
        "reject": {"reason": "重复"},
        "reconsider": {"reason": "补充情况"},
        "send_back": {"reason": "死角未清"},
        "withdraw": {"reason": "有误"},
        "reopen": {"reason": "有误"},
        "note": {"remark": "知悉"},
        "attach": {"file": ContentFile(f"%PDF {at} %%EOF".encode(), "x.pdf"), "kind": "pdf"},
    }
    verb(by=user, at=at, **needs.get(step, {}))


@pytest.fixture
def people(
    settings, hso, jinpu_office, changhai_office, huajia_official, xiangying_official, agency, auditor
) -> dict[str, object]:
    settings.FILES_PER_FINDING = 20  # a walk is never longer
    users = [hso, jinpu_office, changhai_office, huajia_official, xiangying_official, agency, auditor]
    return dict(zip(PEOPLE, users, strict=True))


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(moves=st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.sampled_from(PEOPLE)), max_size=14))
def test_the_database_and_the_rules_agree_on_every_walk(people, village, item, moves):
    finding = report(people["agency"], village, item, NOW)
    state, steps = "reported", 1
    for n, (step, who) in enumerate(moves):
        outcome = expected(state, step, who)
        row, at = fresh(finding), NOW + timedelta(minutes=n)
        offered = step in row.steps_for(people[who], at)
        try:
            take(row, step, people[who], at)
            happened = fresh(finding).state
        except StepRefused:
            happened = None
        assert happened == outcome, (state, step, who)
        assert offered == (outcome is not None), "the buttons offer exactly what the verb accepts"
        state, steps = outcome or state, steps + (outcome is not None)
        check_invariants(fresh(finding), state, steps)


def check_invariants(row: Finding, state: str, steps: int) -> None:
    assert row.state == state
    assert row.version == row.events.count() == steps
    assert (row.number is None) == (row.issued_at is None)
    assert (row.state == "closed") == bool(row.ending and row.closed_at and row.state != "rejected")
    if row.number:
        assert row.due_on >= row.first_due_on == date(2026, 11, 23)
        moved = row.extensions.order_by("until").last()
        assert row.due_on == (moved.until if moved else row.first_due_on), (
            "the clock never moves without a record"
        )


def test_the_model_above_covers_every_step_that_changes_a_state():
    requests = {
        "file_plan",
        "decide_plan",
        "ask_extension",
        "decide_extension",
        "claim",
        "decide_claim",
        "complete_milestone",
    }
    assert set(STEPS) - set(RULES) - requests == {"merge", "amend", "instruct", "reply", "sample"}
