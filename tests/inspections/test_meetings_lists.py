"""The list of on-site meetings, on the page and over the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.inspections.meeting import again, found_today, hold, now, prepare, show, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def prepared(jinpu_office, huajia, village, inspector):
    return prepare(jinpu_office, huajia, [village], readers=[inspector])


@pytest.fixture
def held(prepared, jinpu_office):
    return hold(prepared, jinpu_office)


@pytest.fixture
def found(inspector, village, item):
    return found_today(inspector, village, item)


@pytest.fixture
def full(held, found, huajia_official, jinpu_office):
    return show(held, found, huajia_official, jinpu_office)


# --- lists --------------------------------------------------------------------------------------------------------
def many(by, township, villages, count):
    for n in range(count):
        meeting = prepare(by, township, villages, title=f"现场会{n}", on=today() - timedelta(days=n))
        meeting.hold(by=by, at=now())


@pytest.mark.parametrize("name", ["meetings", "api_meetings"])
def test_a_list_costs_the_same_with_10_and_100_rows(client_for, hso, huajia, village, name):
    client, url = client_for(hso), reverse(name)
    many(hso, huajia, [village], 10)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    many(hso, huajia, [village], 90)
    with CaptureQueriesContext(connection) as lots:
        client.get(url)
    assert len(few) == len(lots)
    assert len(few) <= 9


def test_the_list_is_narrowed_by_unit_street_and_year_and_paged(
    client_for, hso, huajia, xiangying, village, sibling_village, jinpu
):
    many(hso, huajia, [village], 22)
    prepare(hso, xiangying, [sibling_village], title="向应现场会").hold(by=hso, at=now())
    client = client_for(hso)
    page = client.get(reverse("meetings"))
    assert len(page.context["page"].object_list) == 20
    only = client.get(reverse("meetings"), {"street": xiangying.pk, "unit": jinpu.pk, "year": today().year})
    assert [row.title for row in only.context["page"]] == ["向应现场会"]
    assert len(only.context["filters"]["chips"]) == 3
    for nonsense in ({"street": "x"}, {"year": "²²²²"}, {"year": "0000"}, {"unit": "1"}):
        assert client.get(reverse("meetings"), nonsense).context["page"].paginator.count == 23


def test_the_api_gives_list_and_detail(client_for, full, huajia_official, found):
    client = client_for(huajia_official)
    rows = client.get(reverse("api_meetings"), {"on__year": today().year}).json()
    assert rows["count"] == 1
    body = client.get(reverse("api_meeting", args=[full.pk])).json()
    assert body["villages"][0]["name"] == "柳家"
    first = body["findings"][0]
    assert (first["id"], len(first["before"]), len(first["after"])) == (str(found.pk), 2, 1)
    assert body["decisions"][0]["owner"] == "华家街道"


def test_one_who_may_not_take_a_step_is_told_and_nothing_happens(client_for, held, hso, huajia_official):
    for user in (hso, huajia_official):
        answer = client_for(user).post(
            reverse("meeting_step", args=[held.pk, "close"]), {"version": held.version}
        )
        assert answer.url == held.get_absolute_url()
    assert again(held).state == "held"
