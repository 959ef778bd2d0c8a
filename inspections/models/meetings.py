"""On-site meetings (一街一现场会): prepared in secret, held in the street, closed with minutes and decisions."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, models, transaction
from django.db.models import F, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Role, User
from audit.log import unseal
from audit.verbs import alters_data
from inspections import photo_rules
from inspections.meeting_steps import OPEN, SEALED, STEPS, MeetingState
from inspections.models.documents import secretaries
from inspections.models.finding import Finding
from inspections.models.meeting_parts import (
    MeetingDecision,
    MeetingEvent,
    MeetingFinding,
    MeetingPhoto,
    MeetingReader,
    MeetingVillage,
)
from inspections.positions import without_position
from inspections.steps import StepRefused
from inspections.uploads import binary, sha256_of
from notifications.models import Notice
from villages.models import Division, Village, VillageLink

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

OFFICES = frozenset({Role.CITY_OFFICE, Role.COUNTY_OFFICE})
DESKS = OFFICES | {Role.TOWNSHIP}
MOST_PHOTOS = 20


class MeetingQuerySet(models.QuerySet["Meeting"]):
    """Sets of meetings; who knows of which, and the verb that prepares one."""

    def visible_to(self, user: User, on: date) -> Self:
        """Return what the user may know of: a sealed one only by its list, one that was held by place."""
        if not user.roles(on) - {Role.SYSADMIN}:
            return self.none()
        listed = MeetingReader.objects.filter(user=user).values("meeting")
        return self.filter(
            Q(prepared_by=user) | Q(pk__in=listed) | (Q(state__in=OPEN) & self._around(user, on))
        )

    @staticmethod
    def _around(user: User, on: date) -> Q:
        if user.has_role(Role.AUDITOR, on):
            return Q()
        places = user.places(on, *DESKS, Role.LEADER)
        around = places.q(village="pk")  # no meeting has the id of a village: those come now
        if places.villages:
            visited = MeetingVillage.objects.filter(village__in=places.villages).values("meeting")
            around |= Q(pk__in=visited)
        if owners := departments_of(user, on):
            owned = MeetingDecision.objects.filter(organisation__in=owners).values("meeting")
            around |= Q(pk__in=owned)
        return around

    def for_list(self) -> Self:
        """Fetch what every list shows along, the newest first."""
        return self.select_related("township", "county", "office", "prepared_by").order_by("-on", "-pk")

    def with_counts(self) -> Self:
        """Annotate `village_count` and `decision_count`."""
        return self.annotate(
            village_count=_count(MeetingVillage), decision_count=_count(MeetingDecision)
        )  # fmt: skip

    @transaction.atomic
    def prepare(
        self,
        *,
        id: uuid.UUID,
        by: User,
        at: datetime,
        township: Division,
        on: date,
        title: str,
        host: str,
        villages: Sequence[Village],
        readers: Iterable[User] = (),
    ) -> "Meeting":
        """Begin a meeting under the page's id; only its maker and the listed readers know of it. Twice makes one."""
        if existing := self.filter(pk=id).first():
            if existing.prepared_by_id == by.pk:
                return existing
            raise StepRefused(_("This id belongs to something else."), "id_taken")
        county = township.parent_on(on)
        office = _office_for(by, county, timezone.localdate(at))
        if county is None or office is None:
            raise StepRefused(_("Your post holds no meetings in this street."), "not_yours")
        meeting = self.model(
            id=id, township=township, county=county, office=office, on=on, title=title, host=host, prepared_by=by,
            prepared_at=at,
        )  # fmt: skip
        meeting.save(force_insert=True)
        meeting.set_villages(villages)
        meeting.set_readers(readers)
        meeting.events.create(step="prepare", by=by, at=at, version=meeting.version)
        return meeting

    prepare.alters_data = True  # type: ignore[attr-defined]

    @transaction.atomic
    def attach_recorded(self, key: Any, finding: Finding, *, by: User, at: datetime) -> bool:
        """Show a finding that was just recorded at the meeting the record page was opened from; tell whether it is.

        A meeting that the user may not know of, or that is over, changes nothing, like one that does not exist.
        """
        try:
            meeting = self.visible_to(by, timezone.localdate(at)).get(pk=uuid.UUID(str(key)))
        except (ValueError, Meeting.DoesNotExist):
            return False
        if meeting.township_id != finding.township_id or not meeting.takes_records_of(
            by, timezone.localdate(at)
        ):
            return False
        position = (meeting.shown.aggregate(last=Max("position"))["last"] or 0) + 1
        _row, new = meeting.shown.get_or_create(
            finding=finding, defaults={"position": position, "on_the_spot": meeting.is_on_the_spot(finding)}
        )
        if new:
            meeting.events.create(step="record", by=by, at=at, remark=str(finding), version=meeting.version)
        return new

    attach_recorded.alters_data = True  # type: ignore[attr-defined]


