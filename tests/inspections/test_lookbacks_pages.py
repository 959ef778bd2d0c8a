"""The pages of look-backs: results by phone, the hearing, the second person, the table."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry, SealedEntry, Verb
from inspections.models import Finding, LookBackCase, PhotoUse, Round
from tests.inspections.looking_back import (
    claim,
    closed,
    declared,
    drawn,
    inspector_of,
    photo,
    planned,
    revealed,
    running,
)
from tests.inspections.touring import NAME, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def fixed(hso, huajia_official, village, item):
    return closed(hso, huajia_official, village, item, place="村口")


@pytest.fixture
def case(storage_dir, fixed, hso, city):
    (row,) = running(hso, city)
    return row


@pytest.fixture
def at(case, time_machine):
    """Stand in the day of the case."""
    time_machine.move_to(revealed(case), tick=False)
    return revealed(case)


def page(client, name, row):
    return client.get(reverse(name, args=[row.pk]))


# --- planners ----------------------------------------------------------------------------------------------------
SENT = {
    "since": "2026-01-01", "until": "2026-03-02", "percent": "100", "public_number_name": NAME,
    "public_number_falls_on": "2026-03-03",
}  # fmt: skip


def test_the_planner_freezes_the_list_and_draws_once_the_number_has_fallen(
    client_for, hso, city, fixed, time_machine
):
    time_machine.move_to(NOW, tick=False)
    row, client = planned(hso, city), client_for(hso)
    url, mix = reverse("lookback_draw", args=[row.pk]), reverse("round_mix", args=[row.pk])
    assert client.get(url).context["closed"] == 1
    assert client.post(url, {**SENT, "version": row.version}).status_code == 302
    made = row.draws.get()
    html = page(client, "lookback", row).content.decode()
    assert made.commitment in html
    assert fixed.number not in html
    assert mix in html
    number = {"version": row.version + 1, "public_number": "07", "again": "07"}
    assert client.post(mix, number).context["form"].errors
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    client = client_for(hso)
    assert client.post(mix, number).url == row.get_absolute_url()
    html = page(client, "lookback", row).content.decode()
    assert made.seed not in html
    assert fixed.number in html
    again = client.post(url, {**SENT, "version": row.version + 2, "public_number_falls_on": "2026-03-05"})
    assert again.context["form"].errors.keys() == {"reason"}


def test_a_look_back_is_planned_on_the_page_of_rounds(client_for, hso, jinpu_office):
    for user in (hso, jinpu_office):
        form = client_for(user).get(reverse("round_new")).context["form"]
        assert "look_back" in dict(form.fields["kind"].choices)


def test_days_that_hold_no_closed_finding_are_told_above_the_form(client_for, hso, city, fixed, time_machine):
    time_machine.move_to(NOW, tick=False)
    row = planned(hso, city)
    sent = {**SENT, "since": "2025-01-01", "until": "2025-01-02", "version": row.version}
    answer = client_for(hso).post(reverse("lookback_draw", args=[row.pk]), sent)
    assert answer.context["form"].non_field_errors()
    assert not LookBackCase.objects.exists()


def test_the_seed_is_published_at_closing(client_for, case, hso, auditor, at):
    case.look(by=inspector_of(case), at=at, result="fixed")
    assert page(client_for(auditor), "lookback", case.round).status_code == 404
    case.round.close(by=hso, at=at)
    assert page(client_for(auditor), "lookback", case.round).status_code == 200
    proof = client_for(auditor).get(reverse("draw", args=[case.round_id]), {"verify": "1"})
    assert case.draw.seed in proof.content.decode()
    assert proof.context["differences"] == []


def test_reading_what_is_secret_is_written_down_under_the_seal_alone(client_for, case, hso, at):
    planner, inspector = client_for(hso), client_for(inspector_of(case))
    before = Entry.objects.count()
    page(planner, "lookback_case", case)
    page(inspector, "lookback_case", case)
    assert Entry.objects.count() == before
    assert SealedEntry.objects.under(case.round_id).filter(verb=Verb.SEALED_READ).count() == 2


# --- inspectors --------------------------------------------------------------------------------------------------
def test_the_inspector_finds_the_revealed_case_with_its_photos_and_nothing_of_the_ledger(
    client_for, hso, city, huajia_official, village, item, storage_dir, time_machine
):
    old = closed(hso, huajia_official, village, item)
    shown = photo(hso, old.reported_at, 7)
    PhotoUse.objects.add(old, [shown], "before", by_id=hso.pk, at=old.reported_at)
    (row,) = running(hso, city)
    client = client_for(inspector_of(row))
    time_machine.move_to(NOW, tick=False)
    assert old.number not in client.get(reverse("lookbacks")).content.decode()
    assert page(client, "lookback_case", row).status_code == 404
    time_machine.move_to(revealed(row), tick=False)
    assert old.number in client.get(reverse("lookbacks")).content.decode()
    url = reverse("lookback_photo", args=[row.pk, shown.pk, "large"])
    assert url in page(client, "lookback_case", row).content.decode()
    assert client.get(url).status_code in (200, 202)
    assert client.get(reverse("lookback_photo", args=[row.pk, shown.pk, "original"])).status_code == 404
    assert client.get(old.get_absolute_url()).status_code == 404


def test_the_form_tells_what_is_missing_and_keeps_what_was_typed(client_for, case, at):
    client, url = client_for(inspector_of(case)), reverse("lookback_result", args=[case.pk])
    body = {"id": str(uuid.uuid4()), "photos": "[]", "result": "claimed", "remark": ""}
    answer = client.post(url, body)
    assert answer.context["form"].errors.keys() == {"remark", "__all__"}
    assert client.post(url, {**body, "result": ""}).context["form"].errors.keys() == {"result"}
    assert LookBackCase.objects.get(pk=case.pk).result == ""


def test_a_result_with_photos_is_stored_and_shown(client_for, case, at, hso):
    by, key = inspector_of(case), uuid.uuid4()
    sent = photo(by, at, parent=key)
    body = {
        "id": str(key), "photos": json.dumps([declared(sent)]), "result": "not_fixed", "remark": "垃圾仍在",
    }  # fmt: skip
    client = client_for(by)
    assert client.post(reverse("lookback_result", args=[case.pk]), body).status_code == 302
    assert LookBackCase.objects.get(pk=case.pk).photos.get().photo == sent
    for language, words in (("zh-hans", "已作为凭证保存"), ("en", "kept as evidence")):
        refused = client.delete(reverse("api_photo", args=[sent.pk]), headers={"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "photo_in_use")
        assert words in refused.json()["detail"]
    shown = page(client_for(hso), "lookback_case", case).content.decode()
    assert reverse("lookback_photo", args=[case.pk, sent.pk, "small"]) in shown
    assert page(client, "lookback_result", case).context["refused"]


def test_what_came_back_becomes_a_finding_from_the_same_form(client_for, case, at, fixed):
    by, key = inspector_of(case), uuid.uuid4()
    sent = photo(by, at, parent=key)
    body = {
        "id": str(key), "photos": json.dumps([declared(sent)]), "result": "came_back", "remark": "又有垃圾",
        "severity": "major",
    }  # fmt: skip
    assert client_for(by).post(reverse("lookback_result", args=[case.pk]), body).status_code == 302
    found = Finding.objects.get(pk=key)
    assert (found.recurrence_of, found.severity, found.source) == (fixed, "major", "look_back")
    assert found.photo_uses.get().photo == sent


# --- the township, the second person -----------------------------------------------------------------------------
def test_the_township_answers_and_the_office_decides(client_for, case, at, hso, huajia_official):
    claim(case)
    township, office = client_for(huajia_official), client_for(hso)
    hear, confirm = reverse("lookback_hear", args=[case.pk]), reverse("lookback_confirm", args=[case.pk])
    assert hear in township.get(reverse("lookbacks")).content.decode()
    assert office.get(confirm).context["refused"].code == "not_heard"
    assert township.post(hear, {"text": ""}).context["form"].errors.keys() == {"text"}
    assert township.post(hear, {"text": "已于当日清理"}).status_code == 302
    assert confirm in office.get(reverse("lookbacks")).content.decode()
    assert "已于当日清理" in office.get(confirm).content.decode()
    assert office.post(confirm, {"accept": "yes", "remark": "与照片不符"}).status_code == 302
    reopen = reverse("finding_step", args=[case.finding_id, "reopen"])
    assert reopen in office.get(reverse("lookbacks")).content.decode()
    assert "与照片不符" in page(township, "lookback_case", case).content.decode()


def test_another_township_and_the_auditor_get_404_while_it_is_heard(
    client_for, case, at, xiangying_official, auditor, changhai_office
):
    claim(case)
    for other in (xiangying_official, auditor, changhai_office):
        for name in ("lookback_case", "lookback_hear", "lookback_confirm", "lookback_result"):
            assert page(client_for(other), name, case).status_code == 404


# --- what a finding says of it -----------------------------------------------------------------------------------
def test_a_finding_says_confirmed_by_look_back_once_the_round_is_closed(
    client_for, case, at, hso, huajia_official
):
    case.look(by=inspector_of(case), at=at, result="fixed")
    client, word = client_for(huajia_official), "回头看核实"
    assert word not in client.get(case.finding.get_absolute_url()).content.decode()
    case.round.close(by=hso, at=at)
    assert word in client.get(case.finding.get_absolute_url()).content.decode()


# --- the table ---------------------------------------------------------------------------------------------------
def test_the_table_counts_only_what_came_back_as_a_recurrence(
    client_for, hso, city, huajia_official, dachangshan_official, village, island_village, item, storage_dir,
    time_machine,
):  # fmt: skip
    for number in range(3):
        closed(hso, huajia_official, village, item, place=f"{number}号")
    closed(hso, dachangshan_official, island_village, item)
    first, second, third, fourth = running(hso, city)
    first.look(by=inspector_of(first), at=revealed(first), result="fixed")
    second.look(by=inspector_of(second), at=revealed(second), result="not_fixed", remark="x")
    claim(third)
    by, at, key = inspector_of(fourth), revealed(fourth), uuid.uuid4()
    sent = photo(by, at, 9, parent=key)
    fourth.find_again(id=key, by=by, at=at, description="又有", photos=[declared(sent)])
    time_machine.move_to(at, tick=False)
    totals = page(client_for(hso), "lookback", first.round).context["totals"]
    assert (totals.drawn, totals.looked_at, totals.fixed, totals.not_fixed) == (4, 4, 1, 1)
    assert (totals.never_done, totals.undecided, totals.came_back) == (0, 1, 1)
    lines = page(client_for(hso), "lookback", first.round).context["table"]
    assert [line.name for line in lines if line.is_unit] == ["金普新区", "长海县"]
    assert sum(line.figures.drawn for line in lines if line.is_unit) == 4


# --- the API -----------------------------------------------------------------------------------------------------
def test_the_api_takes_results_once_and_the_same_again(client_for, case, at):
    client, url = client_for(inspector_of(case)), reverse("api_lookback_result", args=[case.pk])
    body = {"result": "fixed", "remark": "干净"}
    for _ in range(2):
        answer = client.put(url, body, "application/json")
        assert (answer.status_code, answer.json()["result"]) == (200, "fixed")
    assert client.put(url, {"result": "not_fixed", "remark": "x"}, "application/json").status_code == 409
    listed = client.get(reverse("api_lookbacks")).json()["results"]
    assert [row["id"] for row in listed] == [str(case.pk)]


def test_the_api_takes_what_came_back_with_its_finding(client_for, case, at, fixed):
    by, key = inspector_of(case), uuid.uuid4()
    sent = declared(photo(by, at, parent=key))
    client, url = client_for(by), reverse("api_lookback_result", args=[case.pk])
    body = {"result": "came_back", "remark": "又有垃圾", "photos": [sent]}
    assert client.put(url, body, "application/json").status_code == 400
    for _ in range(2):
        answer = client.put(url, {**body, "finding": str(key)}, "application/json")
        assert (answer.status_code, answer.json()["new_finding"]) == (200, str(key))
    assert Finding.objects.filter(recurrence_of=fixed).count() == 1


def test_hearing_and_decision_go_over_the_api_too(client_for, case, at, hso, huajia_official):
    claim(case)
    hear, confirm = (reverse(f"api_lookback_{step}", args=[case.pk]) for step in ("hear", "confirm"))
    sent = {"accept": True, "remark": "属实"}
    assert client_for(hso).post(confirm, sent, "application/json").status_code == 409
    assert client_for(huajia_official).post(hear, {"text": "已清理"}, "application/json").status_code == 200
    answer = client_for(hso).post(confirm, sent, "application/json")
    assert (answer.status_code, answer.json()["confirmed"]) == (200, True)


# --- counts ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reader", ["planner", "inspector", "api"])
def test_lists_cost_the_same_number_of_queries_with_10_and_with_100_rows(
    client_for, hso, city, huajia_official, village, item, storage_dir, time_machine, reader,
    django_assert_max_num_queries, django_assert_num_queries,
):  # fmt: skip
    first = closed(hso, huajia_official, village, item)
    for number in range(9):
        copy_of(first, number)
    case = running(hso, city)[0]
    add_to(case, [copy_of(first, number) for number in range(10, 20)])
    time_machine.move_to(revealed(case), tick=False)
    user = hso if reader == "planner" else inspector_of(case)
    url = {
        "planner": reverse("lookback", args=[case.round_id]),
        "inspector": reverse("lookbacks"),
        "api": reverse("api_lookbacks"),
    }[reader]
    client = client_for(user)
    client.get(url)
    with django_assert_max_num_queries(60) as few:
        assert client.get(url).status_code == 200
    add_to(case, [copy_of(first, number) for number in range(20, 110)])
    with django_assert_num_queries(len(few.captured_queries)):
        assert client.get(url).status_code == 200


def copy_of(finding, number):
    """Store a closed finding like another one."""
    row = Finding.objects.get(pk=finding.pk)
    row.pk, row.number = uuid.uuid4(), f"JP-2026-9{number:05d}"
    row.save(force_insert=True)
    return row


def add_to(case, findings):
    """Give the case's team more of the same day."""
    LookBackCase.objects.bulk_create(
        LookBackCase(
            round=case.round, draw=case.draw, finding=row, team=case.team, day=case.day, order=order,
            reveals_at=case.reveals_at, weight=2,
        )
        for order, row in enumerate(findings, LookBackCase.objects.count())
    )  # fmt: skip


