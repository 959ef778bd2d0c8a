"""The pages of a round: whose they are, what is next, what is written under the seal, what proves the draw."""

import io
import re
import subprocess
import sys
import uuid
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, SealedEntry
from inspections.models import Amendment, Round, RoundReader, TeamPlan
from tests.cast import make_user
from tests.inspections.touring import (
    FIRST,
    LAST,
    NAME,
    NOW,
    NUMBER,
    clock,
    draw,
    freeze,
    inspectors,
    other_team,
    plan,
    planned,
    running,
    villages_in,
    visit,
    with_teams,
)

pytestmark = pytest.mark.django_db
PAGES = (
    "round", "round_change", "round_readers", "round_teams", "round_freeze", "round_mix", "round_open", "round_close",
    "draw", "round_plan", "round_amend", "round_progress",
)  # fmt: skip
TUESDAY = NOW + timedelta(days=1, hours=2)


@pytest.fixture
def villages(huajia, xiangying, dachangshan):
    return villages_in(huajia, xiangying, dachangshan)


@pytest.fixture
def row(hso, city, villages, item):
    return running(hso, city)


@pytest.fixture
def at_tuesday():
    with time_machine.travel(TUESDAY, tick=False):
        yield


def read(client, name, *args, **query):
    return client.get(reverse(name, args=args), query)


def send(client, name, *args, query="", **data):
    return client.post(reverse(name, args=args) + query, data)


def new(**changes):
    fields = {
        "id": str(uuid.uuid4()), "kind": "city", "title": "第四轮暗访", "basis_document": "大农办〔2026〕3号",
        "plan_number": "2026-07", "begins_on": FIRST, "ends_on": LAST, "coverage": "full", "per_day": 5,
        "departs_at": "08:00", "reveal_hours": 12, "rests": "on",
    }  # fmt: skip
    return {**fields, **changes}


# --- planning ---------------------------------------------------------------------------------------------------
def test_a_planner_goes_the_whole_way_by_pages(client_for, hso, city, villages, item):
    browser = client_for(hso)
    one, two = inspectors(city)
    with time_machine.travel(NOW, tick=False):
        data = new()
        assert send(browser, "round_new", **data).status_code == 302
        row = Round.objects.get(pk=data["id"])
        teams = {f"team-{one.pk}": "一组", f"team-{two.pk}": "一组", "version": row.version}
        assert send(browser, "round_teams", row.pk, **teams).status_code == 302
        frozen = {
            "public_number_name": NAME, "public_number_falls_on": FIRST - timedelta(days=1), "version": row.version + 1,
        }  # fmt: skip
        assert send(browser, "round_freeze", row.pk, **frozen).status_code == 302
    with time_machine.travel(TUESDAY, tick=False):
        row.refresh_from_db()
        number = {"public_number": NUMBER, "again": NUMBER, "version": row.version}
        assert send(browser, "round_mix", row.pk, **number).status_code == 302
        row.refresh_from_db()
        assert send(browser, "round_open", row.pk, version=row.version).status_code == 302
        row.refresh_from_db()
        assert row.state == "running"
        assert len(planned(row)) == 9
        for name in PAGES:
            assert read(browser, name, row.pk).status_code == 200, name


def test_what_is_next_is_the_first_thing(client_for, hso, city, villages):
    browser, row = client_for(hso), plan(hso, city, plan_number="")

    def buttons():
        body = read(browser, "round", row.pk).content.decode()
        return re.findall(r'aria-current="step".*?<a class="btn btn-primary" href="([^"]+)"', body, re.DOTALL)

    assert buttons() == [reverse("round_change", args=[row.pk])]
    row.change(by=hso, plan_number="2026-07")
    assert buttons() == [reverse("round_teams", args=[row.pk])]
    with_teams(row, hso)
    assert buttons() == [reverse("round_freeze", args=[row.pk])]
    made = freeze(row, hso)
    assert buttons() == [reverse("round_mix", args=[row.pk])]
    made.mix(by=hso, at=TUESDAY, public_number=NUMBER)
    row.refresh_from_db()
    assert buttons() == [reverse("round_open", args=[row.pk])]
    row.open(by=hso, at=TUESDAY)
    assert buttons() == [reverse("round_progress", args=[row.pk])]


def test_a_refused_form_keeps_what_was_typed_and_names_the_rule(client_for, hso, city, villages):
    browser, row = client_for(hso), plan(hso, city)
    with time_machine.travel(NOW, tick=False):
        data = {"public_number_name": "双色球第24期", "public_number_falls_on": FIRST, "version": row.version}
        page = send(browser, "round_freeze", row.pk, **data)
    assert page.status_code == 200
    body = page.content.decode()
    assert "双色球第24期" in body
    assert "error-summary" in body
    assert SealedEntry.objects.under(row.pk).filter(detail__code="infeasible").exists()


