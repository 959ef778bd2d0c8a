"""Recompute the draws of a closed round from what is stored: `manage.py verify_draw ROUND`."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from inspections.draw_records import differences
from inspections.models import Round, RoundState


class Command(BaseCommand):
    help = "Recompute every draw of a closed round; ends with an error if anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a round by its id or its title."""
        parser.add_argument("round", help="id or title of the round")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each draw and what differs."""
        row = self._find(options["round"])
        for draw in row.draws.order_by("number"):
            self.stdout.write(f"draw {draw.number}: {draw.reason}".rstrip(": "))
            self.stdout.write(f"  commitment {draw.commitment}")
            self.stdout.write(f"  public number {draw.public_number_name}: {draw.public_number or '-'}")
            self.stdout.write(f"  visits {draw.planned.count() + draw.cases.count()}")
        found = differences(row)
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError("NOT CONFIRMED")
        self.stdout.write("confirmed")

    def _find(self, asked: str) -> Round:
        found = list(Round.objects.filter(Q(title=asked) | Q(pk=_id(asked))))
        if len(found) != 1:
            raise CommandError(f"{len(found)} rounds are called that; give the id.")
        if found[0].state != RoundState.CLOSED:
            raise CommandError("The seed is not public yet: the round is not closed.")
        return found[0]


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
