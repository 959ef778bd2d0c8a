"""The system proposes measures for what stays overdue; only the issuing office decides on them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from inspections import reminders
from inspections.models import Proposal
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.inspections.stored import NOW, TODAY, Make, cast, clock, make

__all__ = ["cast", "make"]


def proposed(**filters: Any) -> list[str]:
    return sorted(Proposal.objects.filter(**filters).values_list("level", flat=True))


@pytest.mark.parametrize(
    ("days", "levels"),
    [
        (0, []),
        (1, ["urge"]),
        (2, ["urge"]),
        (3, ["supervise", "urge"]),
        (7, ["circulate", "supervise", "urge"]),
        (15, ["circulate", "summon", "supervise", "urge"]),
    ],
)
def test_the_ladder_follows_the_days_overdue(make: Make, cast: Any, days: int, levels: list[str]) -> None:
    finding = make(due_on=TODAY - timedelta(days=days))
    for _again in range(3):
        reminders.sweep(at=NOW)
    assert proposed(finding=finding) == levels


@pytest.mark.engine
def test_three_long_overdue_findings_concern_the_township_once_a_month(
    make: Make, cast: Any, huajia: Any
) -> None:
    for _each in range(3):
        make(due_on=TODAY - timedelta(days=4))
    for day in range(4):
        reminders.sweep(at=NOW + timedelta(days=day))
    proposal = Proposal.objects.get(finding=None)
    assert (proposal.level, proposal.township, proposal.facts["findings"]) == ("circulate", huajia, 3)
    assert "3" in proposal.reason
    reminders.sweep(at=clock(date(2026, 4, 1), 9))
    assert Proposal.objects.filter(finding=None).count() == 2


def test_those_who_may_sign_are_told_once_a_day(make: Make, cast: Any) -> None:
    make(due_on=TODAY - timedelta(days=3))
    for _again in range(2):
        reminders.sweep(at=NOW)
    notice = Notice.objects.get(step="proposals")
    assert notice.user == cast.hso
    assert "2" in notice.text


@pytest.fixture
def urge(make: Make, cast: Any) -> Proposal:
    make(due_on=TODAY - timedelta(days=1))
    reminders.sweep(at=NOW)
    return Proposal.objects.get()


def test_signing_an_urge_carries_it_out(urge: Proposal, hso: User) -> None:
    urge.sign(by=hso, at=NOW)
    urge.refresh_from_db()
    assert (urge.state, urge.signed_by, urge.signed_at) == ("signed", hso, NOW)
    assert urge.finding is not None
    assert urge.finding.events.filter(step="urge", by=hso).count() == 1


def test_a_measure_is_never_taken_by_itself(urge: Proposal) -> None:
    assert urge.state == "proposed"
    assert urge.finding is not None
    assert not urge.finding.events.filter(step="urge").exists()


@pytest.mark.parametrize(
    "name", ["hso_staff", "jinpu_office", "huajia_official", "auditor", "sysadmin", "leader"]
)
def test_only_a_signer_of_the_issuing_office_decides(urge: Proposal, cast: Any, name: str) -> None:
    with pytest.raises(StepRefused) as refused:
        urge.sign(by=getattr(cast, name), at=NOW)
    assert refused.value.code == "not_yours"
    urge.refresh_from_db()
    assert urge.state == "proposed"


def test_dismissing_needs_a_reason(urge: Proposal, hso: User) -> None:
    with pytest.raises(StepRefused):
        urge.dismiss(by=hso, at=NOW, remark=" ")
    urge.dismiss(by=hso, at=NOW, remark="已电话联系")
    assert (urge.state, urge.remark) == ("dismissed", "已电话联系")
    reminders.sweep(at=NOW)
    assert Proposal.objects.count() == 1


def test_a_proposal_is_decided_once(urge: Proposal, hso: User) -> None:
    stale = Proposal.objects.get()
    urge.sign(by=hso, at=NOW)
    with pytest.raises(StepRefused) as refused:
        stale.dismiss(by=hso, at=NOW, remark="不需要")
    assert refused.value.code == "conflict"


def test_the_list_shows_what_waits_to_the_own_office(urge: Proposal, cast: Any) -> None:
    def seen(user: User) -> int:
        return Proposal.objects.visible_to(user, TODAY).waiting().count()

    assert [seen(user) for user in (cast.hso, cast.hso_staff, cast.auditor)] == [1, 1, 1]
    assert [seen(user) for user in (cast.jinpu_office, cast.huajia_official, cast.secretary)] == [0, 0, 0]


def test_what_was_put_right_meanwhile_no_longer_waits(urge: Proposal, cast: Any) -> None:
    type(urge.finding).objects.filter(pk=urge.finding_id).update(state="submitted", submitted_at=NOW)
    assert not Proposal.objects.waiting().exists()


@pytest.mark.engine
def test_the_database_refuses_a_decision_by_nobody(urge: Proposal) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE inspections_proposal SET state = 'signed'")


# --- the leaders' weekly digest -----------------------------------------------------------------------------------
@pytest.mark.engine
def test_leaders_get_one_digest_a_week_with_the_counts_of_their_places(make: Make, cast: Any) -> None:
    make(due_on=TODAY + timedelta(days=3))
    make(due_on=TODAY - timedelta(days=1))
    make(
        state="closed",
        ending="fixed",
        closed_at=NOW - timedelta(days=2),
        closed_by=cast.hso,
        submitted_at=NOW,
    )
    for day in range(6):  # until Sunday
        reminders.sweep(at=NOW + timedelta(days=day))
    notice = Notice.objects.get(user=cast.leader)
    assert notice.step == "digest"
    assert "金普新区" in notice.text
    assert "待整改 2 件、逾期 1 件，近 7 日销号 1 件" in notice.text
    reminders.sweep(at=clock(date(2026, 3, 16), 8))
    assert Notice.objects.filter(user=cast.leader).count() == 2


def test_digests_are_for_leaders_alone(make: Make, cast: Any) -> None:
    make(due_on=date(2026, 3, 20))
    reminders.sweep(at=NOW)
    assert set(Notice.objects.filter(step="digest").values_list("user__username", flat=True)) == {
        cast.leader.username
    }