def test_a_number_typed_two_ways_is_not_taken(client_for, hso, city, villages):
    row = with_teams(plan(hso, city), hso)
    freeze(row, hso)
    data = {"public_number": "1", "again": "2", "version": row.version}
    with time_machine.travel(TUESDAY, tick=False):
        assert send(client_for(hso), "round_mix", row.pk, **data).status_code == 200
    row.refresh_from_db()
    assert row.draw is None


def test_an_older_version_of_the_page_does_not_overwrite(client_for, hso, city, villages):
    row = plan(hso, city)
    row.change(by=hso, title="第三轮村庄暗访")
    page = send(client_for(hso), "round_change", row.pk, **new(title="旧"), version=1)
    assert page.status_code == 200
    row.refresh_from_db()
    assert row.title == "第三轮村庄暗访"


def test_the_page_warns_where_the_table_of_holidays_ends(client_for, hso, city, villages):
    body = read(client_for(hso), "round", plan(hso, city).pk).content.decode()
    assert "exclamation-triangle-fill" in body


def test_a_county_office_plans_a_patrol(client_for, jinpu_office, jinpu, villages):
    data = new(kind="county_patrol")
    assert send(client_for(jinpu_office), "round_new", **data).status_code == 302
    assert Round.objects.get().office == jinpu


def test_units_that_inspect_each_other_are_known_by_their_inspectors(client_for, hso, city, jinpu, changhai):
    row = plan(hso, city, kind="mutual")
    members = [*inspectors(jinpu), *inspectors(changhai)]
    names = ["金普组", "金普组", "长海组", "长海组"]
    data = {f"team-{m.pk}": name for m, name in zip(members, names, strict=True)}
    assert send(client_for(hso), "round_teams", row.pk, **data, version=row.version).status_code == 302
    assert {team.sent_by for team in row.teams.standing()} == {jinpu, changhai}


# --- secrecy ----------------------------------------------------------------------------------------------------
def test_for_whoever_is_not_listed_a_sealed_round_is_no_round(
    client_for, row, hso_staff, jinpu_office, auditor, leader, inspector, huajia_official, sysadmin
):
    one = planned(row)[0]
    for user in (hso_staff, jinpu_office, auditor, leader, inspector, huajia_official, sysadmin):
        browser = client_for(user)
        for name in (*PAGES, "draw_package"):
            assert same(browser, name, [row.pk], [uuid.uuid4()]), (user, name)
        assert same(browser, "draw_receipt", [row.pk, 1], [uuid.uuid4(), 1])
        assert same(browser, "planned_miss", [row.pk, one.pk], [uuid.uuid4(), uuid.uuid4()])
        assert str(row.pk) not in browser.get(reverse("home")).content.decode()


def same(browser, name, args, others):
    answers = []
    for each in (args, others):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = read(browser, name, *each)
        body = re.sub(
            rb"[0-9a-f]{8}-[0-9a-f-]{27}|nonce=\"[^\"]*\"|value=\"\w{64}\"|content=\"\w{64}\"",
            b"",
            answer.content,
        )
        answers.append((answer.status_code, body, len(queries)))
    assert answers[0][0] == 404
    return answers[0] == answers[1]


def test_opening_a_sealed_round_is_written_down_under_its_seal(client_for, row, hso):
    read(client_for(hso), "round_plan", row.pk)
    lines = SealedEntry.objects.under(row.pk).filter(verb="sealed_read")
    assert lines.get().actor_name == str(hso)
    assert not Entry.objects.filter(verb="sealed_read").exists()
    assert not Entry.objects.filter(label__contains=str(row.pk)).exists()


def test_that_somebody_plans_a_round_is_in_no_open_log(client_for, hso, city):
    browser, data = client_for(hso), new(title="")
    before = Entry.objects.count()
    assert send(browser, "round_new", **data).status_code == 200
    assert Entry.objects.count() == before
    assert SealedEntry.objects.under(uuid.UUID(data["id"])).count() == 1
    assert send(browser, "round_new", **{**data, "title": "第四轮"}).status_code == 302
    assert Entry.objects.count() == before


def test_a_new_round_sent_twice_is_one(client_for, hso, city):
    data, browser = new(), client_for(hso)
    for _ in range(2):
        assert send(browser, "round_new", **data).url == reverse("round", args=[data["id"]])
    assert Round.objects.count() == RoundReader.objects.count() == 1


def test_nobody_takes_over_an_id_of_somebody_else(client_for, hso, hso_staff, city):
    row = plan(hso, city)
    page = send(client_for(hso_staff), "round_new", **new(id=str(row.pk)))
    assert page.status_code == 200
    assert Round.objects.count() == 1


