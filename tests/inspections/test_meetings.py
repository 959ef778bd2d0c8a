"""On-site meetings: prepared in secret, opened, closed; who knows when, what is shown, what is taken home."""

import io
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pptx import Presentation

from audit.models import Entry, SealedEntry
from inspections.models import Finding, Meeting, MeetingDecision, MeetingEvent
from inspections.photo_rules import PhotoRefused
from inspections.slides import slides_of
from inspections.steps import StepRefused
from notifications.models import Notice
from tests.cast import make_user, make_village
from tests.inspections.evidence import send, work
from tests.inspections.making import report, submit
from tests.samples import jpeg

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


def now():
    return timezone.now()


def today():
    return timezone.localdate()


@pytest.fixture
def prepared(jinpu_office, huajia, village, inspector):
    return prepare(jinpu_office, huajia, [village], readers=[inspector])


def prepare(by, township, villages, **more):
    key = more.pop("id", None) or uuid.uuid4()
    fields = {"on": today(), "title": "华家街道现场会", "host": "李晨", **more}
    return Meeting.objects.prepare(id=key, by=by, at=now(), township=township, villages=villages, **fields)


def again(meeting):
    return Meeting.objects.get(pk=meeting.pk)


@pytest.fixture
def held(prepared, jinpu_office):
    prepared.hold(by=jinpu_office, at=now())
    return again(prepared)


@pytest.fixture
def found(inspector, village, item):
    """An open finding of today with two photos before and one after."""
    key = uuid.uuid4()
    for seed in (1, 2):
        send(inspector, key, jpeg(seed, (1800, 1200)), at=now())
    report(inspector, village, item, now(), id=key, place="村口")
    work(now())
    return Finding.objects.get(pk=key)


# --- preparing ----------------------------------------------------------------------------------------------------
def test_a_county_prepares_in_its_unit_and_the_city_anywhere(
    jinpu_office, hso_staff, huajia, village, jinpu, city
):
    assert prepare(jinpu_office, huajia, [village]).office == jinpu
    assert prepare(hso_staff, huajia, [village]).office == city


def test_another_unit_s_office_and_the_street_prepare_nothing(
    changhai_office, huajia_official, huajia, village
):
    for user in (changhai_office, huajia_official):
        with pytest.raises(StepRefused) as refusal:
            prepare(user, huajia, [village])
        assert refusal.value.code == "not_yours"


def test_villages_are_those_of_the_street(jinpu_office, huajia, sibling_village):
    for villages in ([sibling_village], []):
        with pytest.raises(StepRefused), transaction.atomic():
            prepare(jinpu_office, huajia, villages)


def test_nobody_of_a_street_is_told_beforehand(jinpu_office, huajia, village, huajia_official):
    with pytest.raises(StepRefused):
        prepare(jinpu_office, huajia, [village], readers=[huajia_official])


def test_sending_the_form_twice_prepares_one(jinpu_office, hso, huajia, village):
    key = uuid.uuid4()
    first = prepare(jinpu_office, huajia, [village], id=key)
    assert prepare(jinpu_office, huajia, [village], id=key) == first
    with pytest.raises(StepRefused) as refusal:
        prepare(hso, huajia, [village], id=key)
    assert refusal.value.code == "id_taken"


def test_a_change_keeps_the_remarks_of_the_villages_that_stay(prepared, jinpu_office, huajia, village, hso):
    other = make_village("新屯", huajia, "210213014202")
    prepared.write(
        by=jinpu_office,
        at=now(),
        people_present=None,
        units_present="",
        minutes="",
        remarks={village.pk: "干净"},
    )
    again(prepared).change(
        by=jinpu_office, at=now(), on=today(), title="改期", host="", villages=[other, village], readers=[hso]
    )
    rows = prepared.villages.order_by("position").values_list("village", "remark")
    assert list(rows) == [(other.pk, ""), (village.pk, "干净")]
    assert [row.user for row in prepared.readers.all()] == [hso]


