"""Rows of the permission matrix. Look-backs."""

from tests.architecture.matrix.rows import (
    API_ANSWER,
    CITY,
    EVERYBODY,
    INSPECTORS,
    ITS_OFFICIAL,
    LEADERS,
    NOBODY,
    OFFICES,
    ROUND_READERS,
    SECRET,
    TOWNSHIPS,
    Row,
    around,
    everywhere,
    post,
)

# A case is known to the list and, once revealed, to its team; what was claimed but never done also to whom it concerns.
CASE = everywhere(frozenset({"hso"}) | INSPECTORS)
CLAIMED = around(CITY, INSPECTORS, only=OFFICES | TOWNSHIPS | LEADERS | INSPECTORS)
CASES = (("case", CASE), ("claimed_case", CLAIMED))
INSPECTOR_OF = everywhere(INSPECTORS)
LOOK_BACKS = [
    Row("lookbacks", ROUND_READERS | TOWNSHIPS | INSPECTORS),
    Row("lookback", SECRET, "look_back"),
    Row("lookback", ROUND_READERS, "closed_look_back"),
    Row("lookback_draw", SECRET, "look_back"),
    post("lookback_draw", SECRET, "look_back"),
    Row("lookback_amend", SECRET, "look_back"),
    post("lookback_amend", SECRET, "look_back"),
    *[Row("lookback_case", who, kind) for kind, who in CASES],
    *[row("lookback_result", INSPECTOR_OF, kind) for kind, _ in CASES for row in (Row, post)],
    *[row("lookback_hear", ITS_OFFICIAL, "claimed_case") for row in (Row, post)],
    *[row("lookback_hear", NOBODY, "case") for row in (Row, post)],
    *[row("lookback_confirm", SECRET, "case") for row in (Row, post)],
    *[row("lookback_confirm", around(CITY, only=OFFICES), "claimed_case") for row in (Row, post)],
    *[row("lookback_give_up", CASE, "case") for row in (Row, post)],
    Row("lookback_photo", CLAIMED, "case_photo", ok=(200, 202), kwargs={"size": "small"}),
    Row("lookback_photo", NOBODY, "case_photo", kwargs={"size": "original"}, note="original"),
    Row("api_lookbacks", EVERYBODY),
    *[Row("api_lookback", who, kind) for kind, who in CASES],
    *[Row("api_lookback_result", who, kind, method="put", ok=API_ANSWER) for kind, who in CASES],
    *[post("api_lookback_hear", who, kind, ok=API_ANSWER) for kind, who in CASES],
    *[post("api_lookback_confirm", who, kind, ok=API_ANSWER) for kind, who in CASES],
]
