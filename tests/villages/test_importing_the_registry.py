"""Import of a registry: dry run, matching, questions, retirement, all or nothing."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.villages.making import (
    CITY,
    FIRST,
    HARBOUR,
    HUAJIA,
    LATER,
    LIUJIA,
    NAMESAKE,
    SHIPPED,
    SMALL,
    XIANGYING,
    ZHAOJIA,
    as_csv,
    as_xlsx,
    changed,
    load,
    without,
)
from villages.models import (
    BEGINNING,
    Area,
    AreaLink,
    Division,
    DivisionLink,
    ImportFile,
    Person,
    Responsibility,
    Village,
    VillageCode,
    VillageLink,
)
from villages.registry import display_name, parse
from villages.registry_import import RegistryRefused, apply_plan, plan_import
from villages.spreadsheet import Unreadable

pytestmark = pytest.mark.django_db


def village_of(code: str) -> Village:
    return Village.objects.get(codes__code=code)


def test_shipped_registry_holds_7_units_90_townships_853_villages() -> None:
    call_command("import_registry", stdout=StringIO())
    on = date(2024, 1, 1)
    assert Division.objects.counties(on).count() == 7
    assert Division.objects.townships(on).count() == 90
    assert Village.objects.current(on).count() == 853
    jinpu = Division.objects.get(name="金普新区")
    assert Village.objects.with_places(on).filter(county_id=jinpu.pk).count() == 142
    assert Division.objects.townships(on).filter(county_id=jinpu.pk).count() == 12
    prefixes = set(Division.objects.counties(on).values_list("number_prefix", flat=True))
    assert prefixes == {"JP", "LS", "PL", "CH", "CX", "WF", "ZH"}
    assert set(VillageLink.objects.values_list("since", flat=True)) == {BEGINNING}
    assert Area.objects.count() == 90
    assert AreaLink.objects.count() == 853


def test_same_file_twice_changes_no_row() -> None:
    load(SMALL)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Village, VillageLink, VillageCode, Division)
    ]
    plan = load(SMALL, LATER)
    assert not any(plan.counts().values())
    after = [
        list(model.objects.order_by("pk").values()) for model in (Village, VillageLink, VillageCode, Division)
    ]
    assert after == before


def test_import_takes_as_many_queries_for_more_villages() -> None:
    counts = []
    for size in (10, 100):
        rows = [
            (f"21021302{size}{n:03}", f"第{size}-{n}村委会", "", "village", "210213022", "", "")
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as queries:
            load([CITY, *SMALL[1:6], *rows])
        counts.append(len(queries))
    # the second run also retires the first one's villages: a fixed number of statements more
    assert counts[1] - counts[0] <= 10


def test_namesakes_stay_apart() -> None:
    load(SMALL)
    assert Village.objects.filter(name="赵家").count() == 2
    load(changed(NAMESAKE, name="赵家屯村委会"), LATER)
    assert village_of(ZHAOJIA[0]).name == "赵家"
    assert village_of(NAMESAKE[0]).name == "赵家屯"


def test_new_name_under_the_same_code_renames() -> None:
    load(SMALL)
    pk = village_of(LIUJIA[0]).pk
    plan = load(changed(LIUJIA, name="柳树村委会"), LATER)
    assert plan.counts()["renamed"] == 1
    village = Village.objects.get(pk=pk)
    assert (village.name, village.official_name) == ("柳树", "柳树村委会")


def test_what_is_gone_is_retired_and_keeps_its_history() -> None:
    load(SMALL)
    village = village_of(LIUJIA[0])
    person = Person.objects.create(name="冯远")
    Responsibility.objects.create(person=person, kind="township", village=village, since=FIRST)
    load(without(LIUJIA), LATER)
    village.refresh_from_db()
    assert village.retired_on == LATER
    assert village.township_on(date(2024, 6, 30)) == Division.objects.get(name="华家街道")
    assert village.township_on(LATER) is None
    assert Responsibility.objects.get().until == LATER
    assert village not in Village.objects.current(LATER)
    assert village in Village.objects.current(date(2024, 6, 30))


def test_a_file_without_the_city_speaks_only_for_its_units() -> None:
    load(SMALL)
    flat = [("金普新区", "华家街道", "柳家村委会", LIUJIA[0])]
    plan = plan_import(parse(as_csv(flat, head=("区市县", "乡镇街道", "村", "统计代码"))).lines)
    assert {known.display for known in plan.retired} == {"赵家", "向应街道"}
    assert not [known for known in plan.retired if known.code == HARBOUR[0]]


def test_a_new_code_for_the_same_place_and_name_is_asked() -> None:
    load(SMALL)
    parsed = parse(as_csv(changed(LIUJIA, code="210213022299")))
    plan = plan_import(parsed.lines)
    assert [question.key for question in plan.unanswered] == ["210213022299"]
    with pytest.raises(RegistryRefused):
        apply_plan(plan, on=LATER)
    assert village_of(LIUJIA[0]).name == "柳家"


def test_confirmed_question_keeps_the_village_under_its_new_code() -> None:
    load(SMALL)
    village = village_of(LIUJIA[0])
    load(changed(LIUJIA, code="210213022299"), LATER, same=["210213022299"])
    codes = list(village.codes.order_by("since").values_list("code", "since", "until"))
    assert codes == [(LIUJIA[0], FIRST, LATER), ("210213022299", LATER, None)]
    assert Village.objects.count() == 4


def test_denied_question_makes_a_new_village_and_retires_the_old() -> None:
    load(SMALL)
    old = village_of(LIUJIA[0])
    load(changed(LIUJIA, code="210213022299"), LATER, separate=["210213022299"])
    old.refresh_from_db()
    assert old.retired_on == LATER
    assert village_of("210213022299") != old


def test_swapped_codes_are_asked_and_follow_the_names() -> None:
    load(SMALL)
    liujia, zhaojia = village_of(LIUJIA[0]), village_of(ZHAOJIA[0])
    swapped = [
        *without(LIUJIA, ZHAOJIA),
        (ZHAOJIA[0], *LIUJIA[1:]),
        (LIUJIA[0], *ZHAOJIA[1:]),
    ]
    assert len(plan_import(parse(as_csv(swapped)).lines).unanswered) == 2
    load(swapped, LATER, same=[LIUJIA[0], ZHAOJIA[0]])
    on = LATER
    assert liujia.codes.on(on).get().code == ZHAOJIA[0]
    assert zhaojia.codes.on(on).get().code == LIUJIA[0]


def test_moved_village_belongs_to_each_township_in_its_time() -> None:
    load(SMALL)
    village = village_of(LIUJIA[0])
    plan = load(changed(LIUJIA, parent_code=XIANGYING[0]), LATER)
    assert plan.counts()["moved"] == 1
    assert village.township_on(date(2024, 6, 30)).name == "华家街道"  # type: ignore[union-attr]
    assert village.township_on(LATER).name == "向应街道"  # type: ignore[union-attr]
    assert village.area_on(LATER).township.name == "向应街道"  # type: ignore[union-attr]


def test_moved_township_takes_its_villages_along() -> None:
    load(SMALL)
    village = village_of(LIUJIA[0])
    load(changed(HUAJIA, parent_code="210224"), LATER)
    assert village.county_on(date(2024, 6, 30)).name == "金普新区"  # type: ignore[union-attr]
    assert village.county_on(LATER).name == "长海县"  # type: ignore[union-attr]
    assert village.area_on(LATER).county.name == "长海县"  # type: ignore[union-attr]
    assert DivisionLink.objects.filter(child__name="华家街道").count() == 2


def test_retired_village_that_comes_back_is_the_same_village() -> None:
    load(SMALL)
    village = village_of(LIUJIA[0])
    load(without(LIUJIA), LATER)
    plan = load(SMALL, date(2025, 1, 1))
    assert plan.counts()["returned"] == 1
    village.refresh_from_db()
    assert village.retired_on is None
    assert village.township_on(date(2025, 1, 1)).name == "华家街道"  # type: ignore[union-attr]


def test_merged_village_points_to_its_successor() -> None:
    load(SMALL)
    old = village_of(LIUJIA[0])
    head = ("code", "name", "name_en", "level", "parent_code", "adcode", "kind", "并入代码")
    rows = [(*row, ZHAOJIA[0] if row == LIUJIA else "") for row in SMALL]
    load(as_csv(rows, head=head), LATER)
    old.refresh_from_db()
    assert (old.retired_on, old.successor) == (LATER, village_of(ZHAOJIA[0]))


def test_committees_that_do_not_count_are_left_out() -> None:
    load(SMALL)
    head = ("统计代码", "名称", "英文名", "级别", "上级代码", "行政区划代码", "类型", "纳入统计")
    rows = [(*row, "否" if row == LIUJIA else "是") for row in SMALL]
    parsed = parse(as_csv(rows, head=head))
    assert parsed.uncounted == 1
    load(as_csv(rows, head=head), LATER)
    assert village_of(LIUJIA[0]).retired_on == LATER


def test_attributes_of_the_file_update_and_missing_columns_leave_them() -> None:
    load(SMALL)
    head = ("区市县", "乡镇街道", "村", "代码", "沿海", "户数")
    flat = [("长海县", "大长山岛镇", "小盐场村民委员会", HARBOUR[0], "是", "1,204")]
    plan = load(as_csv(flat, head=head), LATER)
    assert plan.counts()["updated"] == 1
    load(SMALL, date(2025, 1, 1))
    village = village_of(HARBOUR[0])
    assert (village.coast, village.households) == (True, 1204)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_any_encoding(encoding: str) -> None:
    parsed = parse(as_csv(SMALL, encoding))
    assert [line.name for line in parsed.lines][-1] == "小盐场村委会"
    assert not parsed.errors


def test_excel_with_numbers_as_codes_and_a_title_line_is_read() -> None:
    head = ("区市县", "乡镇（街道）", "村（社区）", "统计代码", "人口")
    parsed = parse(as_xlsx([("金普新区", "华家街道", "柳家村委会", 210213022201, 812)], head))
    line = parsed.lines[-1]
    assert (line.code, line.attributes["population"]) == ("210213022201", 812)
    assert not parsed.errors


def test_errors_name_row_and_column_and_nothing_is_imported(tmp_path: Path) -> None:
    rows = [
        *SMALL,
        ("210213022201", "柳家二村委会", "", "village", "210213022", "", ""),
        ("210213022300", "", "", "village", "210213022", "", ""),
        ("210213022301", "无上级村委会", "", "village", "999", "", ""),
        ("210213022302", "错级村委会", "", "hamlet", "210213022", "", ""),
        ("210213022303", "柳家村民委员会", "", "village", "210213022", "", ""),
        ("210213022304", "越级村委会", "", "village", "210213", "", ""),
    ]
    errors = {(error.row, error.column) for error in parse(as_csv(rows)).errors}
    assert {(12, "code"), (13, "name"), (14, "parent_code"), (15, "level"), (17, "parent_code")} <= errors
    assert 16 in {row for row, _column in errors}
    file = tmp_path / "registry.csv"
    file.write_bytes(as_csv(rows))
    with pytest.raises(CommandError, match="errors"):
        call_command("import_registry", file, stdout=StringIO(), stderr=StringIO())
    assert not Division.objects.exists()


def test_cells_that_are_no_yes_no_or_number_are_named() -> None:
    head = ("区市县", "乡镇街道", "村", "代码", "沿海", "户数")
    parsed = parse(as_csv([("金普新区", "华家街道", "柳家村委会", "1", "也许", "很多")], head=head))
    assert [(error.row, error.column) for error in parsed.errors] == [(2, "沿海"), (2, "户数")]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"PK\x03\x04broken", b"a,b,c\n1,2,3\n"])
def test_a_file_that_is_no_registry_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(content)


def test_a_failure_in_the_middle_leaves_nothing() -> None:
    load(SMALL)
    parsed = parse(as_csv([*SMALL, ("210213022204", "新村委会", "", "village", "210213022", "", "")]))
    plan = plan_import(parsed.lines)
    # Somebody takes the code between dry run and import.
    VillageCode.objects.create(
        village=Village.objects.create(name="抢先", official_name="抢先"), code="210213022204", since=FIRST
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        apply_plan(plan, on=LATER)
    assert not Village.objects.filter(name="新").exists()


def test_an_import_before_the_last_change_is_refused() -> None:
    load(SMALL)
    load(changed(LIUJIA, parent_code=XIANGYING[0]), LATER)
    with pytest.raises(RegistryRefused):
        load(SMALL, date(2023, 1, 1))


def test_dry_run_writes_nothing_and_confirm_answers(tmp_path: Path) -> None:
    file = tmp_path / "registry.csv"
    file.write_bytes(as_csv(SMALL))
    call_command("import_registry", file, "--dry-run", stdout=StringIO())
    assert not Village.objects.exists()
    call_command("import_registry", file, stdout=StringIO())
    file.write_bytes(as_csv(changed(LIUJIA, code="210213022299")))
    with pytest.raises(CommandError, match="--confirm"):
        call_command("import_registry", file, stdout=StringIO())
    call_command("import_registry", file, "--confirm", "210213022299", stdout=StringIO())
    assert village_of("210213022299") == village_of(LIUJIA[0])


@pytest.mark.parametrize(
    ("official", "name"),
    [
        ("柳家村委会", "柳家"),
        ("柳家村民委员会", "柳家"),
        ("石磊社区居委会", "石磊社区"),
        ("石磊社区居民委员会", "石磊社区"),
    ],
)
def test_display_name_drops_the_committee(official: str, name: str) -> None:
    assert display_name(official) == name


def test_shipped_names_repeat_but_never_inside_a_township() -> None:
    lines = [line for line in parse(SHIPPED.read_bytes()).lines if line.level == "village"]
    names = [line.display for line in lines]
    assert len({name for name in names if names.count(name) > 1}) == 58
    assert len({(line.parent, line.display) for line in lines}) == 853


def upload(client: Client, content: bytes) -> Any:
    return client.post(
        "/villages/registry/", {"file": SimpleUploadedFile("registry.csv", content)}, follow=True
    )


def test_page_shows_the_dry_run_and_imports_what_was_shown(
    sysadmin: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(sysadmin)
    page = upload(client, as_csv(SMALL, "gb18030"))
    assert not Village.objects.exists()
    assert page.context["counts"]["new"] == 10
    assert "并非" in client.get("/villages/registry/").content.decode()  # whose selection this is
    client.post(page.redirect_chain[-1][0], {"digest": page.context["plan"].digest()})
    assert Village.objects.count() == 4


@pytest.mark.parametrize(("ticked", "villages"), [(["210213022299"], 4), ([], 5)])
def test_page_asks_with_a_tick_per_question(
    ticked: list[str], villages: int, sysadmin: User, client_for: Callable[[User], Client]
) -> None:
    load(SMALL)
    client = client_for(sysadmin)
    page = upload(client, as_csv(changed(LIUJIA, code="210213022299")))
    assert 'value="210213022299"' in page.content.decode()
    client.post(page.redirect_chain[-1][0], {"digest": page.context["plan"].digest(), "same": ticked})
    assert Village.objects.count() == villages


def test_page_imports_nothing_when_the_registry_changed_after_the_dry_run(
    sysadmin: User, client_for: Callable[[User], Client]
) -> None:
    load(SMALL)
    client = client_for(sysadmin)
    page = upload(client, as_csv(changed(LIUJIA, name="新刘家村委会")))
    assert page.context["counts"]["renamed"] == 1
    Village.objects.filter(official_name=LIUJIA[1]).update(official_name="新刘家村委会")
    answer = client.post(page.redirect_chain[-1][0], {"digest": page.context["plan"].digest()})
    assert answer.status_code == 200  # the dry run again, with what would happen now
    assert answer.context["counts"]["renamed"] == 0
    assert not ImportFile.objects.exclude(applied_at=None).exists()


def test_page_shows_errors_by_row_and_column(hso: User, client_for: Callable[[User], Client]) -> None:
    bad = as_csv([*SMALL, ("210213022300", "", "", "village", "210213022", "", "")])
    page = upload(client_for(hso), bad)
    assert [(error.row, error.column) for error in page.context["errors"]] == [(12, "name")]
    unreadable = upload(client_for(hso), b"PK\x03\x04broken")
    assert unreadable.status_code == 200
