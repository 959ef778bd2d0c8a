"""The ledger's list: what it shows, finds, counts, sorts and pages, and what it costs."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inspections import ledger
from inspections.models import Finding
from tests.inspections.making import fresh, report, submit

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

URL = "/findings/"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def four(inspector, village, sibling_village, island_village, item, huajia_official, jinpu_office, hso, now):
    """One finding each: open, overdue, closed, and one of another county."""
    at = now - timedelta(hours=3)
    found = {
        "open": report(inspector, village, item, at, place="村口"),
        "late": report(inspector, sibling_village, item, now - timedelta(days=9), description="沟渠淤塞"),
        "closed": report(inspector, village, item, at, description="路边堆放柴草"),
        "island": report(inspector, island_village, item, at, description="海滩有泡沫"),
    }
    submit(found["closed"], huajia_official, now - timedelta(hours=2))
    fresh(found["closed"]).pass_check(by=jinpu_office, at=now - timedelta(hours=2))
    fresh(found["closed"]).close(by=hso, at=now - timedelta(hours=1))
    return found


def numbers(page):
    return re.findall(r"data-panel>([A-Z]+-\d{4}-\d{6})<", page.content.decode())


def clone(finding, count):
    """Copy a finding's row many times, for lists of any length."""
    own = [field.attname for field in Finding._meta.concrete_fields if field.name not in ("id", "number")]
    values = {name: getattr(finding, name) for name in own}
    rows = [
        Finding(
            **{
                **values,
                "number": f"ZZ-2026-{n:06d}",
                "issued_at": finding.issued_at - timedelta(minutes=n // 3),
            }
        )
        for n in range(count)
    ]
    Finding.objects.bulk_create(rows)


# --- scope ------------------------------------------------------------------------------------------------------------
def test_everyone_sees_the_findings_of_their_places(
    client_for, four, hso, jinpu_office, huajia_official, changhai_office
):
    def seen(user):
        return set(numbers(client_for(user).get(URL)))

    every = {finding.number for finding in four.values()}
    assert seen(hso) == every
    assert seen(jinpu_office) == every - {four["island"].number}
    assert seen(huajia_official) == {four["open"].number, four["closed"].number}
    assert seen(changhai_office) == {four["island"].number}


def test_the_system_administrator_gets_404(client_for, sysadmin):
    client = client_for(sysadmin)
    for name in ("ledger", "ledger_print", "exports"):
        assert client.get(reverse(name)).status_code == 404
    assert client.post(reverse("ledger_bulk")).status_code == 404
    assert client.post(reverse("ledger_export")).status_code == 404


# --- conditions -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"state": "open"}, {"open", "late", "island"}),
        ({"state": "overdue"}, {"late"}),
        ({"state": "closed"}, {"closed"}),
        ({"timing": "on_time"}, {"closed"}),
        ({"timing": "overdue"}, {"late"}),
        ({"ending": "fixed"}, {"closed"}),
        ({"q": "柴草"}, {"closed"}),
        ({"q": "柳家"}, {"open", "closed"}),
        ({"q": "柳家 村口"}, {"open"}),
        ({"q": "沟渠"}, {"late"}),
        ({"item": "A1-01"}, {"open", "late", "closed", "island"}),
        ({"item": "A1-02"}, set()),
        ({"source": "hotline"}, set()),
        ({"recurrence": "1"}, set()),
    ],
)
def test_conditions_of_the_address_narrow_the_list(client_for, four, hso, params, expected):
    page = client_for(hso).get(URL, params)
    shown = {name for name, finding in four.items() if finding.number in numbers(page)}
    assert shown == expected


def test_places_and_days_narrow_the_list(client_for, four, hso, jinpu, xiangying, village, now):
    client = client_for(hso)
    assert len(numbers(client.get(URL, {"unit": jinpu.pk}))) == 3
    assert numbers(client.get(URL, {"township": xiangying.pk})) == [four["late"].number]
    assert len(numbers(client.get(URL, {"village": village.pk}))) == 2
    week = timezone.localdate(now) - timedelta(days=7)
    assert numbers(client.get(URL, {"until": week})) == [four["late"].number]
    assert len(numbers(client.get(URL, {"since": week}))) == 3


def test_nonsense_in_the_address_is_left_out(client_for, four, hso):
    odd = {
        "unit": "x",
        "since": "2026-13-01",
        "state": "'; --",
        "sort": "pk",
        "after": "zzz",
        "kind": "<b>",
        "q": "\0",
    }
    assert len(numbers(client_for(hso).get(URL, odd))) == 4


