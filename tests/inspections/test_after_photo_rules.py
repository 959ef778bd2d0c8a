"""The city office says per item and kind whether after-photos are needed; the township's form follows."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from inspections.models import AfterPhotoRule
from inspections.steps import StepRefused
from tests.inspections.making import fresh, report

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 9, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_stored_rule_demands_a_photo_and_an_emptied_one_does_not(
    client_for, hso, inspector, huajia_official, village, item
):
    page = client_for(hso)
    assert page.post("/findings/after-photos/", {"A1-01-at_once": "required"}).status_code == 302
    assert AfterPhotoRule.objects.get().policy == "required"
    finding = report(inspector, village, item, NOW)
    with pytest.raises(StepRefused) as refused:
        fresh(finding).rectify(by=huajia_official, at=NOW, measures="清理", result="完成")
    assert refused.value.code == "photos_missing"
    page.post("/findings/after-photos/", {})
    fresh(finding).rectify(by=huajia_official, at=NOW, measures="清理", result="完成")
    assert fresh(finding).state == "submitted"


def test_an_unknown_choice_stores_nothing(client_for, hso, item):
    answer = client_for(hso).post("/findings/after-photos/", {"A1-01-at_once": "always"})
    assert answer.status_code == 200
    assert not AfterPhotoRule.objects.exists()


def test_counties_do_not_change_the_city_s_rules(client_for, jinpu_office, item):
    assert client_for(jinpu_office).get("/findings/after-photos/").status_code == 404
