"""The finding's page and its steps, posted as a browser posts them."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from inspections.models import Claim, Extension, Finding, Instruction, Milestone, Photo, RectificationPlan
from tests.inspections.making import fresh, report, submit
from tests.samples import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def finding(inspector, village, item):
    return report(inspector, village, item, timezone.now() - timedelta(hours=1))


@pytest.fixture
def reported(agency, village, item):
    return report(agency, village, item, timezone.now() - timedelta(hours=1), description="沟渠里有塑料袋")


@pytest.fixture
def take(client_for):
    """Return a function that opens a step's form as a user and posts it."""

    def take_step(user, finding, step, **fields):
        client = client_for(user)
        url = reverse("finding_step", args=[finding.pk, step])
        assert client.get(url).status_code == 200
        return client.post(url, {"version": fresh(finding).version, **fields})

    return take_step


def bar(page):
    return [step["name"] for step in page.context["main_steps"] + page.context["more_steps"]]


# --- the page ---------------------------------------------
def test_the_page_shows_facts_chain_and_timeline(client_for, finding, huajia_official, secretary):
    page = client_for(huajia_official).get(finding.get_absolute_url())
    text = page.content.decode()
    for expected in (finding.number, "柳家", "村口散落垃圾", "A1-01"):
        assert expected in text
    assert set(bar(page)) == set(finding.steps_for(huajia_official, timezone.now()))


def test_the_panel_gets_the_body_alone(client_for, finding, hso):
    page = (
        client_for(hso).get(finding.get_absolute_url(), headers={"HX-Target": "panel-body"}).content.decode()
    )
    assert "data-panel-content" in page
    assert "<html" not in page


@pytest.mark.parametrize("who", ["xiangying_official", "changhai_office", "agency", "sysadmin"])
def test_strangers_get_404_on_every_address_of_it(client_for, finding, request, who):
    client = client_for(request.getfixturevalue(who))
    urls = [
        finding.get_absolute_url(),
        reverse("rectify", args=[finding.pk]),
        reverse("stored", args=[finding.pk]),
    ]
    urls += [
        reverse("finding_step", args=[finding.pk, step]) for step in ("close", "urge", "undo", "rectify")
    ]
    assert {client.get(url).status_code for url in urls} == {404}
    assert {client.post(url, {"version": 1}).status_code for url in urls[3:]} == {404}


def test_a_report_is_unknown_to_the_inspected_side(client_for, reported, huajia_official, jinpu_office, hso):
    assert client_for(huajia_official).get(reported.get_absolute_url()).status_code == 404
    assert client_for(jinpu_office).get(reported.get_absolute_url()).status_code == 404
    assert client_for(hso).get(reported.get_absolute_url()).status_code == 200


def test_a_word_that_is_no_step_is_404(client_for, finding, hso):
    assert client_for(hso).get(reverse("finding_step", args=[finding.pk, "delete"])).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_history(
    client_for, finding, huajia_official, hso, django_assert_max_num_queries
):
    client = client_for(hso)
    client.get(finding.get_absolute_url())
    for n in range(12):
        fresh(finding).note(by=huajia_official if n % 2 else hso, at=timezone.now(), remark=f"第 {n} 条")
        Instruction.objects.create(finding=finding, text="抓紧", by=hso, at=timezone.now())
    with django_assert_max_num_queries(60):
        assert "第 11 条" in client.get(finding.get_absolute_url()).content.decode()


# --- the whole way ---------------------------------------------
def test_from_the_report_to_the_closed_line(client_for, take, reported, hso, huajia_official, jinpu_office):
    assert take(hso, reported, "issue", kind="at_once").status_code == 302
    finding = fresh(reported)
    assert finding.state == "open"
    body = {"version": finding.version, "measures": "清运垃圾", "result": "已清理干净", "photos": ""}
    assert client_for(huajia_official).post(reverse("rectify", args=[finding.pk]), body).status_code == 302
    assert take(jinpu_office, finding, "check", remark="现场看过").status_code == 302
    assert take(hso, finding, "close", remark="").status_code == 302
    assert (fresh(finding).state, fresh(finding).ending) == ("closed", "fixed")


def test_a_decision_can_be_undone_from_the_page(client_for, finding, huajia_official, jinpu_office, take):
    submit(finding, huajia_official, timezone.now())
    take(jinpu_office, finding, "send_back", reason="照片不是同一地点")
    client = client_for(jinpu_office)
    page = client.get(finding.get_absolute_url())
    assert page.context["undo"]
    assert client.post(reverse("finding_step", args=[finding.pk, "undo"])).status_code == 302
    assert fresh(finding).state == "submitted"
    again = client.post(reverse("finding_step", args=[finding.pk, "undo"]), headers={"HX-Request": "true"})
    assert again.status_code == 409


