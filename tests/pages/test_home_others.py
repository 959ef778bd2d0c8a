"""The home pages of inspectors, departments, the auditor and the administrator; no dead link anywhere."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Post
from schemes.models import Item
from tests.inspections.making import report
from tests.pages.many import clone

pytestmark = pytest.mark.django_db

EVERYBODY = [
    "hso", "hso_staff", "jinpu_office", "huajia_official", "secretary", "village_leader", "area_leader", "leader",
    "inspector", "agency", "department", "auditor", "sysadmin",
]  # fmt: skip


@pytest.fixture
def now() -> Any:
    return timezone.now()


def read(client_for: Any, user: Any) -> str:
    answer = client_for(user).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("who", EVERYBODY)
def test_no_link_of_the_home_page_and_its_side_bar_is_dead(
    request, client_for, who, inspector, village, item, now
):
    user = request.getfixturevalue(who)
    report(inspector, village, item, now - timedelta(days=9))
    client = client_for(user)
    html = client.get("/").content.decode()
    links = {link.replace("&amp;", "&").partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', html)}
    dead = [
        link
        for link in links
        if not link.startswith("/static/") and client.get(link).status_code not in (200, 302)
    ]
    assert not dead
    assert len(links) > 5


def test_an_empty_installation_has_a_home_page_for_everybody(request, client_for):
    for who in EVERYBODY:
        assert read(client_for, request.getfixturevalue(who))


def test_without_a_post_the_page_says_so(client_for, auditor):
    Post.objects.filter(user=auditor).delete()
    assert 'class="empty"' in read(client_for, auditor)


def test_home_asks_for_the_sign_in(client):
    assert client.get("/").status_code == 302


def test_an_inspector_sees_which_reports_wait_for_photos(client_for, agency, village, item, now):
    photo = {"id": str(uuid.uuid4()), "sha256": "a" * 64}
    report(agency, village, item, now, description="缺照片", photos=[photo])
    report(agency, village, item, now, description="不缺照片")
    html = read(client_for, agency)
    assert html.count("task__why") == 1
    assert reverse("record") in html


def test_an_inspector_sees_only_own_reports(client_for, inspector, agency, village, item, now):
    report(inspector, village, item, now, description="市里的")
    assert "市里的" not in read(client_for, agency)
    assert "市里的" in read(client_for, inspector)


def test_a_department_sees_the_findings_of_its_items(
    client_for, inspector, department, hso, jinpu, village, item, now
):
    other = Item.objects.get(scheme=item.scheme, code="A1-02")
    Item.objects.filter(pk=item.pk).update(department=department.posts.get().organisation)
    report(inspector, village, item, now - timedelta(days=9), description="本部门的")
    report(inspector, village, other, now, description="别部门的")
    html = read(client_for, department)
    assert "本部门的" in html
    assert "别部门的" not in html
    assert f"?state=overdue&amp;unit={jinpu.pk}" in html


def test_the_administrator_sees_what_is_not_well_but_no_photo(
    client_for, inspector, sysadmin, village, item, now
):
    report(inspector, village, item, now, description="保密的问题")
    html = read(client_for, sysadmin)
    assert "保密的问题" not in html
    assert reverse("status") in html
    assert "/findings/" not in html


@pytest.mark.parametrize("who", ["inspector", "department", "auditor"])
def test_the_number_of_queries_does_not_grow(
    request, client_for, who, inspector, department, village, item, now
):
    Item.objects.filter(pk=item.pk).update(department=department.posts.get().organisation)
    finding = report(inspector, village, item, now - timedelta(days=9))
    client, counts = client_for(request.getfixturevalue(who)), []
    for more in (9, 90):
        clone(finding, more)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
