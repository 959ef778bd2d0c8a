"""Rows of the permission matrix. Visits and their sheets."""

from tests.architecture.matrix.rows import (
    API_ANSWER,
    AUDITOR,
    CITY,
    EVERYBODY,
    GONE,
    INSPECTORS,
    NOBODY,
    OFFICES,
    RECORDED,
    RECORDERS,
    ROUND_READERS,
    TOWNSHIPS,
    Row,
    around,
    everywhere,
    post,
)

# A visit is read by its inspector, his agency and the office; by the inspected side once it is released.
VISIT = around(CITY, AUDITOR, frozenset({"inspector"}))
AGENCY_VISIT = everywhere(CITY | {"agency"})
BEGUN_VISIT = everywhere(frozenset({"inspector"}))
VISITS = [
    Row("visits", ROUND_READERS | TOWNSHIPS | INSPECTORS),
    Row("visit_new", RECORDERS),
    post("visit_new", RECORDERS),
    *[row("visit_miss", everywhere(INSPECTORS), "stop") for row in (Row, post)],
    Row("visit", VISIT, "visit"),
    Row("visit", AGENCY_VISIT, "agency_visit"),
    Row("visit", BEGUN_VISIT, "begun_visit", ok=GONE),
    Row("visit_sheet", BEGUN_VISIT, "begun_visit"),
    post("visit_sheet", BEGUN_VISIT, "begun_visit"),
    Row("visit_sheet", BEGUN_VISIT, "visit", ok=GONE),
    post("visit_sheet", BEGUN_VISIT, "visit"),
    *[row("visit_correct", everywhere(CITY), "visit") for row in (Row, post)],
    *[row("visit_correct", AGENCY_VISIT, "agency_visit") for row in (Row, post)],
    *[row("visit_correct", NOBODY, "begun_visit") for row in (Row, post)],
    post("visit_release", around(CITY, only=OFFICES), "visit"),
    post("visit_release", everywhere(CITY), "agency_visit"),
    Row("rechecks", CITY | INSPECTORS),
    post("rechecks", CITY | INSPECTORS),
    Row("recheck", NOBODY, "drawn"),
    Row("recheck", everywhere(CITY | {"inspector"}), "compared"),
    post("recheck_begin", everywhere(frozenset({"hso", "inspector"})), "drawn"),
    Row("api_visits", EVERYBODY),
    Row("api_visits_today", EVERYBODY),
    *[
        row
        for kind, who in (("visit", VISIT), ("agency_visit", AGENCY_VISIT), ("begun_visit", BEGUN_VISIT))
        for row in (
            Row("api_visit", who, kind),
            post("api_visit_correct", who, kind, ok=API_ANSWER),
            post("api_visit_release", who, kind, ok=API_ANSWER),
        )
    ],
    # an empty sheet is wrong before anybody looks whose it is
    Row("api_visit", EVERYBODY, "visit", method="put", ok=(400,)),
    post("api_visit_begin", RECORDED, "new", ok=(201,), refused=403, data={"village": "@village"}),
    post(
        "api_visit_begin", BEGUN_VISIT, "begun_visit", refused=409, data={"village": "@village"}, note="taken"
    ),
    post("api_visit_miss", everywhere(INSPECTORS), "stop", ok=API_ANSWER),
]
