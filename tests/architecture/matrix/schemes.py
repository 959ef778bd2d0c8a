"""Rows of the permission matrix. Versions of a scheme, their editor, their files and examples."""

from tests.architecture.matrix.rows import (
    AUDITOR,
    CITY,
    DEPARTMENT,
    EVERYBODY,
    LEADERS,
    OFFICES,
    SENT,
    TOWNSHIPS,
    Row,
    post,
)

# A draft is for those who write it; a version that holds is also for those who are assessed by it.
DRAFT_READERS = CITY | DEPARTMENT | AUDITOR
HOLDING_READERS = DRAFT_READERS | OFFICES | TOWNSHIPS | LEADERS
READ = (
    ("scheme", {}), ("scheme_compare", {}), ("scheme_export", {"form": "xlsx"}), ("scheme_item", {"item": "A1-01"}),
    ("api_scheme", {}), ("api_scheme_export", {"form": "yaml"}),
)  # fmt: skip
EDITED = (
    ("scheme_edit", {}), ("scheme_aspect_new", {}), ("scheme_aspect", {"aspect": "A1"}), ("scheme_item_new", {}),
    ("scheme_item_edit", {"item": "A1-01"}),
)  # fmt: skip
SCHEMES = [
    Row("schemes", HOLDING_READERS),
    Row("api_schemes", EVERYBODY),
    *[Row(name, HOLDING_READERS, "scheme", kwargs=kwargs) for name, kwargs in READ],
    *[Row(name, DRAFT_READERS, "draft_scheme", kwargs=kwargs) for name, kwargs in READ],
    Row("scheme_import", CITY),
    post("scheme_import", CITY),
    Row("scheme_template", CITY),
    *[
        row
        for name, kwargs in EDITED
        for row in (
            Row(name, CITY, "draft_scheme", kwargs=kwargs),
            post(name, CITY, "draft_scheme", kwargs=kwargs),
        )
    ],
    post("scheme_aspect_step", CITY, "draft_scheme", kwargs={"aspect": "A1", "step": "move"}),
    post("scheme_item_step", CITY, "draft_scheme", kwargs={"item": "A1-01", "step": "move"}),
    # a head freezes; other staff of the office is told so
    *[
        row
        for step in ("copy", "freeze")
        for row in (
            Row("scheme_step", CITY, "draft_scheme", ok=SENT, kwargs={"step": step}, note=step),
            post("scheme_step", CITY, "draft_scheme", kwargs={"step": step}, note=step),
        )
    ],
    post("example_add", CITY, "draft_scheme", kwargs={"item": "A1-01"}),
    post("example_remove", CITY, "example"),
    Row("example_photo", EVERYBODY, "example", kwargs={"size": "small"}),
    Row("example_photo", DRAFT_READERS, "draft_example", kwargs={"size": "small"}, note="draft"),
]
