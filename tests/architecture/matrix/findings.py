"""Rows of the permission matrix. Findings: the ledger, recording, every step, photos, files, exports."""

from inspections.forms.steps import STEP_FORMS
from inspections.steps import STEPS, State
from tests.architecture.matrix.rows import (
    AUDITOR,
    CITY,
    ITS_OFFICIAL,
    LEADERS,
    NO_ORIGINAL,
    NOBODY,
    OFFICES,
    OPEN_FINDING,
    READERS,
    RECORDERS,
    REPORTED_FINDING,
    TOWNSHIPS,
    Row,
    everywhere,
    post,
    step,
)

# Every step, whoever may take it: its page and its form are open to whoever reads the finding. New ones come along.
OPEN_STEPS = ("rectify", *STEP_FORMS)
REPORTED_STEPS = [
    name for name in STEP_FORMS if name in STEPS and STEPS[name].states & {State.REPORTED, State.REJECTED}
]

FINDINGS = [
    Row("ledger", READERS),
    post("ledger_bulk", READERS),
    post("ledger_export", READERS),
    Row("ledger_print", READERS),
    Row("record", RECORDERS),
    post("record", RECORDERS),
    Row("record_villages", RECORDERS),
    Row("record_items", RECORDERS),
    Row("record_hints", RECORDERS),
    Row("stored", everywhere(frozenset({"inspector"})), "finding"),
    Row("stored", everywhere(frozenset({"agency"})), "reported"),
    Row("finding", OPEN_FINDING, "finding"),
    Row("finding", REPORTED_FINDING, "reported"),
    Row("rectify", OPEN_FINDING, "finding"),
    post("rectify", OPEN_FINDING, "finding"),
    Row("rectify", REPORTED_FINDING, "reported"),
    *[row for name in OPEN_STEPS for row in step(name, "finding", OPEN_FINDING)],
    *[row for name in REPORTED_STEPS for row in step(name, "reported", REPORTED_FINDING)],
    Row("finding_step", NOBODY, "finding", kwargs={"step": "no-such-step"}, note="unknown"),
    Row("desk", TOWNSHIPS),
    post("desk", TOWNSHIPS),
    Row("issue_queue", OFFICES),
    post("issue_queue", OFFICES),
    Row("deadline_rules", OFFICES),
    post("deadline_rules", OFFICES),
    Row("after_photo_rules", CITY),
    post("after_photo_rules", CITY),
    Row("milestones", OFFICES | TOWNSHIPS | LEADERS | AUDITOR),
    Row("requests", OFFICES),
    Row("instructions", OFFICES | LEADERS | AUDITOR),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "small"}),
    Row("photo_file", OPEN_FINDING, "photo", kwargs={"size": "large"}, note="large"),
    Row(
        "photo_file",
        OPEN_FINDING,
        "photo",
        kwargs={"size": "original"},
        forbidden=NO_ORIGINAL,
        note="original",
    ),
    Row("photo_file", REPORTED_FINDING, "reported_photo", kwargs={"size": "small"}),
    Row("photo_file", frozenset({"inspector"}), "parked_photo", kwargs={"size": "small"}, ok=(200, 202)),
    Row("finding_file", OPEN_FINDING, "file"),
    Row("finding_file", REPORTED_FINDING, "reported_file"),
    Row("exports", READERS),
    Row("export", ITS_OFFICIAL, "job"),
    Row("export", ITS_OFFICIAL, "ready_job"),
    Row("export_status", ITS_OFFICIAL, "ready_job"),
    Row("export_file", ITS_OFFICIAL, "ready_job"),
    Row("export_file", NOBODY, "job", note="unfinished"),
]
