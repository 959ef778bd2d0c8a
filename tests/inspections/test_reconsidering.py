"""A report that was not issued can be taken up again by its office; a merged one stays where its photos are."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inspections.steps import StepRefused
from notifications.models import Notice
from tests.inspections.making import fresh, report

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def rejected(agency, hso, village, item, now):
    finding = report(agency, village, item, now - timedelta(days=2))
    finding.reject(by=hso, at=now - timedelta(days=1), reason="照片看不出问题")
    return fresh(finding)


def test_it_waits_to_be_issued_again_and_the_reporter_is_told(rejected, hso, agency, now):
    rejected.reconsider(by=hso, at=now, reason="补充了现场情况")
    row = fresh(rejected)
    assert (row.state, row.closed_at, row.closed_by, row.direct) == ("reported", None, None, False)
    assert Notice.objects.filter(user=agency, key__contains=":reconsider:").exists()
    row.issue(by=hso, at=now)
    assert fresh(row).number


def test_the_township_never_reads_of_it(rejected, hso, huajia_official, now):
    rejected.reconsider(by=hso, at=now, reason="补充了现场情况")
    fresh(rejected).issue(by=hso, at=now)
    steps = fresh(rejected).timeline(huajia_official, timezone.localdate(now)).values_list("step", flat=True)
    assert list(steps) == ["issue"]


def test_it_takes_a_reason_and_the_issuing_office(rejected, hso, jinpu_office, agency, now):
    for by, reason in ((hso, " "), (jinpu_office, "x"), (agency, "x")):
        with pytest.raises(StepRefused):
            fresh(rejected).reconsider(by=by, at=now, reason=reason)
    assert fresh(rejected).state == "rejected"


def test_it_can_be_undone(rejected, hso, now):
    rejected.reconsider(by=hso, at=now, reason="误操作")
    fresh(rejected).undo(by=hso, at=now + timedelta(seconds=5))
    row = fresh(rejected)
    assert row.state == "rejected"
    assert row.closed_by == hso


def test_a_merged_report_is_not_taken_up_again(agency, inspector, hso, village, item, now):
    first = report(inspector, village, item, now - timedelta(days=2))
    second = report(agency, village, item, now - timedelta(days=1), description="又报一次")
    second.merge_into(first, by=hso, at=now)
    assert fresh(second).refusal("reconsider", hso, now).code == "merged"


def test_the_page_and_the_api_offer_it(rejected, hso, client_for):
    client, url = client_for(hso), reverse("finding_step", args=[rejected.pk, "reconsider"])
    assert url in client.get(rejected.get_absolute_url()).content.decode()
    assert client.post(url, {"version": rejected.version, "reason": "补充了照片"}).status_code == 302
    assert fresh(rejected).state == "reported"
    fresh(rejected).reject(by=hso, at=timezone.now(), reason="仍不清楚")
    api = reverse("api_finding_step", args=[rejected.pk, "reconsider"])
    assert client.post(api, {"reason": "再看一次"}, content_type="application/json").status_code == 200
    assert fresh(rejected).state == "reported"