def test_a_refusal_needs_a_reason_and_keeps_what_was_typed(
    client_for, finding, huajia_official, jinpu_office
):
    submit(finding, huajia_official, timezone.now())
    url = reverse("finding_step", args=[finding.pk, "send_back"])
    page = client_for(jinpu_office).post(url, {"version": fresh(finding).version, "reason": " "})
    assert "error-summary" in page.content.decode()
    assert fresh(finding).state == "submitted"


def test_a_stale_page_is_told_and_the_text_kept_for_a_second_try(client_for, finding, hso, jinpu_office):
    stale = finding.version
    fresh(finding).note(by=jinpu_office, at=timezone.now(), remark="先看一下")
    client, url = client_for(hso), reverse("finding_step", args=[finding.pk, "urge"])
    page = client.post(url, {"version": stale, "remark": "请抓紧整改"})
    text = page.content.decode()
    assert "error-summary" in text
    assert "请抓紧整改" in text
    version = page.context["form"].data["version"]
    assert client.post(url, {"version": version, "remark": "请抓紧整改"}).status_code == 302


def test_a_step_that_is_not_possible_says_why_and_what_is(client_for, finding, hso):
    page = client_for(hso).get(reverse("finding_step", args=[finding.pk, "close"])).content.decode()
    assert "message--warning" in page
    assert reverse("finding_step", args=[finding.pk, "withdraw"]) in page


def test_posting_a_step_of_another_office_changes_nothing(client_for, finding, huajia_official):
    url = reverse("finding_step", args=[finding.pk, "withdraw"])
    page = client_for(huajia_official).post(url, {"version": finding.version, "reason": "不想要"})
    assert page.status_code == 200
    assert fresh(finding).state == "open"


def test_reject_merge_and_amend_before_the_issue(take, reported, agency, finding, hso, village, item):
    other = type(item).objects.current().exclude(pk=item.pk).first()
    changed = {
        "village": village.pk,
        "place": "西沟",
        "item": other.pk,
        "description": "改正",
        "kind": "by_date",
    }
    assert take(hso, reported, "amend", **changed).status_code == 302
    row = fresh(reported)
    assert (row.place, row.item, row.kind, row.description) == ("西沟", other, "by_date", "改正")
    assert take(hso, reported, "merge", other=finding.pk).status_code == 302
    assert fresh(reported).duplicate_of == finding
    second = report(agency, village, item, timezone.now())
    assert take(hso, second, "reject", reason="照片不能说明问题").status_code == 302
    assert fresh(second).state == "rejected"


def test_an_extension_is_asked_and_granted(take, finding, huajia_official, hso):
    until = finding.due_on + timedelta(days=4)
    assert take(huajia_official, finding, "ask_extension", until=until, reason="下雪").status_code == 302
    assert take(hso, finding, "decide_extension", accept="no", reason="").status_code == 200
    assert take(hso, finding, "decide_extension", accept="yes", reason="").status_code == 302
    assert fresh(finding).due_on == until
    assert Extension.objects.get().state == "approved"


def test_a_claim_of_a_duplicate_names_the_other_by_its_number(
    take, finding, huajia_official, hso, inspector, village, item
):
    other = report(inspector, village, item, timezone.now())
    claim = {"ending": "duplicate", "reason": "已交办"}
    assert "error-summary" in take(huajia_official, finding, "claim", **claim).content.decode()
    wrong = take(huajia_official, finding, "claim", **claim, duplicate_of="XX-2026-000009")
    assert "error-summary" in wrong.content.decode()
    assert (
        take(huajia_official, finding, "claim", **claim, duplicate_of=other.number.lower()).status_code == 302
    )
    assert take(hso, finding, "decide_claim", accept="yes").status_code == 302
    assert (fresh(finding).ending, fresh(finding).duplicate_of) == ("duplicate", other)
    assert Claim.objects.get().state == "approved"


def test_a_plan_with_stages_is_filed_approved_and_reported_on(
    take, client_for, reported, huajia_official, hso
):
    take(hso, reported, "issue", kind="continuing")
    day = timezone.localdate() + timedelta(days=40)
    plan = {"measures": "铺设管网", "owner": "街道城建办", "date": day, "stage_1": "完成设计"}
    assert "error-summary" in take(huajia_official, reported, "file_plan", **plan).content.decode()
    assert take(huajia_official, reported, "file_plan", **plan, stage_1_date=day).status_code == 302
    assert take(hso, reported, "decide_plan", accept="yes").status_code == 302
    assert RectificationPlan.objects.get().state == "approved"
    stage = Milestone.objects.get()
    assert "完成设计" in client_for(huajia_official).get(reverse("milestones")).content.decode()
    assert take(huajia_official, reported, "complete_milestone", milestone=stage.pk).status_code == 302
    assert Milestone.objects.get().done_at
    assert "完成设计" not in client_for(huajia_official).get(reverse("milestones")).content.decode()