def test_a_chip_drops_its_condition_and_what_hangs_on_it(client_for, four, hso, jinpu, huajia):
    page = client_for(hso).get(URL, {"unit": jinpu.pk, "township": huajia.pk, "q": "垃圾", "state": "open"})
    chips = {chip["value"]: chip["url"] for chip in page.context["chips"]}
    assert set(chips) == {"金普新区", "华家街道", "垃圾"}
    assert chips["金普新区"] == "?state=open&q=%E5%9E%83%E5%9C%BE"
    assert chips["华家街道"] == f"?state=open&unit={jinpu.pk}&q=%E5%9E%83%E5%9C%BE"


def test_the_text_of_a_finding_is_never_taken_for_markup(client_for, inspector, village, item, hso, now):
    report(inspector, village, item, now, description="<script>alert(1)</script>", place='"><img src=x>')
    text = client_for(hso).get(URL).content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


# --- tabs and counts --------------------------------------------------------------------------------------------------
def test_tabs_count_what_they_hold(four, hso, now):
    on = timezone.localdate(now)
    counts = ledger.counts(Finding.objects.visible_to(hso, on), on)
    assert counts.tabs[""] == 4
    assert (counts.tabs["open"], counts.tabs["overdue"], counts.tabs["closed"]) == (3, 1, 1)
    assert counts.words("") == "4"


def test_counting_stops_and_says_so(four, hso, now):
    on = timezone.localdate(now)
    clone(fresh(four["open"]), 12)
    counts = ledger.counts(Finding.objects.visible_to(hso, on), on, most=10)
    assert counts.words("") == "10+"
    assert counts.words("open") == "10+"
    assert counts.words("closed") == "1"
    assert counts.words("overdue") == "1"


def test_what_is_huge_is_not_counted_again_for_the_next_page(four, hso, now, django_assert_num_queries):
    on = timezone.localdate(now)
    clone(fresh(four["open"]), 12)
    seen = Finding.objects.visible_to(hso, on)
    with django_assert_num_queries(2):  # all at once, then tab by tab
        first = ledger.counts(seen, on, most=9)
    with django_assert_num_queries(0):
        assert ledger.counts(seen, on, most=9) == first


def test_reports_are_in_a_tab_of_the_issuing_side_only(
    client_for, agency, village, item, hso, jinpu_office, now
):
    report(agency, village, item, now, description="待审核的问题")
    page = client_for(hso).get(URL)
    assert "待审核的问题" not in page.content.decode()
    assert "state=reported" in page.content.decode()
    assert "待审核的问题" in client_for(hso).get(URL, {"state": "reported"}).content.decode()
    other = client_for(jinpu_office).get(URL, {"state": "reported"})
    assert "待审核的问题" not in other.content.decode()


# --- order and pages --------------------------------------------------------------------------------------------------
def walk(client, params, name):
    """Follow the links of one direction to the end; return the numbers page by page."""
    page = client.get(URL, params)
    pages = [numbers(page)]
    while url := page.context[name]:
        page = client.get(URL + url)
        pages.append(numbers(page))
    return pages, page


@pytest.mark.parametrize("sort", [*ledger.SORTS, *(f"-{name}" for name in ledger.SORTS)])
def test_pages_by_key_show_every_row_once_in_both_directions(client_for, four, hso, sort):
    clone(fresh(four["open"]), 45)
    client = client_for(hso)
    forward, last = walk(client, {"sort": sort}, "next_url")
    rows = [number for page in forward for number in page]
    assert len(rows) == len(set(rows)) == 49
    assert [len(page) for page in forward] == [20, 20, 9]
    pages = [numbers(last)]
    while url := last.context["previous_url"]:
        last = client.get(URL + url)
        pages.insert(0, numbers(last))
    assert pages == forward
    assert not last.context["previous_url"]


def test_what_has_no_value_comes_last_either_way(client_for, four, hso):
    client = client_for(hso)
    assert numbers(client.get(URL, {"sort": "closed"}))[0] == four["closed"].number
    assert numbers(client.get(URL, {"sort": "-closed"}))[0] == four["closed"].number