# --- steps --------------------------------------------------------------------------------------------------------
def test_a_meeting_goes_from_the_preparation_to_the_closed_minutes(held, jinpu_office, village, huajia):
    with pytest.raises(StepRefused) as refusal:
        held.close(by=jinpu_office, at=now())
    assert refusal.value.code == "incomplete"
    held.write(
        by=jinpu_office, at=now(), people_present=53, units_present="各村", minutes="会议纪要",
        remarks={village.pk: "村口有垃圾"},
    )  # fmt: skip
    held.decide(
        by=jinpu_office, at=now(), text="一周内清完", division=huajia, due_on=today() + timedelta(days=7)
    )
    held.close(by=jinpu_office, at=now())
    closed = again(held)
    assert (closed.state, closed.people_present) == ("closed", 53)
    assert list(closed.events.order_by("pk").values_list("step", flat=True)) == [
        "prepare", "hold", "write", "decide", "close",
    ]  # fmt: skip
    with pytest.raises(StepRefused):
        closed.write(by=jinpu_office, at=now(), people_present=1, units_present="", minutes="x", remarks={})


def test_a_meeting_is_not_opened_before_its_day(jinpu_office, huajia, village):
    meeting = prepare(jinpu_office, huajia, [village], on=today() + timedelta(days=1))
    with pytest.raises(StepRefused) as refusal:
        meeting.hold(by=jinpu_office, at=now())
    assert refusal.value.code == "too_early"


def test_the_second_of_two_at_once_is_told(held, jinpu_office):
    other = again(held)
    held.decide(by=jinpu_office, at=now(), text="甲", owner="街道")
    with pytest.raises(StepRefused) as refusal:
        other.decide(by=jinpu_office, at=now(), text="乙", owner="街道")
    assert refusal.value.code == "conflict"
    assert held.decisions.count() == 1


def test_only_the_holding_office_takes_steps(held, hso, huajia_official, inspector):
    for user in (hso, huajia_official, inspector):
        assert held.steps_for(user, now()) == []


def test_the_owner_s_desk_reports_a_decision_as_done_and_no_other_does(
    held, jinpu_office, huajia_official, hso, huajia
):
    decision = held.decide(by=jinpu_office, at=now(), text="清完", division=huajia)
    other = held.decide(by=jinpu_office, at=now(), text="拨款", owner="区财政局")
    with pytest.raises(StepRefused):
        held.report_done(by=hso, at=now(), decision=decision, note="已清完")
    with pytest.raises(StepRefused):
        held.report_done(by=huajia_official, at=now(), decision=other, note="已拨")
    held.report_done(by=huajia_official, at=now(), decision=decision, note="已清完")
    row = MeetingDecision.objects.get(pk=decision.pk)
    assert (row.done_note, row.done_by) == ("已清完", huajia_official)


def test_a_removed_decision_leaves_its_words_in_the_event(held, jinpu_office):
    decision = held.decide(by=jinpu_office, at=now(), text="误加", owner="街道")
    held.drop_decision(by=jinpu_office, at=now(), decision=decision)
    assert not held.decisions.exists()
    assert held.events.get(step="drop_decision").remark == "误加"