def test_the_seed_leaves_the_server_at_the_closing_and_not_before(client_for, row, hso):
    seed, browser = row.draw.seed, client_for(hso)
    for name in PAGES:
        assert seed not in read(browser, name, row.pk).content.decode(), name
    assert seed not in read(browser, "draw_receipt", row.pk, 1).content.decode()
    close(row, hso)
    assert seed in read(browser, "draw", row.pk).content.decode()


def close(row, by):
    for one in planned(row):
        one.miss(by=by, at=TUESDAY, reason="weather")
    row.close(by=by, at=TUESDAY)


def test_the_receipt_holds_the_commitment_and_nothing_of_the_plan(client_for, row, hso):
    page = read(client_for(hso), "draw_receipt", row.pk, 1)
    text = read(client_for(hso), "draw_receipt", row.pk, 1, **{"as": "text"})
    for body in (page.content.decode(), text.content.decode()):
        assert row.draw.commitment in body
        assert NAME in body
        assert not any(one.village.name in body for one in planned(row))
    assert "&" not in text.content.decode()
    assert SealedEntry.objects.under(row.pk).filter(verb="download").count() == 2
    assert read(client_for(hso), "draw_receipt", row.pk, 9).status_code == 404


def test_the_commitment_is_public_from_the_reveal_on(client_for, row, huajia_official):
    browser = client_for(huajia_official)
    for moment, shown in ((row.reveals_at - timedelta(seconds=1), False), (row.reveals_at, True)):
        with time_machine.travel(moment, tick=False):
            assert (row.draw.commitment in read(browser, "commitments").content.decode()) == shown


# --- what proves it ---------------------------------------------------------------------------------------------
def test_a_closed_round_is_recomputed_on_its_page(client_for, row, hso, auditor):
    close(row, hso)
    page = read(client_for(auditor), "draw", row.pk, verify=1)
    assert "message--success" in page.content.decode()


def test_a_plan_that_was_tampered_with_is_not_confirmed(client_for, row, hso, auditor, lift_triggers):
    close(row, hso)
    one, other = row.planned.all()[:2]
    row.planned.filter(pk=one.pk).update(village=other.village)
    body = read(client_for(auditor), "draw", row.pk, verify=1).content.decode()
    assert "message--error" in body
    with pytest.raises(CommandError):
        call_command("verify_draw", str(row.pk), stdout=io.StringIO(), stderr=io.StringIO())


def test_the_command_recomputes_by_title_or_id(row, hso):
    with pytest.raises(CommandError, match="closed"):
        call_command("verify_draw", row.title, stdout=io.StringIO())
    close(row, hso)
    for name in (row.title, str(row.pk)):
        out = io.StringIO()
        call_command("verify_draw", name, stdout=out)
        assert row.draw.commitment in out.getvalue()
        assert "confirmed" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("verify_draw", "nothing", stdout=io.StringIO())


def test_an_outsider_recomputes_amended_and_repeated_draws_from_the_package(
    client_for, hso, city, villages, item, huajia_official, tmp_path
):
    row = with_teams(plan(hso, city), hso)
    draw(row, hso)
    row.set_teams(by=hso, at=TUESDAY, teams=[TeamPlan("三组", inspectors(city, 3))])
    draw(row, hso, TUESDAY, reason="改由一个组检查")
    wednesday = TUESDAY + timedelta(days=1)
    row.open(by=hso, at=wednesday)
    one = planned(row)[0]
    data = {
        "visit": str(one.pk),
        "team": str(one.team_id),
        "day": LAST,
        "reason": "渡船停航",
        "version": row.version,
    }
    with time_machine.travel(wednesday, tick=False):
        assert send(client_for(hso), "round_amend", row.pk, query="?kind=move", **data).status_code == 302
    row.refresh_from_db()
    close(row, hso)
    answer = read(client_for(huajia_official), "draw_package", row.pk)
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "verify.py"], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert row.draw.commitment in done.stdout
    assert Entry.objects.filter(verb="download", object_id=str(row.pk)).count() == 1


# --- plans, amendments, progress --------------------------------------------------------------------------------
def test_the_day_plan_lists_each_teams_route_and_prints(client_for, row, hso):
    browser, one = client_for(hso), planned(row)[0]
    body = read(browser, "round_plan", row.pk, team=str(one.team_id)).content.decode()
    assert all((v.village.name in body) == (v.team == one.team) for v in planned(row))
    assert one.village.name in read(browser, "round_plan", row.pk, print=1).content.decode()


