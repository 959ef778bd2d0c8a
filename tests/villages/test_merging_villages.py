"""A merged village is retired and points to the one it went into; a mistyped code merges nothing."""

from collections.abc import Callable

from django.test import Client

from accounts.models import User
from villages.models import Village

DAY = "2026-11-02"


def test_a_merge_is_shown_by_name_before_it_is_made(
    hso: User, village: Village, sibling_village: Village, client_for: Callable[[User], Client]
) -> None:
    client, url = client_for(hso), f"/villages/{village.pk}/merge/"
    asked = client.post(url, {"successor": "210213015201", "on": DAY})
    assert asked.status_code == 200
    text = asked.content.decode()
    assert sibling_village.official_name in text
    assert "向应街道" in text
    village.refresh_from_db()
    assert village.retired_on is None
    client.post(url, {"successor": "210213015201", "on": DAY, "confirmed": str(sibling_village.pk)})
    village.refresh_from_db()
    assert (str(village.retired_on), village.successor) == (DAY, sibling_village)


def test_another_code_than_the_confirmed_one_is_asked_again(
    hso: User,
    village: Village,
    sibling_village: Village,
    island_village: Village,
    client_for: Callable[[User], Client],
) -> None:
    form = {"successor": "210224100201", "on": DAY, "confirmed": str(sibling_village.pk)}
    asked = client_for(hso).post(f"/villages/{village.pk}/merge/", form)
    assert asked.context["successor"] == island_village
    village.refresh_from_db()
    assert village.retired_on is None
