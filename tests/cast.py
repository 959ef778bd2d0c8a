"""The fixed cast of every test: one city, two units, three townships, three villages, and who works there.

All links and posts hold since 2020-01-01. Every account's password is `PASSWORD`.
"""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organisation, Post, Role, User
from schemes.definition import Definition
from schemes.management.commands.load_scheme import DATA, read
from schemes.models import Item, Scheme
from schemes.reading import parse
from villages.models import (
    Area,
    AreaLink,
    Division,
    DivisionCode,
    DivisionLink,
    Person,
    Responsibility,
    Village,
    VillageCode,
    VillageLink,
)

SINCE = date(2020, 1, 1)
PASSWORD = "lantern-harbour-42"


def make_division(
    level: str, name: str, parent: Division | None = None, code: str = "", **fields: Any
) -> Division:
    """Create a division with its link and code."""
    fields = {"official_name": name, **fields}
    division = Division.objects.create(level=level, name=name, **fields)
    if parent:
        DivisionLink.objects.create(child=division, parent=parent, since=SINCE)
    if code:
        DivisionCode.objects.create(division=division, code=code, since=SINCE)
    return division


def make_village(
    name: str, township: Division, code: str, area: Area | None = None, **fields: Any
) -> Village:
    """Create a village with its links and code."""
    village = Village.objects.create(name=name, official_name=f"{name}村村民委员会", **fields)
    VillageLink.objects.create(village=village, township=township, since=SINCE)
    VillageCode.objects.create(village=village, code=code, since=SINCE)
    if area:
        AreaLink.objects.create(village=village, area=area, since=SINCE)
    return village


def make_user(username: str, name: str, role: str, place: Division | None = None, **post: Any) -> User:
    """Create an account with one post since 2020."""
    user = User.objects.open_account(
        username=username, name=name, password=PASSWORD, person=post.pop("person", None)
    )
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    user.must_change_password = False
    Post.objects.create(user=user, role=role, division=place, since=post.pop("since", SINCE), **post)
    return user


# --- places ---------------------------------------------------------------------------------------------------
@pytest.fixture
def city(db: None) -> Division:
    return make_division("city", "大连市", code="210200000000", kind="市", name_en="Dalian")


@pytest.fixture
def jinpu(city: Division) -> Division:
    return make_division(
        "county",
        "金普新区",
        city,
        "210213000000",
        kind="功能区",
        number_prefix="JP",
        position=1,
        name_en="Jinpu New District",
    )


@pytest.fixture
def changhai(city: Division) -> Division:
    return make_division(
        "county",
        "长海县",
        city,
        "210224000000",
        kind="县",
        number_prefix="CH",
        position=2,
        name_en="Changhai County",
    )


@pytest.fixture
def huajia(jinpu: Division) -> Division:
    return make_division(
        "township", "华家街道", jinpu, "210213014000", kind="街道", position=1, name_en="Huajia"
    )


@pytest.fixture
def xiangying(jinpu: Division) -> Division:
    return make_division(
        "township", "向应街道", jinpu, "210213015000", kind="街道", position=2, name_en="Xiangying"
    )


@pytest.fixture
def dachangshan(changhai: Division) -> Division:
    return make_division(
        "township", "大长山岛镇", changhai, "210224100000", kind="镇", position=3, name_en="Dachangshandao"
    )


@pytest.fixture
def area(jinpu: Division, huajia: Division) -> Area:
    return Area.objects.create(county=jinpu, township=huajia, name="华家片", since=SINCE)


@pytest.fixture
def village(huajia: Division, area: Area) -> Village:
    return make_village("柳家", huajia, "210213014201", area, name_en="Liujia", households=320)


@pytest.fixture
def sibling_village(xiangying: Division) -> Village:
    return make_village("城东", xiangying, "210213015201", name_en="Chengdong")


@pytest.fixture
def island_village(dachangshan: Division) -> Village:
    return make_village("小盐场", dachangshan, "210224100201", name_en="Xiaoyanchang", coast=True)


# --- people ---------------------------------------------------------------------------------------------------
@pytest.fixture
def hso(city: Division) -> User:
    return make_user("hso", "周正", Role.CITY_OFFICE, city, may_sign=True)


