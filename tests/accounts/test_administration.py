"""The administrator makes, changes, closes and imports accounts."""

import io
from datetime import date

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Post, Role, User
from audit.models import Entry
from tests.cast import PASSWORD, SINCE, make_user
from villages.models import Person, Responsibility

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client_for, sysadmin) -> Client:
    return client_for(sysadmin)


def post_fields(role: str, place=None, prefix: str = "", **extra) -> dict[str, str]:
    fields = {"role": role, "since": "2026-11-01", "division": str(place.pk) if place else "", **extra}
    return {f"{prefix}{key}": value for key, value in fields.items()}


@pytest.mark.parametrize("who", ["hso", "jinpu_office", "huajia_official", "leader", "auditor", "inspector"])
@pytest.mark.parametrize("name", ["users", "user_new", "users_import"])
def test_pages_do_not_exist_for_anybody_else(client_for, request, who, name):
    assert client_for(request.getfixturevalue(who)).get(reverse(name)).status_code == 404


def test_others_cannot_reset_close_or_promote(client_for, huajia_official, xiangying_official):
    client = client_for(huajia_official)
    for name in ("user_reset", "user_active", "user_tokens", "post_new"):
        url = reverse(name, args=[xiangying_official.pk])
        assert client.post(url, post_fields("sysadmin")).status_code == 404
    xiangying_official.refresh_from_db()
    assert xiangying_official.is_active and xiangying_official.check_password(PASSWORD)
    assert xiangying_official.posts.count() == 1


def test_list_finds_by_name_user_name_and_place(admin, huajia_official, xiangying_official, jinpu_office):
    def shown(**query) -> set[str]:
        return {user.username for user in admin.get(reverse("users"), query).context["page"]}

    assert shown() == {"huajia", "xiangying", "jinpu", "sysadmin"}
    assert shown(q="赵岩") == {"huajia"}
    assert shown(q="向应") == {"xiangying"}
    assert shown(q="huajia 华家") == {"huajia"}
    assert shown(role="county_office") == {"jinpu"}
    assert shown(state="closed") == set()
    assert "没有符合条件的用户" in admin.get(reverse("users"), {"q": "没有这个人"}).content.decode()


def test_list_costs_the_same_for_ten_and_a_hundred_users(admin, huajia, django_assert_num_queries):
    for number in range(3):
        make_user(f"few{number}", "某", Role.TOWNSHIP, huajia)
    with django_assert_num_queries(7):
        admin.get(reverse("users"))
    for number in range(18):
        make_user(f"many{number}", "某", Role.TOWNSHIP, huajia)
    with django_assert_num_queries(7):
        admin.get(reverse("users"))


def test_new_account_has_its_post_and_a_password_that_is_shown_once(admin, huajia):
    fields = {"username": "new", "name": "新人"} | post_fields("township", huajia, "post-")
    page = admin.post(reverse("user_new"), fields)
    password = page.context["password"]
    assert password in page.content.decode() and "no-store" in page["Cache-Control"]
    user = User.objects.get(username="new")
    assert user.check_password(password) and user.must_change_password
    assert user.posts_on(date(2026, 11, 1))[0].division == huajia
    assert password not in admin.get(user.get_absolute_url()).content.decode()


def test_account_needs_a_place_that_fits_the_role(admin, huajia, jinpu):
    fields = {"username": "new", "name": "新人"} | post_fields("township", jinpu, "post-")
    page = admin.post(reverse("user_new"), fields)
    assert "division" in page.context["post_form"].errors
    assert not User.objects.filter(username="new").exists()


def test_user_names_differ_by_more_than_case(admin, huajia_official):
    page = admin.post(
        reverse("user_new"), {"username": "HuaJia", "name": "x"} | post_fields("auditor", prefix="post-")
    )
    assert "username" in page.context["form"].errors


def test_account_is_linked_to_a_person_by_name_and_title(admin, huajia):
    first = Person.objects.create(name="张伟", title="华家街道办事处副主任")
    Person.objects.create(name="张伟", title="向应街道办事处副主任")
    fields = {"username": "zhang", "name": "张伟", "person": "张伟"} | post_fields("leader", prefix="post-")
    page = admin.post(reverse("user_new"), fields)
    assert "向应街道办事处副主任" in str(page.context["form"].errors["person"])
    admin.post(reverse("user_new"), fields | {"person": "张伟 华家"})
    assert User.objects.get(username="zhang").person == first


def test_unknown_person_and_person_with_an_account_are_refused(admin, leader):
    fields = {"username": "x", "name": "x"} | post_fields("leader", prefix="post-")
    for words in ("没有这个人", leader.person.name):
        assert "person" in admin.post(reverse("user_new"), fields | {"person": words}).context["form"].errors


