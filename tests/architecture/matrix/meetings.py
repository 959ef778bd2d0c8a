"""Rows of the permission matrix. On-site meetings."""

from tests.architecture.matrix.rows import (
    AUDITOR,
    CITY,
    DEPARTMENT,
    EVERYBODY,
    GONE,
    INSPECTORS,
    KEPT,
    LEADERS,
    NOBODY,
    OFFICES,
    SECRET,
    SENT,
    TOWNSHIPS,
    Row,
    around,
    post,
)

# Held meetings are known around the street; a sealed one to its maker alone, not even to a colleague.
MEETING_READERS = OFFICES | TOWNSHIPS | INSPECTORS | LEADERS | AUDITOR | DEPARTMENT
MEETING = around(CITY, AUDITOR)
MEETING_DESKS = around(CITY, only=OFFICES | TOWNSHIPS)
MEETINGS = [
    Row("meetings", MEETING_READERS),
    Row("meeting_new", OFFICES),
    post("meeting_new", OFFICES),
    Row("meeting_change", KEPT, "meeting", ok=GONE),
    Row("meeting_change", SECRET, "sealed_meeting"),
    post("meeting_change", SECRET, "sealed_meeting"),
    *[
        Row(name, who, kind)
        for kind, who in (("meeting", MEETING), ("sealed_meeting", SECRET))
        for name in (
            "meeting",
            "meeting_slides",
            "meeting_pptx",
            "meeting_report",
            "meeting_word",
            "api_meeting",
        )
    ],
    Row("meeting_photo", MEETING, "meeting_photo", ok=(200, 202), kwargs={"size": "small"}),
    Row("meeting_step", MEETING_DESKS, "meeting", kwargs={"step": "decide"}, ok=SENT),
    post("meeting_step", MEETING_DESKS, "meeting", kwargs={"step": "decide"}),
    Row("meeting_step", SECRET, "sealed_meeting", kwargs={"step": "hold"}),
    post("meeting_step", SECRET, "sealed_meeting", kwargs={"step": "hold"}),
    Row("meeting_step", NOBODY, "meeting", kwargs={"step": "no-such-step"}, note="unknown"),
    Row("api_meetings", EVERYBODY),
]
