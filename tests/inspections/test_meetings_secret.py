"""Who knows of an on-site meeting: its list alone while it is prepared, those around the street once it is held."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organisation
from audit.models import Entry, SealedEntry
from inspections.models import Finding, Meeting
from notifications.models import Notice
from tests.cast import make_user
from tests.inspections.meeting import found_today, hold, now, prepare, today

pytestmark = pytest.mark.django_db
NAMES = (
    "hso",
    "hso_staff",
    "changhai_office",
    "huajia_official",
    "secretary",
    "leader",
    "auditor",
    "inspector",
)


@pytest.fixture
def prepared(jinpu_office, huajia, village, inspector):
    return prepare(jinpu_office, huajia, [village], readers=[inspector])


@pytest.fixture
def held(prepared, jinpu_office):
    return hold(prepared, jinpu_office)


@pytest.fixture
def found(inspector, village, item):
    return found_today(inspector, village, item)


# --- who knows ----------------------------------------------------------------------------------------------------
def test_in_preparation_only_the_list_knows(request, prepared, jinpu_office, inspector, jinpu):
    colleague = make_user("jinpu_2", "同事", "county_office", jinpu)
    users = [request.getfixturevalue(name) for name in NAMES if name != "inspector"]
    assert [u for u in [*users, colleague] if Meeting.objects.visible_to(u, today()).exists()] == []
    for user in (jinpu_office, inspector):
        assert Meeting.objects.visible_to(user, today()).get() == prepared


def test_once_opened_the_offices_the_street_its_leaders_and_the_auditor_know(
    request, held, area_leader, village_leader
):
    users = {name: request.getfixturevalue(name) for name in NAMES}
    knows = {name for name, user in users.items() if Meeting.objects.visible_to(user, today()).exists()}
    assert knows == set(NAMES) - {"changhai_office"}
    for user in (area_leader, village_leader):  # a village of theirs was visited
        assert Meeting.objects.visible_to(user, today()).exists()


def test_another_street_a_department_an_agency_and_the_administrator_never_know(
    held, xiangying_official, department, agency, sysadmin
):
    for user in (xiangying_official, department, agency, sysadmin):
        assert not Meeting.objects.visible_to(user, today()).exists()


def test_a_department_knows_a_meeting_once_a_decision_is_its_own(
    client_for, prepared, jinpu_office, department, found
):
    other = Organisation.objects.create(kind="department", name="市生态环境局")
    bureau = department.posts.get().organisation
    url = prepared.get_absolute_url()
    held = hold(prepared, jinpu_office)
    held.decide(by=jinpu_office, at=now(), text="治理河道", organisation=other)
    assert client_for(department).get(url).status_code == 404
    held.pick(by=jinpu_office, at=now(), findings=[found])
    decision = held.decide(by=jinpu_office, at=now(), text="补种树木", organisation=bureau, due_on=today())
    client = client_for(department)
    assert held.title in client.get(reverse("meetings")).content.decode()
    html = client.get(url).content.decode()
    assert "补种树木" in html
    assert "治理河道" in html
    assert (found.description in html) == Finding.objects.visible_to(department).filter(pk=found.pk).exists()
    done = {"version": held.version, "part": decision.pk, "note": "已补种"}
    assert client.post(reverse("meeting_step", args=[held.pk, "report_done"]), done).status_code == 302
    decision.refresh_from_db()
    assert (decision.done_note, decision.done_by) == ("已补种", department)


def test_a_meeting_called_off_stays_with_its_list(prepared, jinpu_office, hso, auditor):
    prepared.call_off(by=jinpu_office, at=now(), reason="台风")
    for user in (hso, auditor):
        assert not Meeting.objects.visible_to(user, today()).exists()
    assert Meeting.objects.visible_to(jinpu_office, today()).exists()


def addresses(meeting):
    pages = [reverse("meetings"), reverse("api_meetings"), reverse("api_meeting", args=[meeting.pk])]
    names = ("meeting", "meeting_slides", "meeting_pptx", "meeting_report", "meeting_word")
    return [*pages, *(reverse(name, args=[meeting.pk]) for name in names)]


def test_the_world_with_a_sealed_meeting_is_the_world_without(
    client_for, prepared, hso, huajia_official, auditor
):
    nothing = Meeting(pk=uuid.uuid4())
    for user in (hso, huajia_official, auditor):
        client = client_for(user)
        for here, nowhere in zip(addresses(prepared), addresses(nothing), strict=True):
            with CaptureQueriesContext(connection) as first:
                answer = client.get(here)
            with CaptureQueriesContext(connection) as second:
                other = client.get(nowhere)
            assert answer.status_code == other.status_code
            assert prepared.title not in answer.content.decode()
            assert len(first) == len(second), here
        assert client.get(reverse("meeting", args=[prepared.pk])).status_code == 404


def test_the_open_log_knows_nothing_before_the_meeting_is_opened(
    client_for, jinpu_office, huajia, village, found
):
    client, key = client_for(jinpu_office), uuid.uuid4()
    new = f"{reverse('meeting_new')}?township={huajia.pk}"
    fields = {"id": key, "on": f"{today()}", "title": "现场会", "villages": [village.pk]}
    assert client.post(new, {**fields, "title": ""}).status_code == 200
    assert client.post(new, fields).url == reverse("meeting", args=[key])
    client.get(reverse("meetings"))
    client.get(reverse("meeting", args=[key]))
    client.get(reverse("meeting_pptx", args=[key]))
    client.post(reverse("meeting_step", args=[key, "pick"]), {"version": 1, "pick": [found.pk]})
    client.post(reverse("meeting_step", args=[key, "pick"]), {"version": 1, "pick": []})
    assert not Entry.objects.exclude(verb="sign_in").exists()
    sealed = list(SealedEntry.objects.under(key).values_list("verb", flat=True))
    assert sorted(sealed) == ["download", "refused", *["sealed_read"] * 3, *["write"] * 3]
    version = Meeting.objects.get(pk=key).version
    client.post(reverse("meeting_step", args=[key, "hold"]), {"version": version})
    assert set(sealed) <= set(Entry.objects.values_list("verb", flat=True))
    last = Entry.objects.order_by("pk").last()
    assert (last.verb, last.label) == ("write", reverse("meeting_step", args=[key, "hold"]))
    assert not SealedEntry.objects.under(key).filter(label=last.label).exists()


def test_opening_tells_the_street_and_its_secretary(huajia_official, secretary, hso, prepared, jinpu_office):
    prepared.hold(by=jinpu_office, at=now())
    assert {notice.user for notice in Notice.objects.all()} == {huajia_official, secretary}


def test_preparing_writes_no_notice(huajia_official, secretary, prepared):
    assert not Notice.objects.filter(user__in=[huajia_official, secretary]).exists()