@pytest.fixture
def hso_staff(city: Division) -> User:
    return make_user("hso_staff", "孙悦", Role.CITY_OFFICE, city)


@pytest.fixture
def jinpu_office(jinpu: Division) -> User:
    return make_user("jinpu", "李晨", Role.COUNTY_OFFICE, jinpu, may_sign=True)


@pytest.fixture
def changhai_office(changhai: Division) -> User:
    return make_user("changhai", "王海", Role.COUNTY_OFFICE, changhai, may_sign=True)


@pytest.fixture
def huajia_official(huajia: Division) -> User:
    return make_user("huajia", "赵岩", Role.TOWNSHIP, huajia)


@pytest.fixture
def huajia_official_2(huajia: Division) -> User:
    return make_user("huajia_2", "钱宁", Role.TOWNSHIP, huajia)


@pytest.fixture
def xiangying_official(xiangying: Division) -> User:
    return make_user("xiangying", "吴桐", Role.TOWNSHIP, xiangying)


@pytest.fixture
def dachangshan_official(dachangshan: Division) -> User:
    return make_user("dachangshan", "于洋", Role.TOWNSHIP, dachangshan)


@pytest.fixture
def secretary(huajia: Division) -> User:
    """The secretary of Huajia's Party working committee."""
    person = Person.objects.create(name="郑直", title="华家街道党工委书记")
    Responsibility.objects.create(person=person, kind="secretary", township=huajia, since=SINCE)
    return make_user("secretary", "郑直", Role.LEADER, person=person)


@pytest.fixture
def village_leader(village: Village) -> User:
    """The township leader who covers the village."""
    person = Person.objects.create(name="冯远", title="华家街道办事处副主任")
    Responsibility.objects.create(person=person, kind="township", village=village, since=SINCE)
    return make_user("village_leader", "冯远", Role.LEADER, person=person)


@pytest.fixture
def area_leader(area: Area) -> User:
    """The county leader who covers the area of the village."""
    person = Person.objects.create(name="陈立", title="金普新区管委会副主任")
    Responsibility.objects.create(person=person, kind="county", area=area, since=SINCE)
    return make_user("area_leader", "陈立", Role.LEADER, person=person)


@pytest.fixture
def leader(jinpu: Division) -> User:
    """The municipal leader who covers Jinpu."""
    person = Person.objects.create(name="何江", title="副市长")
    Responsibility.objects.create(person=person, kind="municipal", county=jinpu, since=SINCE)
    return make_user("leader", "何江", Role.LEADER, person=person)


@pytest.fixture
def inspector(city: Division) -> User:
    return make_user("inspector", "许诺", Role.INSPECTOR, city, issues_directly=True)


@pytest.fixture
def agency(db: None) -> User:
    firm = Organisation.objects.create(
        kind=Organisation.Kind.AGENCY, name="清源咨询有限公司", name_en="Qingyuan Consulting"
    )
    return make_user("agency", "曹敏", Role.INSPECTOR, organisation=firm)


@pytest.fixture
def department(db: None) -> User:
    bureau = Organisation.objects.create(
        kind=Organisation.Kind.DEPARTMENT, name="市农业农村局", name_en="Agriculture and Rural Affairs Bureau"
    )
    return make_user("department", "董文", Role.DEPARTMENT, organisation=bureau)


@pytest.fixture
def auditor(city: Division) -> User:
    return make_user("auditor", "沈清", Role.AUDITOR, city)


@pytest.fixture
def sysadmin(db: None) -> User:
    return make_user("sysadmin", "马力", Role.SYSADMIN)


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """Return a function that gives a signed-in browser of a user."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@cache
def shipped_scheme() -> Definition:
    """Read the shipped scheme once a run: it is the same for every test."""
    return parse(read(DATA / "scheme_2023.yaml"), read(DATA / "guidance.yaml"))


@pytest.fixture
def item(db: None) -> Item:
    """Item A1-01 of the scheme that is shipped."""
    if not Item.objects.exists():
        Scheme.objects.load(shipped_scheme())
    return Item.objects.get(code="A1-01")