def test_the_list_opens_for_all_who_may_have_something_there(
    client_for, hso, jinpu_office, inspector, huajia_official, auditor
):
    for user in (hso, jinpu_office, inspector, huajia_official, auditor):
        assert client_for(user).get(reverse("lookbacks")).status_code == 200


def test_the_page_of_its_round_leads_to_the_draw_and_then_to_the_cases(
    client_for, hso, city, fixed, time_machine
):
    time_machine.move_to(NOW, tick=False)
    row, client = planned(hso, city), client_for(hso)
    draw, cases = reverse("lookback_draw", args=[row.pk]), reverse("lookback", args=[row.pk])
    assert draw in page(client, "round", row).content.decode()
    drawn(row, hso)
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    client = client_for(hso)
    html = page(client, "round", row).content.decode()
    assert reverse("round_open", args=[row.pk]) in html
    assert cases in html
    assert client.post(reverse("round_open", args=[row.pk]), {"version": row.version}).status_code == 302
    assert Round.objects.get(pk=row.pk).state == "running"


def test_the_closing_page_counts_the_cases_that_wait(client_for, case, at, hso):
    url = reverse("round_close", args=[case.round_id])
    answer = client_for(hso).get(url)
    assert answer.context["waiting"] == 1
    assert f"{reverse('lookback', args=[case.round_id])}?result=waiting" in answer.content.decode()
    case.look(by=inspector_of(case), at=at, result="fixed")
    assert client_for(hso).get(url).context["waiting"] == 0