def test_the_database_keeps_events_and_closed_meetings(held, jinpu_office):
    held.write(by=jinpu_office, at=now(), people_present=53, units_present="", minutes="纪要", remarks={})
    held.close(by=jinpu_office, at=now())
    for change in (
        lambda: MeetingEvent.objects.filter(meeting=held).update(remark="x"),
        lambda: Meeting.objects.filter(pk=held.pk).update(minutes="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_database_keeps_the_state_with_its_time(prepared):
    with pytest.raises(DatabaseError), transaction.atomic():
        Meeting.objects.filter(pk=prepared.pk).update(state="held")


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


def test_a_meeting_called_off_stays_with_its_list(prepared, jinpu_office, hso, auditor):
    prepared.call_off(by=jinpu_office, at=now(), reason="台风")
    for user in (hso, auditor):
        assert not Meeting.objects.visible_to(user, today()).exists()
    assert Meeting.objects.visible_to(jinpu_office, today()).exists()


def addresses(meeting):
    pages = [reverse("meetings"), reverse("api_meetings"), reverse("api_meeting", args=[meeting.pk])]
    names = ("meeting", "meeting_slides", "meeting_pptx", "meeting_report")
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


# --- findings -----------------------------------------------------------------------------------------------------
def test_a_problem_recorded_from_the_meeting_is_shown_there(client_for, prepared, inspector, village, item):
    key = uuid.uuid4()
    photo = send(inspector, key, jpeg(3, (640, 480)), at=now())
    url = f"{reverse('record')}?village={village.pk}&meeting={prepared.pk}"
    client = client_for(inspector)
    page = client.get(url).content.decode()
    assert f"?meeting={prepared.pk}" in page
    fields = {
        "id": key, "village": village.pk, "item": item.pk, "description": "垃圾", "severity": "minor",
        "photos": f'[{{"id": "{photo.pk}", "sha256": "{photo.sha256}"}}]',
    }  # fmt: skip
    assert client.post(url, fields).status_code == 302
    row = prepared.shown.get()
    assert (row.finding_id, row.on_the_spot) == (key, True)
    assert prepared.events.get(step="record").by == inspector
    here = client.get(reverse("meeting", args=[prepared.pk])).content.decode()
    assert url.replace("&", "&amp;") in here


def test_recording_for_a_meeting_one_may_not_know_of_attaches_nothing(
    prepared, hso, agency, inspector, found
):
    for user in (hso, agency):
        assert not Meeting.objects.attach_recorded(prepared.pk, found, by=user, at=now())
    assert not Meeting.objects.attach_recorded("nonsense", found, by=inspector, at=now())
    assert Meeting.objects.attach_recorded(str(prepared.pk), found, by=inspector, at=now())


def test_only_findings_of_the_street_are_chosen(
    client_for, prepared, jinpu_office, inspector, sibling_village, item, found
):
    elsewhere = report(inspector, sibling_village, item, now())
    client = client_for(jinpu_office)
    page = client.get(reverse("meeting_step", args=[prepared.pk, "pick"])).content.decode()
    assert str(found.pk) in page
    assert str(elsewhere.pk) not in page
    picked = {"version": prepared.version, "pick": [found.pk, elsewhere.pk]}
    client.post(reverse("meeting_step", args=[prepared.pk, "pick"]), picked)
    assert [row.finding for row in prepared.shown.all()] == [found]
    with pytest.raises(StepRefused):
        again(prepared).pick(by=jinpu_office, at=now(), findings=[elsewhere])


def test_each_reader_sees_the_findings_they_may_read(
    held, jinpu_office, agency, village, item, hso, huajia_official
):
    waiting = report(agency, village, item, now())  # the city has not issued it
    held.pick(by=jinpu_office, at=now(), findings=[waiting])
    kinds = {
        user.username: [s.kind for s in slides_of(held, user, today())] for user in (hso, huajia_official)
    }
    assert kinds == {
        "hso": ["title", "villages", "finding", "decisions"],
        "huajia": ["title", "villages", "decisions"],
    }


# --- what is shown and taken home ---------------------------------------------------------------------------------
@pytest.fixture
def full(held, found, huajia_official, jinpu_office):
    """A meeting that shows a finding with two photos before and one after, and one without photos."""
    after = send(huajia_official, found, jpeg(9, (1800, 1200)), at=now(), side="after")
    submit(found, huajia_official, now(), photos=[after.pk])
    work(now())
    bare = report(jinpu_office, found.village, found.item, now(), description="无照片", source="hotline")
    bare.issue(by=jinpu_office, at=now())
    held.pick(by=jinpu_office, at=now(), findings=[Finding.objects.get(pk=found.pk), bare])
    held.decide(by=jinpu_office, at=now(), text="一周内清完", owner="华家街道", due_on=today())
    return again(held)


def pictures(slide):
    return [shape.image for shape in slide.shapes if shape.shape_type == 13]


def test_powerpoint_holds_every_slide_with_clean_photos(client_for, full, huajia_official):
    answer = client_for(huajia_official).get(reverse("meeting_pptx", args=[full.pk]))
    show = Presentation(io.BytesIO(answer.content))
    assert round(show.slide_width / show.slide_height, 2) == 1.78
    assert [len(pictures(slide)) for slide in show.slides] == [0, 0, 2, 1, 0, 0]
    for slide in show.slides:
        for image in pictures(slide):
            with Image.open(io.BytesIO(image.blob)) as picture:
                assert max(picture.size) <= 1600
                assert not picture.getexif()
    words = " ".join(
        shape.text_frame.text for slide in show.slides for shape in slide.shapes if shape.has_text_frame
    )
    for text in (full.title, "柳家", "村口散落垃圾", "无照片", "一周内清完"):
        assert text in words
    about = show.core_properties
    assert (about.author, about.last_modified_by, about.comments) == ("", "", "")
    assert 'typeface="微软雅黑"' in show.slides[0].shapes[1]._element.xml
    assert not any("thumbnail" in part.partname for part in show.part.package.iter_parts())
    assert Entry.objects.filter(verb="download", object_id=str(full.pk)).exists()


def test_the_slide_show_has_all_photos_in_the_page(client_for, full, huajia_official):
    page = client_for(huajia_official).get(reverse("meeting_slides", args=[full.pk])).content.decode()
    assert page.count("data-slide ") == 6
    assert page.count("/large/") == 3
    assert 'data-js="slides"' in page
    assert "<script>" not in page
    assert "style=" not in page


def test_page_and_report_tell_the_meeting(client_for, full, jinpu_office, huajia_official):
    full.write(
        by=jinpu_office,
        at=now(),
        people_present=53,
        units_present="各村书记",
        minutes="与会人员观看了暗访片",
        remarks={},
    )
    for name in ("meeting", "meeting_report"):
        page = client_for(huajia_official).get(reverse(name, args=[full.pk])).content.decode()
        for text in (
            full.title,
            "柳家",
            "53",
            "各村书记",
            "与会人员观看了暗访片",
            "一周内清完",
            "村口散落垃圾",
        ):
            assert text in page


def test_a_photo_of_the_meeting_is_kept_clean_and_served_to_its_readers(
    client_for, held, jinpu_office, huajia_official, xiangying_official
):
    url = reverse("meeting_step", args=[held.pk, "add_photo"])
    body = {
        "version": held.version,
        "caption": "会场",
        "file": SimpleUploadedFile("x.jpg", jpeg(1, (2000, 1500))),
    }
    assert client_for(jinpu_office).post(url, body).status_code == 302
    photo = held.photos.get()
    answer = client_for(huajia_official).get(photo.large_url)
    with Image.open(io.BytesIO(b"".join(answer.streaming_content))) as picture:
        assert max(picture.size) == 1600
    assert client_for(xiangying_official).get(photo.large_url).status_code == 404
    client_for(jinpu_office).post(
        reverse("meeting_step", args=[held.pk, "drop_photo"]), {"version": held.version + 1, "part": photo.pk}
    )
    assert not held.photos.exists()
    assert not photo.large.storage.exists(photo.large.name)


def test_what_is_no_photo_is_refused_and_leaves_no_file(held, jinpu_office, storage_dir):
    with pytest.raises(PhotoRefused):
        held.add_photo(by=jinpu_office, at=now(), file=ContentFile(b"%PDF-1.4", "x.jpg"))
    same = jpeg(5, (300, 200))
    held.add_photo(by=jinpu_office, at=now(), file=ContentFile(same, "x.jpg"))
    with pytest.raises(StepRefused):
        held.add_photo(by=jinpu_office, at=now(), file=ContentFile(same, "x.jpg"))
    assert sum(1 for path in storage_dir.rglob("*meetings*/**/*") if path.is_file()) == 3


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


def test_long_lists_take_several_slides(held, jinpu_office, huajia):
    villages = [make_village(f"屯{n}", huajia, f"2102130143{n:02}") for n in range(20)]
    held.set_villages([*villages])
    for n in range(9):
        held.decide(by=jinpu_office, at=now(), text=f"事项{n}", owner="街道")
    kinds = [slide.kind for slide in slides_of(held, jinpu_office, today())]
    assert (kinds.count("villages"), kinds.count("decisions")) == (3, 3)
