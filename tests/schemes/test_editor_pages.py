"""The pages of versions: read, edit, compare, import, freeze."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from schemes import workbook, yaml_form
from schemes.models import ExamplePhoto, Item, Scheme
from schemes.workbook import COLUMNS
from tests.cast import shipped_scheme
from tests.samples import jpeg

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
DRAFT = "/schemes/DEFAULT-8-42/2/"


@pytest.fixture
def draft(item: Item) -> Scheme:
    return item.scheme.copy(at=AT)


@pytest.fixture
def head(client_for: Any, hso: User, draft: Scheme) -> Client:
    return client_for(hso)


@pytest.fixture
def staff(client_for: Any, hso_staff: User, draft: Scheme) -> Client:
    return client_for(hso_staff)


def text(response: Any) -> str:
    return response.content.decode()


def fields(page: str) -> dict[str, Any]:
    """Return what a browser would send of the page's main form, untouched."""
    main = page[page.index('<main id="main"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", main):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if not name or (kind and kind[1] in ("checkbox", "radio") and "checked" not in tag):
            continue
        ticked = kind and kind[1] in ("checkbox", "radio")
        found.setdefault(name[1], []).append(unescape(value[1]) if value else "on" if ticked else "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', main, re.DOTALL):
        found[name] = [unescape(body)]
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = [chosen[1] if chosen else ""]
    return found


# --- reading ----------------------------------------------------------------------------------------------------
def test_the_page_shows_nominal_beside_effective_weights(head: Client) -> None:
    page = text(head.get(DRAFT))
    assert "部门考核 30 → <strong>37.5%</strong>" in page
    assert "暗访 50 → <strong>62.5%</strong>" in page
    assert "尚不相符" not in page
    assert page.count('id="A1-01"') == 1


def test_source_by_source_the_effective_points_are_others(head: Client, draft: Scheme) -> None:
    Scheme.objects.filter(pk=draft.pk).update(combine="source_total")
    page = text(head.get(DRAFT))
    rows = re.findall(r'data-label="实际分值">([0-9.]+)<', page)
    assert len(rows) == 42
    assert abs(sum(map(float, rows)) - 100) < 0.3


def test_what_does_not_add_up_is_listed_with_a_way_to_put_it_right(
    head: Client, draft: Scheme, hso: User
) -> None:
    draft.items.filter(code="A1-01").update(points=50_000, unit_en="")
    page = text(head.get(DRAFT))
    assert "A1：各事项分值合计 17 分，该方面为 16 分。" in page
    assert "A1-01：尚未填写：计量内容（英文）" in page
    assert f'href="{DRAFT}items/A1-01/edit/"' in page
    User.objects.filter(pk=hso.pk).update(language="en")
    english = text(head.get(DRAFT, headers={"accept-language": "en"}))
    assert "A1: its items have 17 points together; the aspect has 16." in english


def test_a_department_reads_and_changes_nothing(client_for: Any, department: User, draft: Scheme) -> None:
    browser = client_for(department)
    assert 'href="/schemes/DEFAULT-8-42/2/"' in text(browser.get("/schemes/"))
    page = text(browser.get(DRAFT))
    assert "/edit/" not in page and "/copy/" not in page
    assert browser.get(f"{DRAFT}edit/").status_code == 404
    assert browser.post(f"{DRAFT}copy/").status_code == 404


def test_the_lists_cost_as_much_with_many_rows_as_with_few(
    head: Client, draft: Scheme, django_assert_max_num_queries: Any
) -> None:
    def queries(path: str) -> int:
        with django_assert_max_num_queries(40) as found:
            assert head.get(path).status_code == 200
        return len([query for query in found.captured_queries if "schemes_" in query["sql"]])

    queries("/schemes/")
    few = queries("/schemes/"), queries(DRAFT), queries(f"{DRAFT}compare/"), queries("/api/v1/schemes/")
    for _ in range(8):
        draft.copy(at=AT)
    many = queries("/schemes/"), queries(DRAFT), queries(f"{DRAFT}compare/"), queries("/api/v1/schemes/")
    assert few == many
    assert few[0] == 1
    assert few[1] <= 6


# --- editing ----------------------------------------------------------------------------------------------------
def test_an_item_form_sent_as_it_came_changes_nothing(staff: Client, draft: Scheme) -> None:
    before = draft.definition()
    for code in ("A1-01", "A1-03", "A8-01"):
        page = text(staff.get(f"{DRAFT}items/{code}/edit/"))
        sent = fields(page)
        answer = staff.post(f"{DRAFT}items/{code}/edit/", sent)
        assert answer.status_code == 302, re.findall(r"field__error.*?</p>", text(answer))
    assert draft.definition() == before
    assert draft.items.get(code="A1-01").revision == 2


def test_a_head_form_sent_as_it_came_changes_nothing(staff: Client, draft: Scheme) -> None:
    before = draft.definition()
    sent = fields(text(staff.get(f"{DRAFT}edit/")))
    assert staff.post(f"{DRAFT}edit/", sent).status_code == 302
    assert draft.definition() == before


def test_a_rule_is_changed_with_its_numbers(staff: Client, draft: Scheme) -> None:
    url = f"{DRAFT}items/A1-01/edit/"
    sent = fields(text(staff.get(url))) | {
        "rule_type": "proportion",
        "target_pct": "95",
        "zero_at_or_below_pct": "60",
    }
    assert staff.post(url, sent).status_code == 302
    rule = draft.items.get(code="A1-01").rule
    assert rule == {"type": "proportion", "target_pct": 95, "zero_at_or_below_pct": 60, "target_basis": ""}
    sent = fields(text(staff.get(url))) | {
        "rule_type": "deduction",
        "per_finding": "0.25",
        "cap_per_point": "3",
    }
    assert staff.post(url, sent).status_code == 302
    wanted = {"type": "deduction", "per_finding": 2_500, "floor": 0, "cap_per_point": 3}
    assert draft.items.get(code="A1-01").rule == wanted
    sent = fields(text(staff.get(url))) | {"rule_type": "yes_no"}
    assert staff.post(url, sent).status_code == 302
    assert draft.items.get(code="A1-01").rule == {"type": "yes_no"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"per_finding": "9"}, "每处扣分不能超过本项分值"),
        ({"per_finding": ""}, "此项未填写"),
        ({"floor": "4"}, "最低得分须小于本项分值"),
        ({"rule_type": "proportion", "target_pct": "50", "zero_at_or_below_pct": "50"}, "满分线须高于零分线"),
        ({"code": "A1-02"}, "另一个事项已使用这个编码"),
        ({"code": "A1/02"}, "编码由字母"),
        ({"points": "0.00001"}, "field__error"),
        ({"points": "0"}, "field__error"),
        ({"sources": "drone"}, "field__error"),
        ({"name_zh": ""}, "field__error"),
    ],
)
def test_every_save_is_checked_and_what_was_typed_is_kept(
    staff: Client, draft: Scheme, change: dict[str, str], words: str
) -> None:
    url = f"{DRAFT}items/A1-01/edit/"
    sent = fields(text(staff.get(url))) | change | {"standard_zh": "新的标准"}
    page = staff.post(url, sent)
    assert page.status_code == 200
    assert words in text(page)
    assert "新的标准" in text(page)
    assert draft.items.get(code="A1-01").revision == 1


