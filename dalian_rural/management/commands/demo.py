from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from kombu.exceptions import KombuError, OperationalError

from dalian_rural.demo import loading
from dalian_rural.tasks import demo_rest


class Command(BaseCommand):
    help = (
        "Load the demonstration into an empty database: real places, invented people, about 1,000 findings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare how the rest is loaded."""
        parser.add_argument(
            "--all", action="store_true", help="load everything now instead of leaving the rest to the worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load what the first page needs, then the rest."""
        try:
            loading.lay_ground(timezone.localdate())
        except loading.DemoRefused as refused:
            raise CommandError(
                "There are accounts already; the demo is only for an empty database."
            ) from refused
        count = loading.first_part()
        self.stdout.write(
            f"Places, people and {count} findings are there. Password: {settings.DEMO_PASSWORD}"
        )
        self._rest(now=options["all"])

    def _rest(self, now: bool) -> None:
        start: int | None = 0
        if not now:
            try:
                demo_rest.delay(0)
                return
            except (KombuError, OperationalError, OSError):
                self.stdout.write("No broker: loading the rest here.")
        while start is not None:
            start = loading.play_from(start)
