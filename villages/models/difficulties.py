"""What a village or township cannot solve by itself."""

import uuid
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.verbs import alters_data
from villages.models.divisions import Division
from villages.models.villages import Village


class DifficultyQuerySet(models.QuerySet["Difficulty"]):
    def visible_to(self, user: Any, on: date, *roles: str) -> "DifficultyQuerySet":
        """Keep the difficulties of the user's places (those of the given roles' posts)."""
        villages = Village.objects.visible_to(user, on, *roles)
        townships = user.places(on, *roles).q(county="county_id", township="pk", village="pk")
        divisions = Division.objects.townships(on).filter(townships)
        return self.filter(
            Q(village__in=villages.values("pk")) | Q(village=None, township__in=divisions.values("pk"))
        )

    def waiting_first(self) -> "DifficultyQuerySet":
        """Order by what still waits for an answer, the oldest first; then the latest answers."""
        return self.order_by(F("answered_at").desc(nulls_first=True), "raised_at", "pk")

    def raise_by_township(self, township: Division, *, by: Any, at: datetime, text: str) -> "Difficulty":
        """Record a difficulty of a township as a whole."""
        return self.create(
            township=township, text=text, raised_by_id=by.pk, raised_by_name=str(by), raised_at=at
        )

    def raise_for(self, village: Village, *, by: Any, at: datetime, text: str) -> "Difficulty":
        """Record a difficulty of a village under its township of the day."""
        return self.create(
            village=village,
            township=village.township_on(timezone.localdate(at)),
            text=text,
            raised_by_id=by.pk,
            raised_by_name=str(by),
            raised_at=at,
        )


class Difficulty(models.Model):
    """A difficulty (困难事项) that the office of the place's leader answers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    township = models.ForeignKey(Division, models.PROTECT, related_name="difficulties")
    village = models.ForeignKey(Village, models.PROTECT, null=True, blank=True, related_name="difficulties")
    text = models.TextField(_("difficulty"), max_length=2000)
    # Users by id and name: accounts lie above this app.
    raised_by_id = models.UUIDField()
    raised_by_name = models.CharField(max_length=60)
    raised_at = models.DateTimeField(_("raised at"))
    answer = models.TextField(_("answer"), max_length=2000, blank=True)
    answered_by_name = models.CharField(max_length=60, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    objects = DifficultyQuerySet.as_manager()

    class Meta:
        verbose_name = _("difficulty")
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="villages_difficulty_answer",
            )
        ]

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def place(self) -> Village | Division:
        """Return the village it is about, or the township as a whole."""
        return self.village or self.township

    @alters_data
    def give_answer(self, *, by: Any, at: datetime, answer: str) -> bool:
        """Record the office's answer; False when someone else has answered meanwhile."""
        open_ones = Difficulty.objects.filter(pk=self.pk, answered_at__isnull=True)
        return bool(open_ones.update(answer=answer, answered_by_name=str(by), answered_at=at))
