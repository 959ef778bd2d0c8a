"""Rows of the permission matrix. Notices, home, search, the audit log, what belongs to the installation."""

from tests.architecture.matrix.rows import (
    AUDITOR,
    CITY,
    EVERYBODY,
    GONE,
    ITS_OFFICIAL,
    PAGE,
    SYSADMIN,
    Row,
    post,
)

OTHERS = [
    Row("notices", EVERYBODY),
    post("notices_read", EVERYBODY),
    Row("notice_open", ITS_OFFICIAL, "notice", ok=GONE),
    post("notice_read", ITS_OFFICIAL, "notice", ok=GONE),
    Row("audit", AUDITOR | SYSADMIN),
    Row("home", EVERYBODY),
    Row("search", EVERYBODY),
    Row("search_suggest", EVERYBODY),
    post("scope", EVERYBODY, ok=GONE),
    Row("about", EVERYBODY, anonymous=PAGE),
    post("about", EVERYBODY, anonymous=PAGE),
    Row("feedback", CITY | SYSADMIN),
    post("feedback_done", CITY | SYSADMIN, "feedback"),
    Row("healthz", EVERYBODY, anonymous=PAGE),
    Row("status", SYSADMIN),
]
