"""The roster: who may write it, filters, import, export."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from tests.cast import SINCE, make_village
from tests.villages.making import as_csv, as_xlsx
from villages.models import Area, Difficulty, Division, ImportFile, Person, Responsibility, Village
from villages.spreadsheet import read_rows

HEAD = ("姓名", "职务", "单位", "电话", "包保类型", "区市县", "片区", "乡镇街道", "村", "起始日期", "依据")
Browser = Callable[[User], Client]


def upload(client: Client, content: bytes) -> Any:
    file = SimpleUploadedFile("roster.xlsx", content)
    return client.post("/villages/responsibilities/import/", {"file": file}, follow=True)


def row(
    name: str, kind: str, county: str = "金普新区", township: str = "", village: str = "", **more: str
) -> tuple[str, ...]:
    return (
        name,
        "职务",
        "单位",
        "",
        kind,
        county,
        more.get("area", ""),
        township,
        village,
        more.get("since", "2024-01-01"),
        "",
    )


def test_county_office_enters_a_responsibility_of_its_unit(
    jinpu_office: User, jinpu: Division, village: Village, client_for: Browser
) -> None:
    client = client_for(jinpu_office)
    url = f"/villages/responsibilities/add/?kind=township&county={jinpu.pk}"
    page = client.post(url, {"place": village.pk, "name": "冯远", "since": "2024-01-01"})
    assert page.status_code == 302
    assert Responsibility.objects.get().person.name == "冯远"


def test_known_name_is_asked_before_a_namesake_is_made(
    jinpu_office: User, jinpu: Division, village: Village, client_for: Browser
) -> None:
    known = Person.objects.create(name="冯远", title="副主任")
    client = client_for(jinpu_office)
    url = f"/villages/responsibilities/add/?kind=township&county={jinpu.pk}"
    data = {"place": village.pk, "name": "冯远", "since": "2024-01-01"}
    page = client.post(url, data)
    assert page.status_code == 200
    assert "副主任" in page.content.decode()
    client.post(url, {**data, "person": known.pk})
    assert Responsibility.objects.get().person == known


def test_county_office_cannot_write_for_another_unit(
    changhai_office: User, jinpu: Division, village: Village, village_leader: User, client_for: Browser
) -> None:
    client = client_for(changhai_office)
    client.post(
        f"/villages/responsibilities/add/?kind=township&county={jinpu.pk}",
        {"place": village.pk, "name": "外人", "since": "2024-01-01"},
    )
    assert not Person.objects.filter(name="外人").exists()
    line = Responsibility.objects.get()
    assert client.post(f"/villages/responsibilities/{line.pk}/end/", {"on": "2024-02-01"}).status_code == 404
    assert client.get(f"/villages/persons/{line.person_id}/").status_code == 404 or changhai_office


@pytest.mark.parametrize("name", ["huajia_official", "leader", "auditor", "inspector", "department"])
def test_others_cannot_open_what_only_offices_write(
    name: str, request: pytest.FixtureRequest, client_for: Browser
) -> None:
    client = client_for(request.getfixturevalue(name))
    for path in ("responsibilities/add/", "responsibilities/import/", "areas/", "registry/", "holidays/"):
        assert client.get(f"/villages/{path}").status_code == 404


def test_list_shows_own_places_only(
    village: Village,
    village_leader: User,
    huajia_official: User,
    xiangying_official: User,
    client_for: Browser,
) -> None:
    assert "冯远" in client_for(huajia_official).get("/villages/responsibilities/").content.decode()
    assert "冯远" not in client_for(xiangying_official).get("/villages/responsibilities/").content.decode()


@pytest.mark.parametrize("size", [10, 100])
def test_list_takes_as_many_queries_for_more_rows(
    size: int,
    huajia: Division,
    area: Area,
    hso: User,
    client_for: Browser,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(size):
        person = Person.objects.create(name=f"某{number}")
        place = make_village(f"村{number}", huajia, f"2102130143{number:03}", area)
        Responsibility.objects.create(person=person, kind="township", village=place, since=SINCE)
    client = client_for(hso)
    client.get("/villages/responsibilities/")
    with django_assert_max_num_queries(14):
        assert client.get("/villages/responsibilities/").status_code == 200
    with django_assert_max_num_queries(14):
        assert client.get("/villages/").status_code == 200


def test_import_shows_a_dry_run_and_then_enters_all(
    jinpu_office: User, village: Village, jinpu: Division, area: Area, client_for: Browser
) -> None:
    client = client_for(jinpu_office)
    rows = [
        row("何江", "市级领导"),
        row("陈立", "县级领导", area="华家片"),
        row("郑直", "街道书记", township="华家街道"),
        row("冯远", "乡镇领导", township="华家街道", village="柳家村委会"),
        row("孙家明", "村书记", township="华家街道", village="柳家"),
    ]
    page = upload(client, as_xlsx(rows, HEAD))
    assert not Responsibility.objects.exists()
    assert "冯远" in page.content.decode()
    client.post(page.redirect_chain[-1][0])
    assert set(Responsibility.objects.values_list("kind", flat=True)) == set(Responsibility.Kind.values)
    again = upload(client, as_xlsx(rows, HEAD))
    assert len(again.context["plan"].known) == 5
    assert not again.context["plan"].new


def test_import_names_row_and_column_of_each_error(
    jinpu_office: User, village: Village, island_village: Village, client_for: Browser
) -> None:
    rows = [
        row("冯远", "乡镇领导", township="华家街道", village="不存在"),
        row("", "市级领导"),
        row("甲", "看门"),
        row("乙", "市级领导", since="某日"),
        row("丙", "乡镇领导", county="长海县", township="大长山岛镇", village="小盐场"),
        row("丁", "乡镇领导", township="华家街道", village="柳家"),
    ]
    page = upload(client_for(jinpu_office), as_xlsx(rows, HEAD))
    errors = {(error.row, error.column) for error in page.context["errors"]}
    assert errors == {(3, "村"), (4, "姓名"), (5, "包保类型"), (6, "起始日期"), (7, "区市县")}
    client_for(jinpu_office).post(page.redirect_chain[-1][0])
    assert not Responsibility.objects.exists()


def test_new_secretary_in_an_import_ends_the_old_one(
    jinpu_office: User, secretary: User, huajia: Division, client_for: Browser
) -> None:
    client = client_for(jinpu_office)
    page = upload(client, as_csv([row("新书记", "街道书记", township="华家街道")], "gb18030", HEAD))
    client.post(page.redirect_chain[-1][0])
    lines = Responsibility.objects.order_by("since").values_list("person__name", "until")
    assert [(name, until is None) for name, until in lines] == [("郑直", False), ("新书记", True)]


def test_a_roster_file_belongs_to_its_uploader(
    jinpu_office: User, hso: User, village: Village, client_for: Browser
) -> None:
    upload(client_for(jinpu_office), as_csv([row("何江", "市级领导")], head=HEAD))
    file = ImportFile.objects.get()
    assert client_for(hso).get(f"/villages/responsibilities/import/{file.pk}/").status_code == 404


def test_export_can_be_imported_again(
    village: Village, village_leader: User, secretary: User, hso: User, client_for: Browser
) -> None:
    content = client_for(hso).get("/villages/responsibilities/export/").content
    page = upload(client_for(hso), content)
    assert len(page.context["plan"].known) == 2
    assert read_rows(content, {"name": ("姓名",)}, ["name"])[0]["name"]


def test_areas_can_be_cut_out_of_a_township(
    jinpu_office: User, village: Village, huajia: Division, area: Area, client_for: Browser
) -> None:
    other = make_village("东沟", huajia, "210213014202", area)
    client = client_for(jinpu_office)
    client.post(
        f"/villages/areas/add/{huajia.pk}/",
        {"name": "华家二片", "villages": [other.pk], "since": "2024-07-01"},
    )
    second = Area.objects.get(name="华家二片")
    assert other.area_on(second.since) == second
    assert village.area_on(second.since) == area
    client.post(f"/villages/areas/{second.pk}/dissolve/")
    assert other.area_links.open().get().area == area


def test_village_file_is_edited_by_its_office_only(
    jinpu_office: User, changhai_office: User, village: Village, client_for: Browser
) -> None:
    data = {"coast": "on", "households": "12"}
    assert client_for(changhai_office).post(f"/villages/{village.pk}/edit/", data).status_code == 404
    client_for(jinpu_office).post(f"/villages/{village.pk}/edit/", data)
    village.refresh_from_db()
    assert (village.coast, village.households) == (True, 12)


def test_a_township_raises_its_own_difficulty(
    huajia_official: User,
    xiangying_official: User,
    jinpu_office: User,
    changhai_office: User,
    huajia: Division,
    client_for: Browser,
) -> None:
    url = f"/villages/difficulties/township/{huajia.pk}/"
    assert client_for(xiangying_official).post(url, {"text": "别人的"}).status_code == 404
    assert client_for(huajia_official).post(url, {"text": "没有垃圾中转站"}).status_code == 302
    raised = Difficulty.objects.get()
    assert (raised.village, raised.place) == (None, huajia)
    answer = f"/villages/difficulties/{raised.pk}/answer/"
    assert client_for(changhai_office).post(answer, {"answer": "好"}).status_code == 404
    assert "没有垃圾中转站" in client_for(jinpu_office).get("/villages/difficulties/").content.decode()
    assert client_for(jinpu_office).post(answer, {"answer": "明年立项"}).url == "/villages/difficulties/"
    assert "明年立项" in client_for(huajia_official).get("/villages/difficulties/").content.decode()
    assert "明年立项" not in client_for(xiangying_official).get("/villages/difficulties/").content.decode()


def test_only_readers_of_difficulties_are_led_to_them(
    client_for, huajia_official, hso, auditor, inspector, agency, department
):
    link = 'href="/villages/difficulties/"'
    for user in (huajia_official, hso, auditor, inspector, agency, department):
        client = client_for(user)
        reads = client.get("/villages/difficulties/").status_code == 200
        for page in ("coverage", "responsibilities"):
            assert (link in client.get(f"/villages/{page}/").content.decode()) == reads


def test_difficulty_is_raised_by_the_township_and_answered_by_the_office(
    huajia_official: User, jinpu_office: User, changhai_office: User, village: Village, client_for: Browser
) -> None:
    client_for(huajia_official).post(f"/villages/{village.pk}/difficulties/", {"text": "没有垃圾转运车"})
    difficulty = village.difficulties.get()
    url = f"/villages/difficulties/{difficulty.pk}/answer/"
    assert client_for(changhai_office).post(url, {"answer": "不"}).status_code == 404
    client_for(jinpu_office).post(url, {"answer": "八月配车"})
    difficulty.refresh_from_db()
    assert difficulty.answer == "八月配车"
    assert "八月配车" in client_for(huajia_official).get(f"/villages/{village.pk}/").content.decode()


def test_only_those_who_answer_for_the_place_read_its_difficulties_and_past(
    client_for, huajia_official, jinpu_office, hso, auditor, inspector, agency, department, village
):
    client_for(huajia_official).post(f"/villages/{village.pk}/difficulties/", {"text": "没有垃圾转运车"})
    for user in (huajia_official, jinpu_office, hso, auditor):
        page = client_for(user).get(f"/villages/{village.pk}/", {"on": "2024-05-01"})
        assert "没有垃圾转运车" in page.content.decode()
        assert (page.context["inside"], str(page.context["day"])) == (True, "2024-05-01")
    for user in (inspector, agency, department):
        page = client_for(user).get(f"/villages/{village.pk}/", {"on": "2024-05-01"})
        assert page.status_code == 200
        assert "没有垃圾转运车" not in page.content.decode()
        assert page.context["is_today"]
        assert not page.context["inside"]
        assert "past" not in page.context
