"""What is shown at an on-site meeting and taken home: findings, slides, PowerPoint, report, Word, photos."""

import io
import uuid
from datetime import timedelta

import docx
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from pptx import Presentation

from audit.models import Entry, SealedEntry
from inspections.models import Meeting
from inspections.photo_rules import PhotoRefused
from inspections.slides import slides_of
from inspections.steps import StepRefused
from inspections.tasks_photos import make_meeting_copies, sweep_photos
from notifications.models import Notice
from tests.cast import make_village
from tests.inspections.evidence import send
from tests.inspections.making import report
from tests.inspections.meeting import again, found_today, hold, now, prepare, show, today
from tests.samples import jpeg

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
    waiting = client_for(huajia_official).get(held.photos.get().large_url)
    assert (waiting.status_code, waiting["Content-Type"]) == (202, "image/svg+xml")
    make_meeting_copies(str(held.photos.get().pk))
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
    assert not photo.original.storage.exists(photo.original.name)


def test_what_is_no_photo_is_refused_and_leaves_no_file(held, jinpu_office, storage_dir):
    with pytest.raises(PhotoRefused):
        held.add_photo(by=jinpu_office, at=now(), file=ContentFile(b"%PDF-1.4", "x.jpg"))
    same = jpeg(5, (300, 200))
    held.add_photo(by=jinpu_office, at=now(), file=ContentFile(same, "x.jpg"))
    with pytest.raises(StepRefused):
        held.add_photo(by=jinpu_office, at=now(), file=ContentFile(same, "x.jpg"))
    assert sum(1 for path in storage_dir.rglob("*meetings*/**/*") if path.is_file()) == 1


def test_the_sweep_makes_the_copies_that_no_message_has_made(held, jinpu_office):
    young, old = (
        held.add_photo(
            by=jinpu_office, at=now() - timedelta(seconds=age), file=ContentFile(jpeg(age, (300, 200)), "x")
        )
        for age in (1, 300)
    )
    sweep_photos()
    ready = {photo.pk: photo.is_ready for photo in held.photos.all()}
    assert ready == {young.pk: False, old.pk: True}
    assert not held.photos.get(pk=old.pk).make_copies(at=now())


def test_a_photo_that_cannot_be_decoded_is_told_to_whoever_added_it_and_shown_nowhere(held, jinpu_office):
    broken = jpeg(6, (300, 200))[:4000]
    photo = held.add_photo(by=jinpu_office, at=now(), file=ContentFile(broken, "x.jpg"))
    assert not photo.make_copies(at=now())
    assert not held.photos.shown().exists()
    assert Notice.objects.get(user=jinpu_office).url == held.get_absolute_url()


def test_once_the_minutes_are_closed_no_photo_is_taken_out(client_for, held, jinpu_office):
    photo = held.add_photo(by=jinpu_office, at=now(), file=ContentFile(jpeg(5, (300, 200)), "x.jpg"))
    held.write(by=jinpu_office, at=now(), people_present=5, units_present="", minutes="纪要", remarks={})
    held.close(by=jinpu_office, at=now())
    url = reverse("meeting_step", args=[held.pk, "drop_photo"])
    for language, words in (("zh-hans", "不能"), ("en", "not possible")):
        sent = {"version": again(held).version, "part": photo.pk}
        answer = client_for(jinpu_office).post(url, sent, follow=True, headers={"Accept-Language": language})
        assert words in "".join(str(message) for message in answer.context["messages"])
    assert held.photos.exists()


def test_the_report_as_word_holds_what_the_page_shows_its_reader(
    client_for, full, jinpu_office, huajia_official
):
    photo = full.add_photo(
        by=jinpu_office, at=now(), file=ContentFile(jpeg(8, (640, 480)), "x.jpg"), caption="会场照片"
    )
    photo.make_copies(at=now())
    full.write(
        by=jinpu_office,
        at=now(),
        people_present=53,
        units_present="各村书记",
        minutes="观看了暗访片",
        remarks={},
    )
    answer = client_for(huajia_official).get(reverse("meeting_word", args=[full.pk]))
    assert answer["Content-Type"].endswith("wordprocessingml.document")
    word = docx.Document(io.BytesIO(answer.content))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    words = "\n".join([*(line.text for line in word.paragraphs), *cells])
    shown = (
        full.title,
        "柳家",
        "53",
        "各村书记",
        "观看了暗访片",
        "村口散落垃圾",
        "无照片",
        "一周内清完",
        "会场照片",
    )
    for text in shown:
        assert text in words, text
    assert len(word.inline_shapes) == 4  # two before, one after, one of the meeting
    assert (word.core_properties.author, word.core_properties.comments) == ("", "")
    entry = Entry.objects.get(verb="download", object_id=str(full.pk))
    assert entry.detail["format"] == "docx"


def test_word_and_photos_are_as_secret_as_the_meeting(client_for, prepared, hso, jinpu_office):
    url = reverse("meeting_word", args=[prepared.pk])
    assert client_for(hso).get(url).status_code == 404
    assert client_for(jinpu_office).get(url).status_code == 200
    assert not Entry.objects.filter(verb="download").exists()
    assert SealedEntry.objects.under(prepared.pk).filter(verb="download").exists()


def test_long_lists_take_several_slides(held, jinpu_office, huajia):
    villages = [make_village(f"屯{n}", huajia, f"2102130143{n:02}") for n in range(20)]
    held.set_villages([*villages])
    for n in range(9):
        held.decide(by=jinpu_office, at=now(), text=f"事项{n}", owner="街道")
    kinds = [slide.kind for slide in slides_of(held, jinpu_office, today())]
    assert (kinds.count("villages"), kinds.count("decisions")) == (3, 3)