def test_the_number_of_queries_does_not_grow_with_the_rows(client_for, four, hso):
    client = client_for(hso)
    client.get(URL)
    spent = []
    for rows in (10, 90):
        clone_from = fresh(four["open"])
        clone_from.number = None
        Finding.objects.filter(number__startswith="ZZ").delete()
        clone(clone_from, rows)
        with CaptureQueriesContext(connection) as queries:
            assert len(numbers(client.get(URL))) == min(rows + 4, 20)
        spent.append(len(queries))
    assert spent[0] == spent[1] <= 8
    with CaptureQueriesContext(connection) as queries:
        client.get(URL, {"township": four["open"].township_id, "q": "垃圾", "kind": "at_once", "sort": "due"})
    assert len(queries) <= 8


# --- several at once --------------------------------------------------------------------------------------------------
def test_the_office_urges_several_and_hears_which_could_not_be(client_for, four, hso):
    client = client_for(hso)
    picked = [four["open"].pk, four["late"].pk]
    body = {"do": "urge", "pick": picked, "remark": "请抓紧", "next": "/findings/?state=open"}
    answer = client.post(reverse("ledger_bulk"), body)
    assert (answer.status_code, answer.url) == (302, "/findings/?state=open")
    assert Finding.objects.filter(events__step="urge", events__remark="请抓紧").count() == 2
    refused = client.post(reverse("ledger_bulk"), {"do": "urge", "pick": [four["closed"].pk]})
    assert refused.status_code == 409
    assert four["closed"].number in refused.content.decode()


def test_a_stranger_s_row_cannot_be_picked(client_for, four, changhai_office):
    client = client_for(changhai_office)
    client.post(
        reverse("ledger_bulk"), {"do": "urge", "pick": [four["open"].pk], "next": "https://evil.example/"}
    )
    assert not fresh(four["open"]).events.filter(step="urge").exists()


def test_reports_are_issued_in_bulk(client_for, agency, village, item, hso, now):
    rows = [report(agency, village, item, now, description=f"问题{n}") for n in range(3)]
    client_for(hso).post(reverse("ledger_bulk"), {"do": "issue", "pick": [row.pk for row in rows]})
    assert {fresh(row).state for row in rows} == {"open"}


def test_nothing_picked_is_said(client_for, four, hso):
    page = client_for(hso).post(reverse("ledger_bulk"), {"do": "urge"}, follow=True)
    assert page.redirect_chain[0][0] == URL


# --- on paper ---------------------------------------------------------------------------------------------------------
def test_the_printed_page_has_every_official_column(client_for, four, huajia_official):
    page = client_for(huajia_official).get(reverse("ledger_print"), {"state": "closed"})
    text = page.content.decode()
    assert len(page.context["columns"]) == 28
    assert four["closed"].number in text
    assert four["open"].number not in text
    assert "周正" in text  # the reviewer
    assert "组织清理" in text


# --- samples ----------------------------------------------------------------------------------------------------------
def test_the_city_draws_a_sample_and_its_link_shows_the_same_one(client_for, four, hso):
    clone(four["open"], 40)
    client = client_for(hso)
    url = client.get(URL, {"state": "open"}).context["sample_url"]
    first, again = client.get(URL + url), client.get(URL + url)
    assert numbers(first) == numbers(again)
    assert len(numbers(first)) == 10
    assert (first.context["total"], first.context["query"].state) == ("10", "open")
    assert len(client.get(reverse("ledger_print") + url).context["rows"]) == 10
    other = client.get(URL + first.context["sample_url"])
    assert set(numbers(other)) != set(numbers(first))


def test_a_sample_leaves_the_counts_and_the_other_tabs_alone(client_for, four, hso):
    page = client_for(hso).get(URL, {"sample": "1-00ff00ff"})
    assert len(numbers(page)) == 1
    assert [tab["words"] for tab in page.context["tabs"]][:2] == ["4", "3"]
    assert not any("sample" in tab["url"] for tab in page.context["tabs"])
    assert [chip["value"] for chip in page.context["chips"]] == ["1-00ff00ff"]


def test_no_sample_is_offered_of_a_short_list_or_to_other_offices(client_for, four, hso, jinpu_office):
    assert not client_for(hso).get(URL).context["sample_url"]
    clone(four["open"], 40)
    assert client_for(hso).get(URL).context["sample_url"]
    assert not client_for(jinpu_office).get(URL).context["sample_url"]


def test_findings_that_a_county_issued_are_listed_alone(
    client_for, four, hso, jinpu_office, village, item, now
):
    own = report(jinpu_office, village, item, now, description="县级督查问题")
    own.issue(by=jinpu_office, at=now)
    assert numbers(client_for(hso).get(URL, {"issuer": "county"})) == [fresh(own).number]
    assert len(numbers(client_for(hso).get(URL, {"issuer": "city"}))) == 4