def test_account_can_be_changed(admin, huajia_official):
    admin.post(
        huajia_official.get_absolute_url(), {"username": "huajia", "name": "赵小岩", "email": "z@example.org"}
    )
    huajia_official.refresh_from_db()
    assert (huajia_official.name, huajia_official.email) == ("赵小岩", "z@example.org")
    assert huajia_official.check_password(PASSWORD)


def test_reset_gives_a_one_time_password_lifts_the_lock_and_revokes_tokens(admin, client, huajia_official):
    huajia_official.tokens.issue(huajia_official, at=timezone.now())
    for _time in range(6):
        client.post(reverse("account_login"), {"login": "huajia", "password": "wrong"})
    password = admin.post(reverse("user_reset", args=[huajia_official.pk])).context["password"]
    assert client.post(reverse("account_login"), {"login": "huajia", "password": password}).status_code == 302
    assert not huajia_official.tokens.live(timezone.now()).exists()
    entry = Entry.objects.get(verb="password_reset")
    assert entry.object_id == str(huajia_official.pk) and password not in str(entry.detail)


def test_closing_ends_sessions_and_tokens_and_can_be_undone(admin, client_for, huajia_official):
    official = client_for(huajia_official)
    _token, key = huajia_official.tokens.issue(huajia_official, at=timezone.now())
    admin.post(reverse("user_active", args=[huajia_official.pk]))
    assert official.get(reverse("profile")).status_code == 302
    assert Client().get("/api/v1/notices/", headers={"authorization": f"Token {key}"}).status_code == 401
    admin.post(reverse("user_active", args=[huajia_official.pk]))
    huajia_official.refresh_from_db()
    assert huajia_official.is_active


def test_administrator_cannot_close_the_own_account(admin, sysadmin):
    admin.post(reverse("user_active", args=[sysadmin.pk]))
    sysadmin.refresh_from_db()
    assert sysadmin.is_active


def test_posts_are_added_and_ended_on_a_day(admin, huajia_official, xiangying):
    admin.post(reverse("post_new", args=[huajia_official.pk]), post_fields("township", xiangying))
    added = huajia_official.posts.get(division=xiangying)
    url = reverse("post_end", args=[huajia_official.pk, added.pk])
    admin.post(url, {"until": "2026-10-01"})  # before it began
    added.refresh_from_db()
    assert added.until is None
    admin.post(url, {"until": "2026-12-01"})
    added.refresh_from_db()
    assert added.until == date(2026, 12, 1)


def test_deputy_is_entered_as_a_dated_post(admin, huajia_official, xiangying_official, huajia):
    principal = huajia_official.posts.get()
    fields = post_fields("township", huajia, until="2026-12-01", deputy_for=str(principal.pk))
    admin.post(reverse("post_new", args=[xiangying_official.pk]), fields)
    deputy = xiangying_official.posts.get(division=huajia)
    assert deputy.deputy_for == principal and deputy.until == date(2026, 12, 1)
    assert "赵岩" in admin.get(xiangying_official.get_absolute_url()).content.decode()


def test_wrong_post_keeps_what_was_typed(admin, huajia_official, jinpu):
    page = admin.post(reverse("post_new", args=[huajia_official.pk]), post_fields("city_office", jinpu))
    assert page.status_code == 200 and "division" in page.context["post_form"].errors


# --- import ---------------------------------------------------------------------------------------------------
HEAD = ["用户名", "姓名", "角色", "区市县", "乡镇街道", "部门或机构", "职务", "签发", "直接交办", "邮箱"]


