"""Tell whether a process gave a sign of life lately; the health check of containers without a port."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dalian_rural.models import Heartbeat


class Command(BaseCommand):
    """Exit with 0 when the named process lives, with 1 otherwise."""

    help = "Exit with 0 when the named process (worker, beat) gave a sign of life lately."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the name and how old its sign of life may be."""
        parser.add_argument("name")
        parser.add_argument("--seconds", type=int, default=120)

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at the row."""
        within = timedelta(seconds=options["seconds"])
        if (
            not Heartbeat.objects.fresh(at=timezone.now(), within=within)
            .filter(name=options["name"])
            .exists()
        ):
            raise CommandError(f"no sign of life from {options['name']} within {options['seconds']} seconds")
