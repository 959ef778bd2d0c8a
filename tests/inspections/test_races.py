"""Two people at the same finding in the same moment: one wins, the other is told, nothing is half done."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from inspections import drafting, papers
from inspections.models import (
    Document,
    DocumentSeries,
    Finding,
    FindingEvent,
    NumberSeries,
    Part,
    Rectification,
)
from tests.inspections.making import fresh, report, submit
from tests.inspections.racing import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("committed")]

NOW = datetime(2026, 11, 18, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def on_postgresql(committed):
    assert connection.vendor == "postgresql", "races are a question to PostgreSQL; set DATABASE_URL"


@pytest.fixture
def finding(committed, inspector, village, item):
    return report(inspector, village, item, NOW)


def one_winner(outcomes: list[str]) -> bool:
    return outcomes.count("done") == 1 and set(outcomes) <= {"done", "conflict", "wrong_state"}


def is_whole(finding: Finding) -> bool:
    """Every version has its one event and the state is the last event's."""
    events = list(FindingEvent.objects.filter(finding=finding).order_by("version"))
    row = fresh(finding)
    return [e.version for e in events] == list(range(1, row.version + 1)) and events[-1].to_state == row.state


def test_two_officials_rectify_and_one_submission_counts(finding, huajia_official, huajia_official_2):
    one, two = fresh(finding), fresh(finding)
    outcomes = at_once(
        lambda: one.rectify(by=huajia_official, at=NOW, measures="清理", result="完成"),
        lambda: two.rectify(by=huajia_official_2, at=NOW, measures="清运", result="完成"),
    )
    assert one_winner(outcomes)
    assert Rectification.objects.count() == Part.objects.count() == 1
    assert is_whole(finding)


def test_two_reviewers_decide_and_one_decision_stands(finding, huajia_official, jinpu_office, hso, hso_staff):
    submit(finding, huajia_official, NOW)
    fresh(finding).pass_check(by=jinpu_office, at=NOW)
    one, two = fresh(finding), fresh(finding)
    outcomes = at_once(
        lambda: one.close(by=hso, at=NOW),
        lambda: two.send_back(by=hso_staff, at=NOW, reason="死角未清"),
    )
    assert one_winner(outcomes)
    row = fresh(finding)
    assert (row.state, row.ending, row.times_returned) in {("closed", "fixed", 0), ("returned", "", 1)}
    assert row.extensions.count() == (0 if row.state == "closed" else row.due_on != row.first_due_on)
    assert is_whole(finding)


def test_closing_against_an_extension(
    finding, huajia_official, huajia_official_2, jinpu_office, hso, hso_staff
):
    fresh(finding).ask_extension(by=huajia_official, at=NOW, until=date(2026, 12, 1), reason="连日暴雪")
    submit(finding, huajia_official, NOW)
    fresh(finding).pass_check(by=jinpu_office, at=NOW)
    one, two = fresh(finding), fresh(finding)
    outcomes = at_once(
        lambda: one.close(by=hso, at=NOW), lambda: two.decide_extension(by=hso_staff, at=NOW, accept=True)
    )
    assert one_winner(outcomes)
    assert is_whole(finding)
    extension = finding.extensions.get()
    assert (extension.state == "approved") == (fresh(finding).due_on == date(2026, 12, 1))


def test_undo_against_the_next_step(finding, huajia_official, jinpu_office, hso):
    submit(finding, huajia_official, NOW)
    fresh(finding).pass_check(by=jinpu_office, at=NOW)
    one, two = fresh(finding), fresh(finding)
    outcomes = at_once(
        lambda: one.undo(by=jinpu_office, at=NOW + timedelta(seconds=5)),
        lambda: two.close(by=hso, at=NOW + timedelta(seconds=5)),
    )
    assert one_winner(outcomes)
    assert fresh(finding).state in {"submitted", "closed"}
    assert is_whole(finding)


def test_twenty_issues_at_once_number_without_gaps(committed, agency, hso, village, item):
    reports = [report(agency, village, item, NOW, description=f"第{n}处") for n in range(20)]
    outcomes = at_once(*[lambda f=f: fresh(f).issue(by=hso, at=NOW) for f in reports])
    assert outcomes == ["done"] * 20
    numbers = sorted(int(n[-6:]) for n in Finding.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 21))
    assert NumberSeries.objects.get().last == 20


def test_the_same_person_cannot_take_both_sides_at_once(finding, huajia_official, jinpu, jinpu_office):
    huajia_official.posts.create(role="county_office", division=jinpu, since=date(2020, 1, 1))
    both = type(huajia_official).objects.get(pk=huajia_official.pk)
    one, two = fresh(finding), fresh(finding)
    at_once(
        lambda: one.rectify(by=both, at=NOW, measures="清理", result="完成"),
        lambda: two.urge(by=jinpu_office, at=NOW, remark="请尽快"),
    )
    assert is_whole(finding)
    assert Part.objects.filter(user=both).count() <= 1


def test_the_same_put_from_twenty_threads_is_one_finding(committed, inspector, village, item):
    id = "3f1c5c1e-0b8e-4a37-9a53-0a7a53f0c0de"
    outcomes = at_once(*[lambda: report(inspector, village, item, NOW, id=id) for _ in range(20)])
    assert outcomes == ["done"] * 20
    assert Finding.objects.count() == NumberSeries.objects.get().last == 1


def test_twelve_documents_issued_at_once_number_without_gaps(finding, hso):
    def draft() -> Document:
        return drafting.draft_for(hso, NOW, "assignment", Finding.objects.filter(pk=finding.pk))[0]

    def issue(document: Document) -> None:
        document.issue(by=hso, at=NOW, lines=papers.current_lines(document, NOW.date()))

    drafts = [draft() for _ in range(12)]
    assert at_once(*[lambda d=d: issue(Document.objects.get(pk=d.pk)) for d in drafts]) == ["done"] * 12
    issued = Document.objects.issued()
    assert sorted(issued.values_list("serial", flat=True)) == list(range(1, 13))
    assert len(set(issued.values_list("number", flat=True))) == 12
    assert DocumentSeries.objects.get().last == 12


def test_a_document_issued_twice_at_once_takes_one_number(finding, hso):
    document = drafting.draft_for(hso, NOW, "assignment", Finding.objects.filter(pk=finding.pk))[0]
    one, two = Document.objects.get(pk=document.pk), Document.objects.get(pk=document.pk)
    lines = papers.current_lines(document, NOW.date())
    outcomes = at_once(*[lambda d=d: d.issue(by=hso, at=NOW, lines=lines) for d in (one, two)])
    assert outcomes.count("done") == 1
    assert DocumentSeries.objects.get().last == 1, "what is refused gives its number back"
