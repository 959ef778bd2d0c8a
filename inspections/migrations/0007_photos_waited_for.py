"""Take the mark from photos that a finding shows, and index the photos that reports declare."""

from typing import Any

from django.db import migrations
from django.db.models import Exists, OuterRef

# which report declares a photo that has just arrived: JSON is indexed by PostgreSQL only
INDEX = """CREATE INDEX IF NOT EXISTS finding_awaits_photo
ON inspections_finding USING gin (declared_photos jsonb_path_ops)
WHERE state = 'reported'"""


def unpark(apps: Any, schema_editor: Any) -> None:
    """Take the mark from photos that a finding shows."""
    uses = apps.get_model("inspections", "PhotoUse").objects.filter(photo=OuterRef("pk"))
    apps.get_model("inspections", "Photo").objects.filter(Exists(uses)).update(parked=False)


def index(apps: Any, schema_editor: Any) -> None:
    """Create the index on PostgreSQL."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(INDEX)


def drop(apps: Any, schema_editor: Any) -> None:
    """Remove the index again."""
    schema_editor.execute("DROP INDEX IF EXISTS finding_awaits_photo")


class Migration(migrations.Migration):
    dependencies = [("inspections", "0006_teams_and_replanning")]

    operations = [
        migrations.RunPython(unpark, migrations.RunPython.noop),
        migrations.RunPython(index, drop),
    ]