def departments_of(user: User, on: date) -> list[uuid.UUID]:
    """Return the departments that a user works for."""
    posts = (post for post in user.posts_on(on) if post.role == Role.DEPARTMENT)
    return [post.organisation_id for post in posts if post.organisation_id]


def _count(model: type[models.Model]) -> Any:
    rows = model._default_manager.filter(meeting=models.OuterRef("pk")).order_by().values("meeting")
    return models.functions.Coalesce(
        models.Subquery(rows.annotate(n=models.Count("pk")).values("n")), models.Value(0)
    )


def _office_for(user: User, county: Division | None, on: date) -> Division | None:
    """Return the office that would hold a meeting in the unit: the county's own, or the city's anywhere."""
    posts = [post for post in user.posts_on(on) if post.role in OFFICES and post.division]
    own = (post.division for post in posts if post.role == Role.COUNTY_OFFICE and post.division == county)
    city = (post.division for post in posts if post.role == Role.CITY_OFFICE)
    return next(own, None) or next(city, None)


class Meeting(models.Model):
    """One meeting in one street; `township` and `county` are those of its day."""

    append_only_when = "OLD.\"state\" = 'closed'"
    State = MeetingState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(
        _("state"), max_length=10, choices=MeetingState.choices, default=MeetingState.PREPARING
    )
    township = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("street"))
    county = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    office = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("held by"))
    on = models.DateField(_("date"))
    title = models.CharField(pgettext_lazy("meeting", "title"), max_length=120)
    host = models.CharField(_("chaired by"), max_length=200, blank=True)
    # a number and units: nobody calls the roll
    people_present = models.PositiveIntegerField(_("people present"), null=True)
    units_present = models.TextField(_("units present"), blank=True)
    minutes = models.TextField(_("minutes"), blank=True)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(_("prepared"))
    # from then on it is no secret any more
    held_at = models.DateTimeField(_("opened"), null=True)
    closed_at = models.DateTimeField(_("minutes closed on"), null=True)

    objects = MeetingQuerySet.as_manager()

    if TYPE_CHECKING:
        readers: RelatedManager[MeetingReader]
        villages: RelatedManager[MeetingVillage]
        shown: RelatedManager[MeetingFinding]
        photos: RelatedManager[MeetingPhoto]
        decisions: RelatedManager[MeetingDecision]
        events: RelatedManager[MeetingEvent]

    class Meta:
        verbose_name = _("on-site meeting")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["preparing", "called_off"], held_at=None, closed_at=None)
                | Q(state="held", held_at__isnull=False, closed_at=None)
                | Q(state="closed", held_at__isnull=False, closed_at__isnull=False),
                name="meeting_state_has_its_time",
            ),
        ]
        indexes = [
            # the list, the newest first
            models.Index(fields=["-on", "-id"], name="meeting_list"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the meeting's page."""
        return reverse("meeting", args=[self.pk])

    @property
    def is_sealed(self) -> bool:
        """Tell whether only those on its list may know of it."""
        return self.state in SEALED

    def is_on_the_spot(self, finding: Finding) -> bool:
        """Tell whether a finding was made that day in one of the villages that were visited."""
        return self.found_that_day(finding) and self.villages.filter(village_id=finding.village_id).exists()

    def found_that_day(self, finding: Finding) -> bool:
        """Tell whether a finding was made on the meeting's day."""
        return timezone.localdate(finding.reported_at) == self.on

    # --- who may what -----------------------------------------------------------------------------------------
    def refusal(self, step: str, user: User, at: datetime) -> StepRefused | None:
        """Return why the user may not take this step now, or None."""
        rule, on = STEPS[step], timezone.localdate(at)
        if not self.is_desk_of(user, on) and not (rule.owners and self._owns_some(user, on)):
            return StepRefused(_("This step belongs to the office that holds the meeting."), "not_yours")
        if self.state not in rule.states:
            words = _("This meeting is now “%(state)s”; the step is not possible from there.")
            return StepRefused(words % {"state": self.get_state_display()}, "wrong_state")
        if step == "hold" and self.on > on:
            return StepRefused(_("The meeting cannot be opened before its day."), "too_early")
        if step == "close" and not (self.minutes and self.people_present):
            words = _("Write the minutes and the number of people present first.")
            return StepRefused(words, "incomplete")
        return None

    def is_desk_of(self, user: User, on: date) -> bool:
        """Tell whether the user works at the office that holds the meeting."""
        return any(p.division_id == self.office_id and p.role in OFFICES for p in user.posts_on(on))

    def _owns_some(self, user: User, on: date) -> bool:
        return any(self.is_owner(row, user, on) for row in self.decisions.all())

    def takes_records_of(self, user: User, on: date) -> bool:
        """Tell whether problems are recorded for it by the user: of its office's desk, or on its list."""
        if self.state not in STEPS["record"].states:
            return False
        return self.is_desk_of(user, on) or self.readers.filter(user=user).exists()

    @staticmethod
    def is_owner(decision: MeetingDecision, user: User, on: date) -> bool:
        """Tell whether the user's desk is the one that a decision names."""
        if decision.organisation_id:
            return decision.organisation_id in departments_of(user, on)
        owner = decision.division_id
        return any(p.division_id == owner and p.role in DESKS for p in user.posts_on(on)) if owner else False

    def steps_for(self, user: User, at: datetime) -> list[str]:
        """Return the steps this user may take now, in the order of the table."""
        return [step for step in STEPS if self.refusal(step, user, at) is None]

    def take(self, step: str, *, by: User, at: datetime, remark: str = "", **changes: Any) -> MeetingEvent:
        """Take one step: refuse, or swap version and columns, and append the event; call in a transaction."""
        if refused := self.refusal(step, by, at):
            raise refused
        mine = Meeting.objects.filter(pk=self.pk, version=self.version)
        if not mine.update(version=F("version") + 1, **changes):
            raise StepRefused(
                _("Someone else has just changed this meeting. Reload it and look again."), "conflict"
            )
        self.version += 1
        for name, value in changes.items():
            setattr(self, name, value)
        return self.events.create(step=step, by=by, at=at, remark=remark, version=self.version)

    take.alters_data = True  # type: ignore[attr-defined]

    # --- preparing --------------------------------------------------------------------------------------------
    @alters_data
    def set_villages(self, villages: Sequence[Village]) -> None:
        """Keep these villages of the street, in this order; remarks stay with theirs."""
        links = VillageLink.objects.on(self.on).filter(township=self.township_id)
        here = set(links.filter(village__in=villages).values_list("village_id", flat=True))
        if not here or any(village.pk not in here for village in villages):
            raise StepRefused(_("Choose villages of this street."), "invalid")
        self.villages.exclude(village__in=villages).delete()
        for position, village in enumerate(villages, 1):
            self.villages.update_or_create(village=village, defaults={"position": position})

    @alters_data
    def set_readers(self, readers: Iterable[User]) -> None:
        """Let these know of the meeting; nobody of a township is told beforehand."""
        wanted = {user.pk for user in readers} - {self.prepared_by_id}
        told = User.objects.filter(pk__in=wanted, posts__role__in=[Role.TOWNSHIP, Role.SYSADMIN])
        if told.exists():
            raise StepRefused(_("Nobody of a street is told beforehand."), "invalid")
        self.readers.exclude(user__in=wanted).delete()
        known = set(self.readers.values_list("user_id", flat=True))
        MeetingReader.objects.bulk_create(MeetingReader(meeting=self, user_id=pk) for pk in wanted - known)

    @alters_data
    @transaction.atomic
    def change(
        self, *, by: User, at: datetime, on: date, title: str, host: str, villages: Sequence[Village],
        readers: Iterable[User],
    ) -> None:  # fmt: skip
        """Change what was prepared: day, words, villages, who may know."""
        self.take("change", by=by, at=at, on=on, title=title, host=host)
        self.set_villages(villages)
        self.set_readers(readers)

    @alters_data
    @transaction.atomic
    def call_off(self, *, by: User, at: datetime, reason: str) -> None:
        """Give the meeting up; it stays a secret of its list."""
        self.take("call_off", by=by, at=at, remark=reason, state=MeetingState.CALLED_OFF)

    @alters_data
    @transaction.atomic
    def pick(self, *, by: User, at: datetime, findings: Sequence[Finding]) -> None:
        """Show exactly these findings of the street, in this order."""
        if any(finding.township_id != self.township_id for finding in findings):
            raise StepRefused(_("Choose findings of this street."), "invalid")
        self.take("pick", by=by, at=at, remark=str(len(findings)))
        visited = set(self.villages.values_list("village_id", flat=True))
        self.shown.all().delete()
        MeetingFinding.objects.bulk_create(
            MeetingFinding(
                meeting=self, finding=finding, position=position,
                on_the_spot=finding.village_id in visited and self.found_that_day(finding),
            )
            for position, finding in enumerate(findings, 1)
        )  # fmt: skip

    @alters_data
    @transaction.atomic
    def hold(self, *, by: User, at: datetime) -> None:
        """Open the meeting: it is no secret any more, its audit lines become open, the street is told."""
        self.take("hold", by=by, at=at, state=MeetingState.HELD, held_at=at)
        unseal(self.pk, at=at)
        on = timezone.localdate(at)
        told = [*User.objects.at(self.township, on, Role.TOWNSHIP)]
        told += User.objects.filter(is_active=True, person__in=secretaries(self.township, on))
        if self.county_id != self.office_id:
            told += User.objects.at(self.county, on, Role.COUNTY_OFFICE)
        Notice.objects.tell(
            set(told), key=f"meeting-held:{self.pk}", url=self.get_absolute_url(), at=at, step="meeting_held",
            text=lambda: _("On-site meeting: %(title)s") % {"title": self.title},
        )  # fmt: skip

    # --- minutes ----------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def write(
        self, *, by: User, at: datetime, people_present: int | None, units_present: str, minutes: str,
        remarks: Mapping[uuid.UUID, str],
    ) -> None:  # fmt: skip
        """Write who was there, what was said, and a remark on each village (by the village's id)."""
        self.take(
            "write", by=by, at=at, people_present=people_present, units_present=units_present, minutes=minutes
        )
        for row in self.villages.all():
            remark = remarks.get(row.village_id, row.remark)
            if remark != row.remark:
                self.villages.filter(pk=row.pk).update(remark=remark)

    @alters_data
    def add_photo(self, *, by: User, at: datetime, file: "File[Any]", caption: str = "") -> MeetingPhoto:
        """Keep a photo of the meeting, sealed as received; a worker makes its copies. Raises PhotoRefused."""
        if refused := self.refusal("add_photo", by, at):
            raise refused
        header, digest = photo_rules.check_file(binary(file), file.size), sha256_of(file)
        if self.photos.count() >= MOST_PHOTOS:
            raise photo_rules.refusal("photos_full")
        if self.photos.filter(sha256=digest).exists():
            raise StepRefused(_("This file has been added already."), "file_repeated")
        photo = MeetingPhoto(
            meeting=self, by=by, at=at, caption=caption, sha256=digest, size=file.size, format=header.format
        )
        file.seek(0)  # a position proves nothing here: it is never kept
        photo.original.save("original", ContentFile(without_position(file.read())), save=False)
        return self._keep_photo(photo)

    def _keep_photo(self, photo: MeetingPhoto) -> MeetingPhoto:
        try:
            with transaction.atomic():
                self.take("add_photo", by=photo.by, at=photo.at, remark=photo.caption)
                photo.save(force_insert=True)
        except (StepRefused, IntegrityError):
            photo.remove_files()
            raise
        return photo

    @alters_data
    def drop_photo(self, *, by: User, at: datetime, photo: MeetingPhoto) -> None:
        """Remove a photo that does not belong here."""
        with transaction.atomic():
            self.take("drop_photo", by=by, at=at, remark=photo.caption)
            self.photos.filter(pk=photo.pk).delete()
        photo.remove_files()

    # --- decisions --------------------------------------------------------------------------------------------
    @alters_data
    @transaction.atomic
    def decide(
        self, *, by: User, at: datetime, text: str, owner: str = "", division: Division | None = None,
        organisation: Organisation | None = None, due_on: date | None = None,
    ) -> MeetingDecision:  # fmt: skip
        """Add a decision with its owner, in words or as a place or department, and a date."""
        owner = owner or (division.name if division else organisation.name if organisation else "")
        if not owner:
            raise StepRefused(_("Name who is responsible."), "invalid")
        self.take("decide", by=by, at=at, remark=text)
        position = (self.decisions.aggregate(last=Max("position"))["last"] or 0) + 1
        return self.decisions.create(
            position=position,
            text=text,
            owner=owner,
            division=division,
            organisation=organisation,
            due_on=due_on,
        )

    @alters_data
    @transaction.atomic
    def drop_decision(self, *, by: User, at: datetime, decision: MeetingDecision) -> None:
        """Remove a decision before the minutes are closed; the event keeps its words."""
        self.take("drop_decision", by=by, at=at, remark=decision.text)
        self.decisions.filter(pk=decision.pk).delete()

    @alters_data
    @transaction.atomic
    def report_done(self, *, by: User, at: datetime, decision: MeetingDecision, note: str) -> None:
        """Say how a decision was carried out; the office or the owner's desk does, also after closing."""
        if refused := self.refusal("report_done", by, at):
            raise refused
        on = timezone.localdate(at)
        if not self.is_desk_of(by, on) and not self.is_owner(decision, by, on):
            raise StepRefused(_("This decision belongs to somebody else."), "not_yours")
        waiting = self.decisions.filter(pk=decision.pk, done_at=None)
        if not waiting.update(done_note=note, done_at=at, done_by=by):
            raise StepRefused(_("This decision has been reported as done already."), "conflict")
        self.events.create(step="report_done", by=by, at=at, remark=decision.text, version=self.version)

    @alters_data
    @transaction.atomic
    def close(self, *, by: User, at: datetime) -> None:
        """Close the minutes: from now on only “done” is added."""
        self.take("close", by=by, at=at, state=MeetingState.CLOSED, closed_at=at)
