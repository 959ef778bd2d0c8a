"""Sessions in the database as Django keeps them; the row that every page reads is a prepared question."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from audit.prepared import Prepared

_LIVE: Prepared[Session] = Prepared(
    lambda key, at: Session.objects.filter(session_key=key, expire_date__gt=at), str, datetime
)


class SessionStore(db.SessionStore):
    """The session of one browser."""

    def _get_session_from_db(self) -> Any:
        """Return the row of a session that has not expired; without one there is no key any more."""
        row = _LIVE.first(self.session_key, timezone.now())
        if row is None:
            self._session_key = None
        return row