def test_a_continuing_finding_closes_only_with_a_signed_decision(
    take, reported, huajia_official, hso, settings
):
    settings.COUNTY_CHECK = False
    take(hso, reported, "issue", kind="continuing")
    submit(reported, huajia_official, timezone.now())
    assert "error-summary" in take(hso, reported, "close", remark="").content.decode()
    assert take(hso, reported, "close", remark="", document="大人居办〔2026〕9号").status_code == 302
    assert fresh(reported).closing_document == "大人居办〔2026〕9号"


def test_withdraw_and_reopen(take, finding, hso):
    assert take(hso, finding, "withdraw", reason="误交办").status_code == 302
    assert fresh(finding).ending == "withdrawn"
    assert take(hso, finding, "reopen", reason="核实属实").status_code == 302
    assert fresh(finding).state == "open"


def test_an_instruction_becomes_a_task_and_gets_a_reply(take, client_for, finding, leader, hso):
    assert take(leader, finding, "instruct", text="请举一反三").status_code == 302
    assert "请举一反三" in client_for(hso).get(reverse("instructions")).content.decode()
    told = take(hso, finding, "reply", instruction=Instruction.objects.get().pk, text="已在全区排查")
    assert told.status_code == 302
    row = Instruction.objects.get()
    assert (row.reply, row.replied_by) == ("已在全区排查", hso)
    assert leader.notices.filter(step="reply").exists()
    assert "已在全区排查" in client_for(leader).get(finding.get_absolute_url()).content.decode()


@pytest.mark.parametrize("step", ["urge", "note"])
def test_urge_and_note_leave_a_remark(take, finding, hso, step):
    assert take(hso, finding, step, remark="请今天完成").status_code == 302
    assert finding.events.filter(step=step, remark="请今天完成").exists()


def test_next_brings_back_only_to_our_own_pages(take, finding, hso):
    assert take(hso, finding, "note", remark="一", next="/findings/issuing/").url == "/findings/issuing/"
    assert (
        take(hso, finding, "note", remark="二", next="https://evil.example/").url
        == finding.get_absolute_url()
    )


def test_a_report_that_waits_for_photos_is_issued_with_a_reason_after_a_day(take, agency, hso, village, item):
    declared = [{"id": str(uuid.uuid4()), "sha256": "a" * 64}]
    early = report(agency, village, item, timezone.now() - timedelta(hours=30), photos=declared)
    assert "error-summary" in take(hso, early, "issue", kind="at_once").content.decode()
    assert take(hso, early, "issue", kind="at_once", incomplete_reason="手机没有网络").status_code == 302
    assert fresh(early).incomplete_reason == "手机没有网络"


# --- rectify ---------------------------------------------
def test_the_photo_taken_on_the_rectify_page_is_attached(client_for, finding, huajia_official):
    client, url = client_for(huajia_official), reverse("rectify", args=[finding.pk])
    photo, _new = Photo.objects.receive(
        id=uuid.uuid4(), parent_id=finding.pk, side="after", file=ContentFile(jpeg(), "a.jpg"), by=huajia_official,
        at=timezone.now(),
    )  # fmt: skip
    page = client.get(url)
    assert str(photo.pk) in page.content.decode()
    body = {"version": finding.version, "measures": "清运", "result": "干净"}
    body["photos"] = json.dumps([{"id": str(photo.pk), "sha256": photo.sha256}])
    assert client.post(url, body).status_code == 302
    assert finding.photo_uses.get(side="after").photo == photo


def test_an_unknown_photo_is_refused_and_the_text_kept(client_for, finding, huajia_official):
    body = {"version": finding.version, "measures": "清运三车", "result": "干净"}
    body["photos"] = json.dumps([{"id": str(uuid.uuid4()), "sha256": "b" * 64}])
    page = client_for(huajia_official).post(reverse("rectify", args=[finding.pk]), body).content.decode()
    assert "error-summary" in page
    assert "清运三车" in page
    assert fresh(finding).state == "open"


def test_a_second_official_is_told_that_it_is_done(client_for, finding, huajia_official, huajia_official_2):
    body = {"version": finding.version, "measures": "清运", "result": "干净", "photos": ""}
    url = reverse("rectify", args=[finding.pk])
    assert client_for(huajia_official).post(url, body).status_code == 302
    assert "message--warning" in client_for(huajia_official_2).post(url, body).content.decode()
    assert Finding.objects.get(pk=finding.pk).rectifications.count() == 1