def test_a_new_item_stands_last_in_its_aspect_and_its_gaps_are_named(staff: Client, draft: Scheme) -> None:
    url = f"{DRAFT}items/new/?aspect=A1"
    sent = fields(text(staff.get(url))) | {
        "code": "A1-09", "name_zh": "垃圾分类,宣传", "name_en": "Sorting", "points": "1", "sources": ["visit"],
        "rule_type": "yes_no", "unit_zh": "有无宣传", "unit_en": "is it explained",
    }  # fmt: skip
    answer = staff.post(url, sent)
    assert answer.status_code == 302, re.findall(r"field__error.*?</p>", text(answer))
    made = draft.items.get(code="A1-09")
    assert (made.name_zh, made.position) == ("垃圾分类，宣传", 7)
    assert "A1-09：尚未填写" in text(staff.get(DRAFT))


def test_two_who_edit_the_same_item_do_not_overwrite_each_other(
    head: Client, staff: Client, draft: Scheme
) -> None:
    url = f"{DRAFT}items/A1-01/edit/"
    one, other = fields(text(head.get(url))), fields(text(staff.get(url)))
    assert head.post(url, one | {"name_en": "First"}).status_code == 302
    late = staff.post(url, other | {"name_en": "Second"})
    assert late.status_code == 200
    assert "已有他人作了修改" in text(late) and "Second" in text(late)
    assert draft.items.get(code="A1-01").name_en == "First"


