"""A draw is promised before its number falls, and anyone can recompute it afterwards, without us."""

import ast
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from inspections import draws, verification
from inspections.draw_messages import FOUND, REFUSALS, difference, refusal
from inspections.draws import Infeasible, Place, Team, Wishes
from tests.inspections.drawing import NUMBER, SEED, days, places, teams, wishes

LOTTERY, FALLS_ON = "双色球第 2026031 期", "2026-03-19"
HERE = Path(__file__).parent

WISHES = Wishes(
    (
        *places(("金普新区", "t1", 9), ("金普新区", "t2", 6), ("长海县", "t3", 5)),
        Place("末位", "t3", "长海县", again=True),
    ),
    teams("a", "b", b=("长海县",)),
    days(3),
    4,
    "sample",
    per_township=4,
    previous_pairs=((("a1", "a0"), "t1"),),
)


def drawn(number: int = 1, wanted: Wishes = WISHES, seed: bytes = SEED, reason: str = "") -> dict[str, Any]:
    """Return a draw as a round has stored it."""
    sealed = draws.seed_hash(seed)
    return verification.record(
        wishes_json=draws.canonical(wanted), round_id="round-3", number=number, reason=reason, seed_sha256=sealed,
        commitment=draws.commitment(wanted, sealed, "round-3", number, LOTTERY, FALLS_ON), seed=seed,
        public_number_name=LOTTERY, public_number_falls_on=FALLS_ON, public_number=NUMBER,
        plan=draws.draw(wanted, seed, NUMBER),
    )  # fmt: skip


def two_draws() -> list[dict[str, Any]]:
    return [drawn(), drawn(2, seed=SEED[::-1], reason="名单有误，重新抽取")]


def found(records: list[dict[str, Any]]) -> set[tuple[int, str]]:
    return {(one.draw, one.what) for one in draws.verify(verification.data(records, {}))}


# --- the promise -----------------------------------------------------------------------------------------------------


def promise(wanted: Wishes, **more: Any) -> str:
    given = {
        "seed_sha256": draws.seed_hash(SEED), "round_id": "r", "number": 1,
        "public_number_name": LOTTERY, "public_number_falls_on": FALLS_ON,
    }  # fmt: skip
    return draws.commitment(wanted, **{**given, **more})


@given(wishes(), st.data())
def test_any_change_of_the_list_changes_the_commitment(wanted: Wishes, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(wanted.places))
    others = [one for one in wanted.places if one != place]
    team, *more = wanted.teams
    for name, value in {
        "places": [
            others,
            [*wanted.places, Place("new", place.township, place.unit)],
            *([*others, replace(place, **change)] for change in changes(place)),
        ],
        "teams": [
            more,
            [*more, Team(team.id, (*team.members, "new"), team.barred_units)],
            [*more, Team(team.id, team.members, (*team.barred_units, "new"))],
        ],
        "days": [wanted.days[1:], [*wanted.days, "2026-04-01"]],
        "per_day": [wanted.per_day + 1],
        "previous_pairs": [[*wanted.previous_pairs, (("x", "y"), "t")]],
    }.items():
        for changed in value:
            other = Wishes(**{**vars(wanted), name: tuple(changed) if name != "per_day" else changed})
            assert promise(other) != promise(wanted)


def changes(place: Place) -> list[dict[str, Any]]:
    return [
        {"id": "other"}, {"township": "elsewhere"}, {"weight": place.weight + 1},
        {"again": not place.again}, {"rested": not place.rested},
    ]  # fmt: skip


def test_the_promise_covers_all_that_is_named_with_it() -> None:
    promises = {
        promise(WISHES), promise(WISHES, seed_sha256=draws.seed_hash(SEED[::-1])), promise(WISHES, round_id="s"),
        promise(WISHES, number=2), promise(WISHES, public_number_name="大乐透"),
        promise(WISHES, public_number_falls_on="2026-03-20"),
        promise(replace(WISHES, per_township=3)), promise(replace(WISHES, per_township=None, total=4)),
        promise(replace(WISHES, per_township=None, coverage="full")),
    }  # fmt: skip
    assert len(promises) == 9