def test_the_townships_home_page_asks_for_its_statement_until_it_is_made(
    client_for, case, at, huajia_official, xiangying_official
):
    hear = reverse("lookback_hear", args=[case.pk])
    home = reverse("home")
    assert hear not in client_for(huajia_official).get(home).content.decode()
    claim(case)
    assert hear in client_for(huajia_official).get(home).content.decode()
    assert hear not in client_for(xiangying_official).get(home).content.decode()
    case.hear(by=huajia_official, at=at, text="已清理")
    assert hear not in client_for(huajia_official).get(home).content.decode()


def test_the_offices_home_page_counts_what_it_has_to_decide_and_to_open_again(
    client_for, case, at, hso, huajia_official
):
    word, wrong = "待第二人核实的回头看问题", "销号有误：待重新交办"
    claim(case)
    case.hear(by=huajia_official, at=at, text="已清理")
    client = client_for(hso)
    home = client.get(reverse("home")).content.decode()
    assert word in home
    assert wrong not in home
    case.confirm(by=hso, at=at, accept=True, remark="属实")
    home = client.get(reverse("home")).content.decode()
    assert wrong in home
    assert word not in home


PAGES = (
    "home",
    "lookbacks",
    "ledger",
    "notices",
    "search",
    "rounds",
    "commitments",
    "api_lookbacks",
    "api_findings",
)
NOISE = re.compile(r"nonce=\"[^\"]*\"|csrf[^>]*|\"X-CSRFToken\"[^}]*|[0-9a-f]{32}")


@pytest.mark.parametrize(
    "reader", ["hso_staff", "jinpu_office", "huajia_official", "auditor", "inspector", "leader"]
)
def test_for_those_off_the_list_the_world_with_a_sealed_look_back_is_the_world_without(
    client_for, request, hso, city, fixed, storage_dir, time_machine, reader
):
    user = request.getfixturevalue(reader)
    client, urls = client_for(user), [*PAGES, fixed.get_absolute_url()]
    urls = [name if name.startswith("/") else reverse(name) for name in urls]
    row = planned(hso, city)
    time_machine.move_to(NOW + timedelta(days=1, hours=2), tick=False)

    def world():
        found = {}
        for url in urls:
            with CaptureQueriesContext(connection) as asked:
                answer = client.get(url)
            # what is refused bears the number of its request
            body = NOISE.sub("", answer.content.decode()) if answer.status_code == 200 else ""
            found[url] = (answer.status_code, body, len(asked))
        return found

    world()  # caches are warm from now on
    without = world()
    drawn(row, hso)
    row.open(by=hso, at=NOW + timedelta(days=1, hours=1))
    assert world() == without
