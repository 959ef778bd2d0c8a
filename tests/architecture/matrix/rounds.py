"""Rows of the permission matrix. Rounds, draws, plans."""

from tests.architecture.matrix.rows import (
    API_ANSWER,
    EVERYBODY,
    NOBODY,
    OFFICES,
    ROUND_READERS,
    SECRET,
    Row,
    post,
)

# A round is for the people on its list alone until it is closed; its commitment is public from the reveal on.
ROUND_PAGES = ("round", "draw", "round_plan", "round_progress", "api_round", "api_round_plan")
PLANNERS_PAGES = (
    "round_change", "round_readers", "round_teams", "round_freeze", "round_mix", "round_open", "round_close",
    "round_amend",
)  # fmt: skip
ROUNDS = [
    Row("rounds", ROUND_READERS),
    Row("round_new", OFFICES),
    post("round_new", OFFICES),
    Row("commitments", EVERYBODY),
    *[Row(name, SECRET, kind) for kind in ("planned_round", "running_round") for name in ROUND_PAGES],
    *[Row(name, ROUND_READERS, "closed_round") for name in ROUND_PAGES],
    *[
        row
        for kind in ("planned_round", "running_round", "closed_round")
        for name in PLANNERS_PAGES
        for row in (Row(name, SECRET, kind), post(name, SECRET, kind))
    ],
    Row("draw_receipt", SECRET, "running_draw"),
    Row("draw_receipt", SECRET, "closed_draw"),
    Row("draw_package", NOBODY, "running_round"),
    Row("draw_package", EVERYBODY, "closed_round"),
    Row("planned_miss", SECRET, "planned_visit"),
    post("planned_miss", SECRET, "planned_visit"),
    Row("api_rounds", EVERYBODY),
    Row("api_draws", EVERYBODY),
    *[
        post("api_round_step", SECRET, kind, ok=API_ANSWER, kwargs={"step": step}, note=step)
        for kind in ("running_round", "closed_round")
        for step in ("freeze", "mix", "open", "amend", "miss", "close")
    ],
    post("api_round_step", NOBODY, "running_round", kwargs={"step": "no-such-step"}, note="unknown"),
]
