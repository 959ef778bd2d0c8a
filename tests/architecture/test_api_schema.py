"""The API describes itself without gaps: every address is in the schema, every set of choices has its own name."""

from pathlib import Path

from django.core.management import call_command


def test_the_schema_is_written_without_a_warning(tmp_path: Path) -> None:
    written = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(written))
    assert "/api/v1/findings/{id}/" in written.read_text(encoding="utf-8")
