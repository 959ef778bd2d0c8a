"""In which order the places of a day are driven."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from inspections.routes import Stop, order

degrees = st.one_of(st.none(), st.integers(-60, 60))
stops = st.lists(
    st.builds(Stop, st.integers(0, 99).map(str), st.sampled_from("abc"), degrees, degrees),
    unique_by=lambda stop: stop.id,
    max_size=12,
)


@given(stops, st.randoms(use_true_random=False))
def test_route_has_every_stop_once_however_they_are_listed(day: list[Stop], shuffle) -> None:
    route = order(day)
    assert sorted(route) == sorted(stop.id for stop in day)
    assert order(shuffle.sample(day, len(day))) == route


def test_next_stop_is_the_nearest_one_left() -> None:
    row = [
        Stop(name, "a", 39.0, 121.0 + east)
        for name, east in zip("abcde", (0, 0.1, 0.25, 0.5, 1), strict=True)
    ]
    for listed in permutations(row):
        assert order(listed) == ["a", "b", "c", "d", "e"]
    assert order(row, start=(39.0, 122.1)) == ["e", "d", "c", "b", "a"]


def test_degrees_of_longitude_are_shorter_in_the_north() -> None:
    """At 39° north, 0.12° to the east is nearer than 0.1° to the north."""
    assert order(
        [Stop("1", "a", 39.0, 121.0), Stop("2", "a", 39.1, 121.0), Stop("3", "a", 39.0, 121.12)]
    ) == list("132")


def test_stops_without_a_position_follow_their_township() -> None:
    day = [
        Stop("lost in a", "a"),
        Stop("west", "b", 39.0, 121.0),
        Stop("middle", "a", 39.0, 121.1),
        Stop("east", "b", 39.0, 121.3),
        Stop("half", "a", None, 121.5),
        Stop("lost in c", "c"),
        Stop("lost in c too", "c"),
    ]
    assert order(day, (39.0, 120.9)) == [
        "west",
        "middle",
        "half",
        "lost in a",
        "east",
        "lost in c",
        "lost in c too",
    ]


def test_places_without_positions_are_driven_township_by_township() -> None:
    assert order([Stop("3", "a"), Stop("1", "b"), Stop("2", "a"), Stop("0", "b")]) == ["2", "3", "0", "1"]


def test_a_position_on_the_equator_and_zero_meridian_is_a_position() -> None:
    assert order([Stop("zero", "z", 0, 0), Stop("lost", "a")]) == ["zero", "lost"]


def test_a_day_without_visits_has_no_route() -> None:
    assert order([]) == []