def test_rows_move_by_a_button(staff: Client, draft: Scheme) -> None:
    answer = staff.post(f"{DRAFT}items/A1-01/move/", {"direction": "down"})
    assert answer.headers["Location"] == f"{DRAFT}#A1-01"
    staff.post(f"{DRAFT}aspects/A2/move/", {"direction": "up"})
    assert [row.code for row in draft.aspects.order_by("position")][:2] == ["A2", "A1"]
    assert staff.post(f"{DRAFT}items/A1-01/dance/").status_code == 404


# --- steps ------------------------------------------------------------------------------------------------------
def test_staff_edits_and_a_head_freezes(staff: Client, head: Client, draft: Scheme) -> None:
    assert f"{DRAFT}freeze/" not in text(staff.get(DRAFT))
    assert staff.post(f"{DRAFT}freeze/").status_code == 302
    assert Scheme.objects.get(pk=draft.pk).is_draft
    assert "永久固定" in text(head.get(f"{DRAFT}freeze/"))
    assert head.post(f"{DRAFT}freeze/").status_code == 302
    draft.refresh_from_db()
    assert not draft.is_draft
    page = text(head.get(DRAFT))
    assert "已冻结" in page and f"{DRAFT}edit/" not in page
    answer = head.post(f"{DRAFT}edit/", follow=True)
    assert "请复制为新版本后再修改" in text(answer)


def test_a_draft_with_errors_can_be_saved_and_not_frozen(head: Client, draft: Scheme) -> None:
    draft.items.filter(code="A1-01").update(points=50_000)
    assert '<form method="post" class="form-column"' not in text(head.get(f"{DRAFT}freeze/"))
    answer = head.post(f"{DRAFT}freeze/", follow=True)
    assert "还有不相符之处" in text(answer)
    assert Scheme.objects.get(pk=draft.pk).is_draft


def test_the_version_for_new_findings_is_chosen_by_a_head(head: Client, staff: Client, draft: Scheme) -> None:
    staff.post(f"{DRAFT}default/")
    assert Scheme.objects.default().version == 1
    head.post(f"{DRAFT}default/")
    assert Scheme.objects.default().version == 2
    Item.objects.filter(scheme=draft, code="A8-06").delete()
    old = text(head.get("/guidance/A8-06/"))  # filed under before: the page stays
    assert "A8-06" in old
    assert head.get("/guidance/A9-99/").status_code == 404


def test_a_draft_is_discarded(staff: Client, draft: Scheme) -> None:
    assert "没有任何记录" in text(staff.get(f"{DRAFT}discard/"))
    assert staff.post(f"{DRAFT}discard/").status_code == 302
    assert staff.get(DRAFT).status_code == 404


# --- comparison and files ---------------------------------------------------------------------------------------
def test_two_versions_stand_side_by_side(staff: Client, draft: Scheme) -> None:
    assert "两个版本相同" in text(staff.get(f"{DRAFT}compare/"))
    draft.items.filter(code="A1-01").update(points=50_000, name_zh="新的名称")
    draft.items.get(code="A8-06").delete()
    draft.sources.filter(code="self").update(weight=25)
    page = text(staff.get(f"{DRAFT}compare/?with=1"))
    assert "新增事项 0 项，删去 1 项，修改 1 项" in page
    for words in ("新的名称", "公共区域无散落和成堆垃圾", ">4<", ">5<", ">20<", ">25<", "A8-06"):
        assert words in page


@pytest.mark.parametrize("form", ["xlsx", "yaml"])
def test_an_exported_file_is_imported_as_the_next_version(staff: Client, draft: Scheme, form: str) -> None:
    file = staff.get(f"{DRAFT}export/{form}/")
    assert f'"DEFAULT-8-42-2.{form}"' in file.headers["Content-Disposition"]
    answer = staff.post("/schemes/import/", {"file": SimpleUploadedFile(f"x.{form}", file.content)})
    page = text(answer)
    assert "尚未作任何更改" in page
    assert Scheme.objects.count() == 2
    content = answer.context["content"]
    assert (
        staff.post("/schemes/import/", {"content": content}).headers["Location"] == "/schemes/DEFAULT-8-42/3/"
    )
    made = Scheme.objects.get(version=3)
    assert made.is_draft and made.items.count() == 42