def test_canonical_form_is_json_with_sorted_keys_and_no_spaces() -> None:
    form = draws.canonical(WISHES).decode()
    assert form == json.dumps(json.loads(form), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert "长海县" in form
    assert [place["id"] for place in json.loads(form)["places"]] == sorted(
        place.id for place in WISHES.places
    )


@pytest.mark.parametrize(
    "change",
    [
        {"per_day": 0}, {"per_day": True}, {"coverage": "some"}, {"per_township": None}, {"total": 3},
        {"per_township": 0}, {"coverage": "full"}, {"days": ("2026-03-01", "2026-03-01")}, {"days": ("1.3.2026",)},
        {"days": ("20260301",)}, {"places": (Place("a", "t", "u"), Place("a", "t", "u"))},
        {"places": (Place("a", "t", "u"), Place("b", "t", "v"))}, {"places": (Place("", "t", "u"),)},
        {"teams": teams("a", "a")}, {"teams": teams("")},
    ],
)  # fmt: skip
def test_what_is_no_wish_at_all_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(WISHES, **change)


@pytest.mark.parametrize("weight", [0, -1, 1.5, True, 1_000_001])
def test_weight_is_a_small_whole_number(weight: Any) -> None:
    with pytest.raises(ValueError, match="weight"):
        Place("a", "t", "u", weight)


def test_a_seed_has_32_bytes() -> None:
    for trial in (draws.seed_hash, lambda seed: draws.draw(WISHES, seed, NUMBER)):
        with pytest.raises(ValueError, match="32 bytes"):
            trial(b"short")


# --- what stands in the way ------------------------------------------------------------------------------------------

U = places(("u", "t", 4))
RESTED = places(("u", "t", 2), rested=True)
IN_THE_WAY = {
    "no_places": (Wishes((), teams("a"), days(1), 9), {}),
    "no_teams": (Wishes(U, (), days(1), 9), {}),
    "no_days": (Wishes(U, teams("a"), (), 9), {}),
    "pair": (Wishes(U, (Team("a", ("王", "王")),), days(1), 9), {"team": "a"}),
    "sample_too_big": (Wishes(U, teams("a"), days(1), 9, "sample", total=5), {"wanted": 5, "places": 4}),
    "empty_township": (
        Wishes(RESTED, teams("a"), days(1), 9, "sample", per_township=1), {"township": "t", "wanted": 1},
    ),
    "rested": (
        Wishes((*RESTED, Place("x", "t", "u")), teams("a"), days(1), 9, "sample", total=2), {"wanted": 2, "left": 1},
    ),
    "rested_in": (
        Wishes((*RESTED, Place("x", "t", "u")), teams("a"), days(1), 9, "sample", per_township=2),
        {"township": "t", "wanted": 2, "left": 1},
    ),
    "capacity": (Wishes(U, teams("a"), days(1), 3), {"needed": 4, "available": 3}),
    "own_unit": (
        Wishes((*U, *places(("v", "s", 1))), teams("a", "b", a=("u",)), days(1), 3),
        {"units": ["u"], "needed": 4, "available": 3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_wishes_that_cannot_be_met_name_the_rule_in_the_way(case: str) -> None:
    wanted, facts = IN_THE_WAY[case]
    for trial in (draws.check, lambda wanted: draws.draw(wanted, SEED, NUMBER)):
        with pytest.raises(Infeasible) as refused:
            trial(wanted)
        assert refused.value.rule == case.removesuffix("_in")
        assert refused.value.facts == facts
    with translation.override("zh-hans"):
        sentence = refusal(refused.value, {"t": "杏树屯街道", "a": "第一组", "u": "金州区"})
    assert sentence.isascii() is False
    assert "%" not in sentence
    for name, called in {"t": "杏树屯街道", "a": "第一组", "u": "金州区"}.items():
        assert (called in sentence) == (
            name in (facts.get("township"), facts.get("team"), *facts.get("units", ()))
        )


def test_sample_too_big_for_every_township_is_refused_but_small_ones_are_visited_whole() -> None:
    wanted = Wishes((*U, *places(("u", "s", 1))), teams("a"), days(1), 9, "sample", per_township=4)
    assert len(draws.draw(wanted, SEED, NUMBER).visits) == 5
    with pytest.raises(Infeasible) as refused:
        draws.check(replace(wanted, per_township=5))
    assert refused.value.facts == {"wanted": 5, "places": 4}


def test_every_rule_and_difference_has_its_sentence() -> None:
    assert (
        set(draws.RULES)
        == {key.removesuffix("_in") for key in REFUSALS}
        == {k.removesuffix("_in") for k in IN_THE_WAY}
    )
    assert set(draws.DIFFERENCES) == {key.removesuffix("_repeat") for key in FOUND}
    script = (Path(verification.__file__).parent / "verify.py").read_text(encoding="utf-8")
    assert all(f'"{what}": "' in script for what in draws.DIFFERENCES)


# --- what anyone can recompute ---------------------------------------------------------------------------------------


def swap_a_village(record: dict[str, Any]) -> None:
    record["visits"][0]["place"] = next(p.id for p in WISHES.places if p.id not in str(record["visits"]))


def swap_two_teams(record: dict[str, Any]) -> None:
    record["visits"][0]["team"] = "b" if record["visits"][0]["team"] == "a" else "a"


def move_a_day(record: dict[str, Any]) -> None:
    record["visits"][0]["day"] = record["visits"][-1]["day"]


def send_another_pair(record: dict[str, Any]) -> None:
    record["visits"][0]["pair"] = ["x", "y"]


def leave_a_visit_out(record: dict[str, Any]) -> None:
    record["visits"].pop()


def publish_a_visit_twice(record: dict[str, Any]) -> None:
    record["visits"].append(record["visits"][0])


def change_the_seed(record: dict[str, Any]) -> None:
    record["seed"] = SEED[1:].hex() + "ff"


def change_seed_and_hash(record: dict[str, Any]) -> None:
    change_the_seed(record)
    record["seed_sha256"] = draws.seed_hash(bytes.fromhex(record["seed"]))


def change_the_number(record: dict[str, Any]) -> None:
    record["public_number"] = "01 02 03 04 05 06 + 07"


def name_another_number(record: dict[str, Any]) -> None:
    record["public_number_name"] = "大乐透"


def change_a_weight(record: dict[str, Any]) -> None:
    record["wishes"]["places"][0]["weight"] += 1


def exchange_a_listed_village(record: dict[str, Any]) -> None:
    record["wishes"]["places"][0]["id"] = "other"


def lift_a_bar(record: dict[str, Any]) -> None:
    record["wishes"]["teams"][1]["barred_units"] = []


def drop_the_list(record: dict[str, Any]) -> None:
    del record["wishes"]["places"]


def ask_for_too_much(record: dict[str, Any]) -> None:
    record["wishes"]["per_day"] = 1


TAMPERING: dict[Callable[[dict[str, Any]], None], set[str]] = {
    swap_a_village: {"visits"},
    swap_two_teams: {"visits"},
    move_a_day: {"visits"},
    send_another_pair: {"visits"},
    leave_a_visit_out: {"visits"},
    publish_a_visit_twice: {"visits"},
    change_the_seed: {"seed", "visits"},
    change_seed_and_hash: {"commitment", "visits"},
    change_the_number: {"visits"},
    name_another_number: {"commitment"},
    change_a_weight: {"commitment", "visits"},
    exchange_a_listed_village: {"commitment", "visits"},
    lift_a_bar: {"commitment", "visits"},
    drop_the_list: {"malformed"},
    ask_for_too_much: {"commitment", "infeasible"},
}


@pytest.mark.parametrize("tamper", TAMPERING)
def test_tampering_is_found_and_told(tamper: Callable[[dict[str, Any]], None]) -> None:
    records = two_draws()
    tamper(records[0])
    assert found(records) == {(1, what) for what in TAMPERING[tamper]}
    for one in draws.verify(verification.data(records, {})):
        with translation.override("zh-hans"):
            assert difference(one).startswith("第 1 次抽取：")
            assert "%" not in difference(one)


def test_honest_draws_and_the_order_of_driving_are_confirmed() -> None:
    records = two_draws()
    for visit in records[0]["visits"]:
        visit["order"] = 100 - visit["order"]
    assert found(records) == set()


@given(wishes())
def test_every_draw_is_confirmed_after_a_journey_through_json(wanted: Wishes) -> None:
    try:
        record = drawn(wanted=wanted)
    except Infeasible:
        return
    assert draws.verify(json.loads(json.dumps(verification.data([record], {})))) == []


def test_draws_left_out_and_draws_of_another_round_are_found() -> None:
    first, second = two_draws()
    assert found([second]) == {(0, "numbering")}
    assert found([first, {**second, "number": 3}]) >= {(0, "numbering")}
    assert found([first, {**second, "round": "round-2"}]) == {(0, "numbering"), (2, "commitment")}
    assert found([]) == {(0, "numbering")}


def test_draw_replaced_before_its_number_fell_is_confirmed_only_without_visits() -> None:
    first, second = two_draws()
    assert found([{**first, "public_number": None, "visits": []}, second]) == set()
    assert found([{**first, "public_number": None}, second]) == {(1, "visits")}


def test_draw_under_its_seal_says_so() -> None:
    assert found([{**drawn(), "seed": None}]) == {(1, "sealed")}


@pytest.mark.parametrize("data", [{}, [], {"draws": 3}, {"draws": [3]}, {"draws": [{}]}, None])
def test_data_of_another_kind_is_malformed(data: Any) -> None:
    assert [one.what for one in draws.verify(data)] == ["malformed"]


# --- the package -----------------------------------------------------------------------------------------------------


def unpacked(records: list[dict[str, Any]], folder: Path) -> Path:
    content = verification.package(records, {"names": {"末位": "末位村"}})
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    return folder


def run(folder: Path, *receipts: str) -> tuple[int, str]:
    """Run the script as an outsider does: nothing of ours on the path, from another folder."""
    (folder / "elsewhere").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), *receipts],
        cwd=folder / "elsewhere", env={}, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_package_confirms_the_draws_outside_of_the_product(tmp_path: Path) -> None:
    records = two_draws()
    folder = unpacked(records, tmp_path)
    assert run(folder, records[0]["commitment"])[0] == 0
    code, said = run(folder)
    assert code == 0, said
    for word in ("OK", records[1]["commitment"], LOTTERY, NUMBER, "名单有误，重新抽取"):
        assert word in said


def test_package_knows_a_commitment_that_was_never_made(tmp_path: Path) -> None:
    code, said = run(unpacked(two_draws(), tmp_path), "ab" * 32)
    assert (code, "receipt" in said) == (1, True)


@pytest.mark.parametrize(
    "tamper", [swap_a_village, change_the_seed, change_the_number, change_a_weight, drop_the_list]
)
def test_package_finds_tampering(tamper: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    folder = unpacked(two_draws(), tmp_path)
    data = json.loads((folder / "data.json").read_text())
    tamper(data["draws"][0])
    (folder / "data.json").write_text(json.dumps(data))
    code, said = run(folder)
    assert code == 1, said
    assert "Traceback" not in said
    assert "NOT CONFIRMED" in said


def test_package_refuses_what_is_no_data(tmp_path: Path) -> None:
    folder = unpacked(two_draws(), tmp_path)
    for content in ("", "[3]", "{}"):
        (folder / "data.json").write_text(content)
        code, said = run(folder)
        assert (code, "Traceback" in said) == (1, False)


def test_package_is_the_same_each_time_and_holds_the_rule() -> None:
    records = two_draws()
    content = verification.package(deepcopy(records)[::-1], {})
    assert content == verification.package(records, {})
    archive = zipfile.ZipFile(io.BytesIO(content))
    for name in ("RULE.zh.md", "RULE.en.md"):
        assert "dalian-rural-draw-1" in archive.read(name).decode()
    assert archive.read("inspections/draws.py") == Path(draws.__file__).read_bytes()


def test_package_needs_only_the_standard_library_of_python_3_8() -> None:
    archive = zipfile.ZipFile(io.BytesIO(verification.package([], {})))
    for name in archive.namelist():
        if name.endswith(".py"):
            tree = ast.parse(archive.read(name), feature_version=(3, 8))
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                    assert str(module).split(".")[0] in {*sys.stdlib_module_names, "inspections"}


def test_draws_of_the_first_format_are_confirmed_for_ever() -> None:
    """The file was drawn when the format was made. Whoever changes what it gives needs a new FORMAT beside the old."""
    data = json.loads((HERE / "draw_format_1.json").read_text(encoding="utf-8"))
    assert draws.verify(data) == []
