from typing import Any

from django.core.management.base import BaseCommand

from villages.models import Holiday


class Command(BaseCommand):
    help = "Add the holidays and make-up workdays that the library knows."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed the table and say which years it covers."""
        added = Holiday.objects.seed()
        self.stdout.write(f"{added} days added; years covered: {Holiday.objects.years()}")
