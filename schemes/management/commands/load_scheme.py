from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from schemes.definition import DefinitionError
from schemes.models import Scheme, SchemeFrozen
from schemes.reading import parse
from schemes.wording import sentences
from schemes.yaml_form import LOADER

DATA = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    help = "Load a scoring scheme with its written standards; loading it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the two files; the shipped ones are the default."""
        parser.add_argument("--scheme", type=Path, default=DATA / "scheme_2023.yaml")
        parser.add_argument("--guidance", type=Path, default=DATA / "guidance.yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the files, then write them in one transaction."""
        try:
            definition = parse(read(options["scheme"]), read(options["guidance"]))
            scheme = Scheme.objects.load(definition)
        except DefinitionError as wrong:
            lines = "\n".join(sentences(wrong.faults))
            raise CommandError(f"The scheme does not add up:\n{lines}") from wrong
        except SchemeFrozen as frozen:
            raise CommandError(str(frozen)) from frozen
        if options["verbosity"]:
            self.stdout.write(f"{scheme}: {scheme.aspects.count()} aspects, {scheme.items.count()} items")


def read(path: Path) -> dict[str, Any]:
    """Return what a YAML file holds; libyaml reads the guidance ten times faster than Python."""
    data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return data
