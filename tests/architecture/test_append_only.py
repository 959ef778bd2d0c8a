"""Tables that may only be appended to are guarded by the database itself."""

import pytest
from django.apps import apps
from django.db import connection

from audit import triggers

STANDING = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def standing() -> set[str]:
    """Return the names of the triggers that stand."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING[connection.vendor])
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.engine
@pytest.mark.django_db
def test_every_declared_table_is_guarded() -> None:
    operations = {"UPDATE", "DELETE"} | ({"TRUNCATE"} if connection.vendor == "postgresql" else set())
    wanted = {guard.names[operation] for guard in triggers.guards() for operation in operations}
    assert wanted
    assert wanted - standing() == set()


def test_the_declarations_are_found() -> None:
    declared = {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}
    assert declared <= {guard.table for guard in triggers.guards()}


@pytest.mark.engine
@pytest.mark.django_db
def test_lifted_triggers_stand_again(lift_triggers: None) -> None:
    assert not {name for name in standing() if name.endswith("_no_update")}
    triggers.put_up(connection.alias)
    assert {name for name in standing() if name.endswith("_no_update")}
