from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from villages.reconcile import Plan
from villages.registry import Parsed, parse
from villages.registry_import import RegistryRefused, apply_plan, default_day, plan_import
from villages.spreadsheet import Unreadable

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "dalian_registry.csv"


class Command(BaseCommand):
    help = "Import a registry of units, townships and villages (CSV or Excel): all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the file, the answers and the day."""
        parser.add_argument(
            "file", nargs="?", type=Path, default=SHIPPED, help="default: the shipped registry"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--confirm", nargs="*", default=[], metavar="CODE", help="same village, new code")
        parser.add_argument(
            "--separate", nargs="*", default=[], metavar="CODE", help="another village of that name"
        )
        parser.add_argument("--on", type=date.fromisoformat, help="from which day it holds (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the plan and, unless it is a dry run, carry it out."""
        try:
            parsed = parse(options["file"].read_bytes())
        except (OSError, Unreadable) as error:
            raise CommandError(str(error)) from error
        self._refuse_errors(parsed)
        plan = plan_import(parsed.lines, same=options["confirm"], separate=options["separate"])
        self._show(plan)
        if options["dry_run"]:
            return
        try:
            apply_plan(plan, on=options["on"] or default_day(timezone.localdate()))
        except RegistryRefused as refused:
            raise CommandError(f"{refused} (--confirm, --separate)") from refused
        self.stdout.write(self.style.SUCCESS("Imported."))

    def _refuse_errors(self, parsed: Parsed) -> None:
        for error in parsed.errors:
            self.stderr.write(f"{error.row}, {error.column}: {error.message}")
        if parsed.errors:
            raise CommandError(f"{len(parsed.errors)} errors; nothing was imported.")

    def _show(self, plan: Plan) -> None:
        self.stdout.write("  ".join(f"{name} {count}" for name, count in plan.counts().items()))
        for question in plan.asked:
            old, new = question.known.code, question.key
            self.stdout.write(f"? {question.line.name}: {old} → {new} (row {question.line.row})")
        for known in plan.retired:
            self.stdout.write(f"- {known.official_name} {known.code}")
