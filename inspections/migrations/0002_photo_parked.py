"""Mark the photos that may still wait for their report, and index what reports wait for."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, OuterRef

# which report declares a photo that has just arrived: JSON is indexed by PostgreSQL only
INDEX = """CREATE INDEX finding_awaits_photo ON inspections_finding USING gin (declared_photos jsonb_path_ops)
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
    dependencies = [
        ("inspections", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="parked",
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(unpark, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="photo",
            index=models.Index(
                condition=models.Q(("parked", True)), fields=["uploader"], name="photo_parked"
            ),
        ),
        migrations.RunPython(index, drop),
    ]