def test_a_wrong_file_names_sheet_row_and_column_and_stores_nothing(staff: Client, draft: Scheme) -> None:
    rows = workbook.rows_of(shipped_scheme())
    text_of = yaml_form.write(shipped_scheme()).replace("level: village", "level: street", 1)
    page = text(staff.post("/schemes/import/", {"file": SimpleUploadedFile("x.yaml", text_of.encode())}))
    assert "street" in page and "未导入任何内容" in page
    assert Scheme.objects.count() == 2
    assert len(rows["items"]) == 42 and set(COLUMNS) == set(rows)


def test_a_file_that_is_none_is_refused_in_words(staff: Client) -> None:
    page = text(staff.post("/schemes/import/", {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04 nothing")}))
    assert "Excel" in page and "error-summary" in page


# --- examples ---------------------------------------------------------------------------------------------------
def test_an_example_stands_in_the_guidance_for_everybody(
    staff: Client, draft: Scheme, item: Item, client_for: Any, huajia_official: User, inspector: User
) -> None:
    sent = {"kind": "bad", "caption_zh": "沟边垃圾", "file": SimpleUploadedFile("x.jpg", jpeg(5, (640, 480)))}
    url = "/schemes/DEFAULT-8-42/1/items/A1-01/examples/"
    assert staff.post(url, sent).status_code == 302
    example = item.examples.get()
    for user in (huajia_official, inspector):
        page = text(client_for(user).get("/guidance/A1-01/"))
        assert "沟边垃圾" in page and example.small_url in page
        answer = client_for(user).get(example.small_url)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/jpeg"
        assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")
    refused = staff.post(url, {"kind": "bad", "file": SimpleUploadedFile("x.jpg", b"no picture")})
    assert refused.status_code == 200 and "JPEG" in text(refused)
    assert staff.post(f"/schemes/examples/{example.pk}/remove/").status_code == 302
    assert not item.examples.exists()


def test_an_example_of_a_draft_is_not_for_everybody(
    draft: Scheme, hso: User, client_for: Any, huajia_official: User, department: User
) -> None:
    row = draft.items.get(code="A1-01")
    file = SimpleUploadedFile("x.jpg", jpeg(5, (640, 480)))
    shown = ExamplePhoto.objects.show(row, kind="good", file=file, by=hso, at=AT)
    assert client_for(huajia_official).get(shown.large_url).status_code == 404
    answer = client_for(department).get(shown.large_url)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)


# --- the API ----------------------------------------------------------------------------------------------------
def test_the_api_lists_versions_and_gives_one_with_its_items(staff: Client, draft: Scheme) -> None:
    rows = staff.get("/api/v1/schemes/").json()["results"]
    assert [(row["version"], row["items"], row["aspects"], row["is_default"]) for row in rows] == [
        (2, 42, 8, False),
        (1, 42, 8, True),
    ]
    found = staff.get("/api/v1/schemes/DEFAULT-8-42/2/").json()
    assert [aspect["code"] for aspect in found["aspects"]] == [f"A{n}" for n in range(1, 9)]
    first = found["aspects"][0]["items"][0]
    assert (first["code"], first["points"], first["rule"]["per_finding"]) == ("A1-01", "4", 5_000)
    assert {row["code"]: row["weight"] for row in found["sources"]}["visit"] == 50
    file = staff.get("/api/v1/schemes/DEFAULT-8-42/2/export/yaml/")
    assert file.content.decode().startswith("scheme:")


def test_the_api_hides_drafts_from_those_who_do_not_write(
    client_for: Any, jinpu_office: User, inspector: User, draft: Scheme
) -> None:
    office = client_for(jinpu_office)
    assert [row["version"] for row in office.get("/api/v1/schemes/").json()["results"]] == [1]
    assert office.get("/api/v1/schemes/DEFAULT-8-42/2/").status_code == 404
    assert client_for(inspector).get("/api/v1/schemes/").json()["results"] == []
