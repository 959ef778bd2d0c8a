"""Villages, divisions and responsibilities over the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.cast import make_village
from villages.models import Area, Division, Village

Browser = Callable[[User], Client]


def test_villages_carry_code_places_and_attributes(
    huajia_official: User, village: Village, client_for: Browser
) -> None:
    body = client_for(huajia_official).get("/api/v1/villages/").json()
    assert body["count"] == 1
    row = body["results"][0]
    assert (row["name"], row["code"]) == ("柳家", "210213014201")
    assert row["township"]["name"] == "华家街道"
    assert row["county"]["name"] == "金普新区"
    assert row["attributes"]["farmland"] is True


def test_villages_are_found_by_name_code_and_place(
    hso: User, village: Village, sibling_village: Village, huajia: Division, client_for: Browser
) -> None:
    client = client_for(hso)
    for query in ("search=柳家", "search=210213014", f"township={huajia.pk}", "search=华家 柳"):
        names = [row["name"] for row in client.get(f"/api/v1/villages/?{query}").json()["results"]]
        assert names == ["柳家"]


def without_reference(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "reference"}


def test_a_village_out_of_scope_answers_like_one_that_does_not_exist(
    xiangying_official: User, village: Village, client_for: Browser
) -> None:
    client = client_for(xiangying_official)
    strange = client.get(f"/api/v1/villages/{village.pk}/")
    missing = client.get("/api/v1/villages/00000000-0000-4000-8000-000000000000/")
    assert strange.status_code == missing.status_code == 404
    assert without_reference(strange.json()) == without_reference(missing.json())


def test_responsibilities_and_divisions_are_scoped(
    huajia_official: User,
    xiangying_official: User,
    village_leader: User,
    xiangying: Division,
    client_for: Browser,
) -> None:
    rows = client_for(huajia_official).get("/api/v1/responsibilities/").json()
    assert [row["person"]["name"] for row in rows["results"]] == ["冯远"]
    assert client_for(xiangying_official).get("/api/v1/responsibilities/").json()["count"] == 0
    names = [
        row["name"] for row in client_for(xiangying_official).get("/api/v1/divisions/").json()["results"]
    ]
    assert names == ["向应街道"]


@pytest.mark.parametrize("size", [10, 100])
def test_villages_take_as_many_queries_for_more_rows(
    size: int,
    huajia: Division,
    area: Area,
    hso: User,
    client_for: Browser,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(size):
        make_village(f"村{number}", huajia, f"2102130143{number:03}", area)
    client = client_for(hso)
    with django_assert_max_num_queries(6):
        assert client.get("/api/v1/villages/").json()["count"] == size