def workbook(*rows: list[str], head: list[str] = HEAD) -> SimpleUploadedFile:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for number, row in enumerate([head, *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return SimpleUploadedFile("users.xlsx", out.getvalue())


GOOD = [
    ["li", "李明", "乡镇街道", "金普新区", "华家街道", "", "", "", "", "li@example.org"],
    ["wang", "王芳", "区市县人居环境办", "金普新区", "", "", "", "是", "", ""],
    ["team", "检查一组", "检查员", "", "", "", "", "", "是", ""],
]


def check(admin, file) -> object:
    return admin.post(reverse("users_import"), {"file": file})


def test_dry_run_changes_nothing_and_confirming_makes_all(admin, city, huajia, jinpu):
    before = User.objects.count()
    page = check(admin, workbook(*GOOD))
    assert not page.context["reading"].troubles and User.objects.count() == before
    done = admin.post(reverse("users_import_confirm"), {"payload": page.context["payload"]})
    made = {user.username: password for user, password in done.context["made"]}
    assert set(made) == {"li", "wang", "team"} and "no-store" in done["Cache-Control"]
    user = User.objects.get(username="li")
    assert user.check_password(made["li"]) and user.must_change_password and user.email == "li@example.org"
    assert user.posts.get().division == huajia
    assert User.objects.get(username="wang").posts.get().may_sign
    assert User.objects.get(username="team").posts.get().issues_directly
    assert User.objects.get(username="team").posts.get().division == city


def test_imported_user_signs_in_with_the_initial_password(admin, client, settings, city, huajia, jinpu):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    payload = check(admin, workbook(GOOD[0])).context["payload"]
    done = admin.post(reverse("users_import_confirm"), {"payload": payload})
    password = done.context["made"][0][1]
    assert client.post(reverse("account_login"), {"login": "li", "password": password})["Location"] == "/"
    iterations = int(User.objects.get(username="li").password.split("$")[1])
    assert iterations > 100_000  # the first sign-in made the quick hash a slow one


def test_mistakes_name_row_and_column_and_nothing_is_made(admin, huajia, xiangying, huajia_official):
    rows = [
        ["huajia", "已有", "乡镇街道", "金普新区", "华家街道"],
        ["new1", "", "乡镇街道", "金普新区", "华家街道"],
        ["new2", "某", "市长", "", ""],
        ["new3", "某", "乡镇街道", "金普新区", "没有街道"],
        ["new4", "某", "乡镇街道", "没有区", "华家街道"],
        ["new5", "某", "市直部门", "", "", "没有局"],
        ["new6", "无此人", "领导"],
        ["坏 名", "某", "审计"],
        ["twin", "某", "审计"],
        ["Twin", "某", "审计"],
    ]
    page = check(admin, workbook(*rows))
    found = {(trouble.row, trouble.column) for trouble in page.context["reading"].troubles}
    assert found == {
        (2, "用户名"), (3, "姓名"), (4, "角色"), (5, "乡镇街道"), (6, "区市县"), (7, "部门或机构"), (8, "姓名"),
        (9, "用户名"), (10, "用户名"), (11, "用户名"),
    }  # fmt: skip
    assert "payload" not in page.context
    assert not User.objects.filter(username="new1").exists()


def test_leaders_are_linked_to_their_person(admin, jinpu):
    one = Person.objects.create(name="何江", title="副市长")
    Person.objects.create(name="何江", title="局长")
    Responsibility.objects.create(person=one, kind="municipal", county=jinpu, since=SINCE)
    page = check(admin, workbook(["hejiang", "何江", "领导"]))
    assert {trouble.column for trouble in page.context["reading"].troubles} == {"职务"}
    page = check(admin, workbook(["hejiang", "何江", "领导", "", "", "", "副市长"]))
    admin.post(reverse("users_import_confirm"), {"payload": page.context["payload"]})
    user = User.objects.get(username="hejiang")
    assert user.person == one and user.places(timezone.localdate()).counties == {jinpu.pk}


def test_csv_in_the_encoding_of_chinese_excel_is_read(admin, city):
    content = "用户名,姓名,角色\nauditor9,沈清,审计\n".encode("gb18030")
    page = check(admin, SimpleUploadedFile("users.csv", content))
    assert [line.username for line in page.context["reading"].lines] == ["auditor9"]


def test_missing_column_and_odd_files_are_refused_plainly(admin):
    page = check(admin, workbook(["x"], head=["用户名"]))
    assert {trouble.column for trouble in page.context["reading"].troubles} == {"姓名", "角色"}
    for file in (
        SimpleUploadedFile("users.xlsx", b"not a workbook"),
        SimpleUploadedFile("users.csv", b"\xff\xfe\xff\xff\x81"),
    ):
        page = check(admin, file)
        assert "file" in page.context["form"].errors


def test_name_taken_meanwhile_stops_the_whole_import(admin, city, huajia, jinpu):
    payload = check(admin, workbook(*GOOD)).context["payload"]
    make_user("wang", "别人", Role.AUDITOR)
    admin.post(reverse("users_import_confirm"), {"payload": payload})
    assert not User.objects.filter(username__in=["li", "team"]).exists()


def test_forged_payload_is_refused(admin):
    before = User.objects.count()
    assert admin.post(reverse("users_import_confirm"), {"payload": "W10:forged"}).status_code == 302
    assert User.objects.count() == before
    assert Post.objects.count() == 1


def test_a_deputy_holds_the_role_and_place_of_the_principal(
    admin, huajia_official, xiangying_official, jinpu
):
    principal = huajia_official.posts.get()
    fields = post_fields("county_office", jinpu, deputy_for=str(principal.pk))
    admin.post(reverse("post_new", args=[xiangying_official.pk]), fields)
    assert xiangying_official.posts.count() == 1