@pytest.mark.usefixtures("at_tuesday")
def test_each_kind_of_amendment_goes_by_its_page(client_for, row, hso):
    browser = client_for(hso)
    one, two, three, four, five = planned(row)[:5]

    def amend(kind, **data):
        row.refresh_from_db()
        more = {"reason": "渡船停航", "version": row.version}
        page = send(browser, "round_amend", row.pk, query=f"?kind={kind}", **more, **data)
        assert page.status_code == 302, page.content.decode()

    amend("cancel", visit=one.pk)
    amend("add", village=one.village_id, team=other_team(one).pk, day=LAST)
    amend("move", visit=two.pk, team=other_team(two).pk, day=LAST)
    amend("swap", visit=three.pk, other=four.pk)
    five.miss(by=hso, at=TUESDAY, reason="weather")
    amend("replan", visit=five.pk, team=five.team_id, day=LAST)
    kinds = Amendment.objects.order_by("number").values_list("kind", flat=True)
    assert list(kinds) == ["cancel", "add", "move", "swap", "replan"]


@pytest.mark.usefixtures("at_tuesday")
def test_a_refused_amendment_says_why_and_keeps_the_reason(client_for, row, hso):
    one = planned(row)[0]
    data = {
        "village": one.village_id,
        "team": one.team_id,
        "day": LAST,
        "reason": "加查一次",
        "version": row.version,
    }
    page = send(client_for(hso), "round_amend", row.pk, query="?kind=add", **data)
    assert page.status_code == 200
    assert "加查一次" in page.content.decode()
    assert not Amendment.objects.exists()
    assert read(client_for(hso), "round_amend", row.pk, kind="no-such").status_code == 404


@pytest.mark.usefixtures("at_tuesday")
def test_a_planner_records_a_missed_visit(client_for, row, hso):
    one = planned(row)[0]
    data = {"reason": "no_ferry", "remark": "", "version": row.version}
    assert send(client_for(hso), "planned_miss", row.pk, one.pk, **data).status_code == 302
    one.refresh_from_db()
    assert one.missed_reason == "no_ferry"
    page = send(client_for(hso), "planned_miss", row.pk, one.pk, **data)
    assert page.status_code == 200


def test_progress_counts_each_visit_once_and_lists_what_is_late(client_for, row, hso, huajia):
    made, missed, again = planned(row)[:3]
    visit(made, clock(FIRST))
    missed.miss(by=hso, at=clock(FIRST), reason="no_ferry")
    with time_machine.travel(clock(LAST), tick=False):
        page = read(client_for(hso), "round_progress", row.pk)
    figures = page.context["figures"].sum
    assert (figures.planned, figures.visited, figures.missed) == (9, 1, 1)
    assert figures.late + figures.ahead == 7
    body = page.content.decode()
    assert reverse("round_amend", args=[row.pk]) + f"?kind=replan&amp;visit={again.pk}" in body


@pytest.mark.parametrize("name", ["round_plan", "round_progress", "round"])
def test_pages_ask_the_same_number_of_questions_for_ten_villages_and_a_hundred(
    name, client_for, hso, city, huajia, dachangshan, item
):
    counts = []
    for each in (5, 45):
        villages_in(huajia, dachangshan, each=each)
        row = running(hso, city, per_day=9)
        browser = client_for(hso)
        read(browser, name, row.pk)
        with CaptureQueriesContext(connection) as queries:
            assert read(browser, name, row.pk).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_list_asks_the_same_number_of_questions_for_ten_rounds_and_a_hundred(client_for, hso, city):
    counts, browser = [], client_for(hso)
    for more in (10, 90):
        for _ in range(more):
            plan(hso, city)
        read(browser, "rounds")
        with CaptureQueriesContext(connection) as queries:
            body = read(browser, "rounds").content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert body.count("第三轮暗访") == 20


def test_an_unlisted_office_user_lists_closed_rounds_only(client_for, row, hso, hso_staff, city):
    assert row.title not in read(client_for(hso_staff), "rounds").content.decode()
    close(row, hso)
    assert row.title in read(client_for(hso_staff), "rounds").content.decode()
    assert read(client_for(hso_staff), "round", row.pk).status_code == 200
    assert read(client_for(hso_staff), "round_amend", row.pk).status_code == 404


def test_two_offices_of_one_person_are_chosen_between(client_for, hso, city, jinpu):
    both = make_user("both", "双岗", "city_office", city)
    both.posts.create(role="county_office", division=jinpu, since=timezone.localdate() - timedelta(days=900))
    body = read(client_for(both), "round_new", office=str(jinpu.pk)).content.decode()
    assert "county_patrol" in body


def test_the_page_of_teams_asks_the_same_number_of_questions_for_ten_inspectors_and_a_hundred(
    client_for, hso, city
):
    counts, browser, row = [], client_for(hso), plan(hso, city)
    for more in (10, 90):
        inspectors(city, more)
        read(browser, "round_teams", row.pk)
        with CaptureQueriesContext(connection) as queries:
            assert read(browser, "round_teams", row.pk).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nobody_may_ask_for_another_offices_round_by_its_query(client_for, jinpu_office, city, jinpu):
    page = read(client_for(jinpu_office), "round_new", office=str(city.pk))
    assert page.context["office"] == jinpu
