"""County findings end at the county; the city may sample them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inspections.models import Finding
from inspections.steps import StepRefused
from tests.inspections.making import fresh, report, submit

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def now():
    return timezone.now()


def issued(by, village, item, at, **more):
    """Record and issue a finding of an office."""
    finding = report(by, village, item, at, **more)
    finding.issue(by=by, at=at)
    return fresh(finding)


@pytest.fixture
def patrol(jinpu_office, huajia_official, village, item, now):
    """A county's own finding, closed by its office."""
    at = now - timedelta(hours=5)
    finding = issued(jinpu_office, village, item, at)
    submit(finding, huajia_official, at)
    fresh(finding).close(by=jinpu_office, at=at)
    return fresh(finding)


def test_the_city_records_what_it_saw_and_nothing_else_changes(patrol, hso, jinpu_office, now):
    patrol.sample(by=hso, at=now, accept=False, remark="沟渠又有垃圾")
    row, event = fresh(patrol), patrol.events.get(step="sample")
    ours = [f.attname for f in Finding._meta.concrete_fields if f.name != "version"]
    assert all(getattr(row, name) == getattr(patrol, name) for name in ours)
    assert (event.remark, event.data["accept"], event.to_state) == ("沟渠又有垃圾", False, "closed")
    notice = jinpu_office.notices.get(step="sample")
    assert "沟渠又有垃圾" in notice.text
    assert not patrol.parts.filter(user=hso).exists()


def test_what_is_not_in_order_is_said(patrol, hso, now):
    with pytest.raises(StepRefused) as refused:
        patrol.sample(by=hso, at=now, accept=False)
    assert refused.value.code == "reason_missing"


@pytest.mark.parametrize(
    "who",
    ["jinpu_office", "changhai_office", "huajia_official", "inspector", "leader", "auditor", "sysadmin"],
)
def test_nobody_else_samples(patrol, now, request, who):
    assert "sample" not in patrol.steps_for(request.getfixturevalue(who), now)


def test_only_closed_findings_of_a_county_are_sampled(
    hso, inspector, jinpu_office, huajia_official, village, item, now
):
    assert "sample" not in issued(jinpu_office, village, item, now).steps_for(hso, now)
    own = report(inspector, village, item, now, description="城市暗访问题")
    submit(own, huajia_official, now)
    fresh(own).pass_check(by=jinpu_office, at=now)
    fresh(own).close(by=hso, at=now)
    assert "sample" not in fresh(own).steps_for(hso, now)


def test_the_page_offers_and_takes_it(client_for, patrol, hso):
    client, url = client_for(hso), reverse("finding_step", args=[patrol.pk, "sample"])
    assert url in client.get(patrol.get_absolute_url()).content.decode()
    refused = client.post(url, {"version": patrol.version, "accept": "no"})
    assert "error-summary" in refused.content.decode()
    assert client.post(url, {"version": patrol.version, "accept": "yes"}).status_code == 302
    assert "市级抽查：合格" in client.get(patrol.get_absolute_url()).content.decode()


def test_the_api_takes_it(client_for, patrol, hso):
    url = reverse("api_finding_step", args=[patrol.pk, "sample"])
    body = {"accept": True, "remark": "现场整洁"}
    assert client_for(hso).post(url, body, content_type="application/json").status_code == 200
    assert patrol.events.get(step="sample").data["accept"] is True
