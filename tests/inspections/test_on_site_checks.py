"""Where after-photos are replaced by an on-site check, the decision says who looked, when and what was seen."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inspections import official
from inspections.models import AfterPhotoRule, Finding
from inspections.on_site import OnSiteCheck
from inspections.steps import StepRefused
from tests.inspections.making import fresh, report, submit

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

SEEN = {"seen_by": "李晨、王敏", "seen_result": "已清理，无反弹"}
WORDS = "李晨、王敏"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def today(now):
    return timezone.localdate(now).isoformat()


@pytest.fixture
def check(today):
    return OnSiteCheck("李晨、王敏", today, "已清理，无反弹")


@pytest.fixture
def rule(item):
    return AfterPhotoRule.objects.create(item=item, kind="at_once", policy="on_site")


@pytest.fixture
def submitted(rule, inspector, huajia_official, village, item, now):
    """A city finding without after-photos, handed in."""
    finding = report(inspector, village, item, now - timedelta(hours=2))
    submit(finding, huajia_official, now - timedelta(hours=1))
    return fresh(finding)


@pytest.fixture
def patrol(rule, jinpu_office, huajia_official, village, item, now):
    """The same of a county's own, which has no check before the close."""
    finding = report(jinpu_office, village, item, now - timedelta(hours=3))
    finding.issue(by=jinpu_office, at=now - timedelta(hours=2))
    submit(finding, huajia_official, now - timedelta(hours=1))
    return fresh(finding)


def test_a_close_without_the_check_is_refused_and_nothing_is_half_done(patrol, jinpu_office, now):
    with pytest.raises(StepRefused) as refused:
        patrol.close(by=jinpu_office, at=now)
    assert refused.value.code == "on_site_missing"
    assert fresh(patrol).state == "submitted"


def test_the_check_is_kept_with_the_decision_and_shown(
    patrol, jinpu_office, huajia_official, client_for, now, check
):
    event = patrol.close(by=jinpu_office, at=now, remark="同意", on_site=check)
    assert event.data["on_site"] == {"by": "李晨、王敏", "on": check.on, "result": "已清理，无反弹"}
    page = client_for(huajia_official).get(patrol.get_absolute_url())
    assert WORDS in page.context["on_site"]
    assert page.content.decode().count(WORDS) == 2, "in the facts and in the timeline"
    line = next(official.lines(Finding.objects.filter(pk=patrol.pk), check.day))
    assert "已清理，无反弹" in official.texts(1, line)["remark"]


def test_the_county_s_check_of_a_city_finding_serves_for_the_close(submitted, jinpu_office, hso, now, check):
    with pytest.raises(StepRefused):
        fresh(submitted).pass_check(by=jinpu_office, at=now)
    fresh(submitted).pass_check(by=jinpu_office, at=now, on_site=check)
    row = fresh(submitted)
    assert not row.needs_on_site()
    row.close(by=hso, at=now)
    line = next(official.lines(Finding.objects.filter(pk=row.pk), check.day))
    assert line["on_site"]["by"] == "李晨、王敏"


def test_a_check_of_an_earlier_submission_serves_no_later_one(
    submitted, jinpu_office, huajia_official, hso, now, check
):
    fresh(submitted).pass_check(by=jinpu_office, at=now, on_site=check)
    fresh(submitted).send_back(by=hso, at=now, reason="死角未清")
    submit(submitted, huajia_official, now + timedelta(minutes=1))
    assert fresh(submitted).needs_on_site()


@pytest.mark.parametrize("days", [-30, 1])
def test_a_check_before_the_issue_or_in_the_future_is_refused(patrol, jinpu_office, now, days):
    day = (timezone.localdate(now) + timedelta(days=days)).isoformat()
    with pytest.raises(StepRefused):
        patrol.close(by=jinpu_office, at=now, on_site=OnSiteCheck("李晨", day, "好"))


def test_the_forms_ask_for_it_only_of_such_findings(patrol, client_for, jinpu_office, today, rule):
    client, url = client_for(jinpu_office), reverse("finding_step", args=[patrol.pk, "close"])
    assert client.get(url).context["form"].fields["seen_by"].required
    half = {"version": patrol.version, "seen_by": "李晨"}
    assert client.post(url, half).context["form"].errors.keys() == {"seen_on", "seen_result"}
    rule.delete()
    assert "seen_by" not in client.get(url).context["form"].fields


def test_the_close_form_takes_it(patrol, client_for, jinpu_office, today):
    url = reverse("finding_step", args=[patrol.pk, "close"])
    client_for(jinpu_office).post(url, {"version": patrol.version, "seen_on": today, **SEEN})
    assert fresh(patrol).state == "closed"


def test_the_review_queue_asks_for_it_too(patrol, client_for, jinpu_office, today):
    client, url = client_for(jinpu_office), reverse("review_decide", args=[patrol.pk])
    assert "seen_by" in client.get("/findings/review/").content.decode()
    body = {"step": "close", "version": patrol.version}
    assert client.post(url, body).context["form"].errors
    assert client.post(url, {**body, "seen_on": today, **SEEN}).status_code == 302
    assert fresh(patrol).state == "closed"


def test_the_api_takes_it_and_says_what_is_missing(patrol, client_for, jinpu_office, today):
    client, url = client_for(jinpu_office), reverse("api_finding_step", args=[patrol.pk, "close"])
    refused = client.post(url, {"seen_by": "李晨"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "on_site_missing")
    assert client.post(url, {"seen_on": today, **SEEN}, content_type="application/json").status_code == 200
    events = client.get(reverse("api_finding_events", args=[patrol.pk])).json()["results"]
    assert events[-1]["on_site"] == {"by": "李晨、王敏", "on": today, "result": "已清理，无反弹"}


def test_other_findings_close_as_before(jinpu_office, huajia_official, village, item, now):
    finding = report(jinpu_office, village, item, now - timedelta(hours=3))
    finding.issue(by=jinpu_office, at=now - timedelta(hours=2))
    submit(finding, huajia_official, now - timedelta(hours=1))
    fresh(finding).close(by=jinpu_office, at=now)
    assert fresh(finding).state == "closed"
