"""The official papers: drafted by staff, issued by somebody who may sign, then frozen, read and signed for."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from audit.verbs import alters_data
from inspections.scans import ScanRefused
from inspections.steps import StepRefused
from inspections.uploads import sha256_of
from notifications.models import Notice
from villages.models import Division, Responsibility

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from accounts.models import Post
    from inspections.models.proposals import Proposal

OFFICES = frozenset({Role.CITY_OFFICE, Role.COUNTY_OFFICE})
DESK_OF_LEVEL = {
    Division.Level.CITY: Role.CITY_OFFICE,
    Division.Level.COUNTY: Role.COUNTY_OFFICE,
    Division.Level.TOWNSHIP: Role.TOWNSHIP,
}
ADDRESSED = (Role.CITY_OFFICE, Role.COUNTY_OFFICE, Role.TOWNSHIP)


class DocumentKind(models.TextChoices):
    """The six papers of the work, and the circular that a signed proposal may lead to."""

    ASSIGNMENT = "assignment", _("Assignment of problems")
    EXTENSION = "extension", _("Application for an extension")
    SUPERVISION = "supervision", _("Supervision notice")
    REPORT = "report", _("Report on rectification")
    CLOSING = "closing", _("Closing slip")
    TALK = "talk", _("Record of a talk")
    CIRCULAR = "circular", _("Circular of criticism")


# which desks make which paper: an application and a report come from the inspected side
MAKERS: dict[str, frozenset[str]] = {
    DocumentKind.ASSIGNMENT: frozenset(OFFICES),
    DocumentKind.EXTENSION: frozenset({Role.TOWNSHIP}),
    DocumentKind.SUPERVISION: frozenset(OFFICES),
    DocumentKind.REPORT: frozenset({Role.TOWNSHIP, Role.COUNTY_OFFICE}),
    DocumentKind.CLOSING: frozenset(OFFICES),
    DocumentKind.TALK: frozenset(OFFICES),
    DocumentKind.CIRCULAR: frozenset(OFFICES),
}
MARKS: dict[str, str] = {
    DocumentKind.ASSIGNMENT: "交",
    DocumentKind.EXTENSION: "延",
    DocumentKind.SUPERVISION: "督",
    DocumentKind.REPORT: "报",
    DocumentKind.CLOSING: "销",
    DocumentKind.TALK: "谈",
    DocumentKind.CIRCULAR: "通",
}


def sealed() -> Storage:
    """Return the storage of what is kept exactly as received."""
    return storages["sealed"]


def scan_name(scan: "DocumentScan", _filename: str) -> str:
    """Name a scan by day and id; the uploader's file name is never used."""
    return f"scans/{scan.at:%Y/%m/%d}/{scan.pk}"


class DocumentSeries(models.Model):
    """The last number of one office, year and kind; its row lock keeps the numbers free of gaps."""

    office = models.ForeignKey(Division, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "year", "kind"], name="one_document_series"),
        ]

    def __str__(self) -> str:
        return f"{self.office} {self.year} {self.kind}: {self.last}"

    @classmethod
    def next_serial(cls, office: Division, year: int, kind: str) -> int:
        """Give the next serial; call inside the issuing transaction."""
        cls.objects.get_or_create(office=office, year=year, kind=kind)
        series = cls.objects.select_for_update().get(office=office, year=year, kind=kind)
        cls.objects.filter(pk=series.pk).update(last=F("last") + 1)
        return series.last + 1


def number_of(office: Division, year: int, kind: str, serial: int) -> str:
    """Write a document's number by the office's pattern, or the common one."""
    pattern = settings.DOCUMENT_NUMBERS.get(office.name, settings.DOCUMENT_NUMBER)
    return str(pattern.format(office=office.name, year=year, mark=MARKS[kind], serial=serial))


class DocumentQuerySet(models.QuerySet["Document"]):
    """Sets of documents; who reads which, and the verb that drafts one."""

    def visible_to(self, user: User, on: date) -> "DocumentQuerySet":
        """Return the papers of the user's own desk, and the issued ones addressed to the user's places."""
        posts = user.posts_on(on)
        own = [p.division_id for p in posts if p.role in ADDRESSED and p.division_id]
        q = Q(office__in=own) | (Q(issued_at__isnull=False) & self._readers(user, on))
        return self.filter(q)

    def _readers(self, user: User, on: date) -> Q:
        if user.has_role(Role.AUDITOR, on):
            return Q()
        places = user.places(on, Role.COUNTY_OFFICE, Role.TOWNSHIP, Role.LEADER)
        desks = [p.division_id for p in user.posts_on(on) if p.role in ADDRESSED and p.division_id]
        to_township = Q(addressee__in=places.townships) | Q(addressee__in=desks)
        # the county office knows what its townships are told
        return to_township | Q(county__in=places.counties, addressee__level__in=["county", "township"])

    def drafts(self) -> "DocumentQuerySet":
        """Return what is not issued yet."""
        return self.filter(issued_at=None)

    def issued(self) -> "DocumentQuerySet":
        """Return what has its number."""
        return self.filter(issued_at__isnull=False)

    def for_list(self) -> "DocumentQuerySet":
        """Fetch what every list shows along, without the frozen lines."""
        joined = self.select_related("office", "addressee", "drafted_by", "signed_by")
        return joined.defer("lines", "text")

    @alters_data
    def draft(
        self,
        *,
        post: "Post",
        by: User,
        at: datetime,
        kind: str,
        addressee: Division,
        county: Division,
        picked: Sequence[uuid.UUID],
        text: Mapping[str, str],
        proposal: "Proposal | None" = None,
    ) -> "Document":
        """Begin a paper of the post's desk about some findings; nobody else sees it before it is issued."""
        if post.role not in MAKERS[kind]:
            raise StepRefused(_("This paper is made by another office."), "not_yours")
        return self.create(
            kind=kind, office=post.division, addressee=addressee, county=county, drafted_by=by, drafted_at=at,
            picked=[str(pk) for pk in picked], text=dict(text), proposal=proposal,
        )  # fmt: skip


class Document(models.Model):
    """One paper: a draft that its desk may change, or an issued one that nobody can change any more."""

    append_only_when = 'OLD."issued_at" IS NOT NULL'
    Kind = DocumentKind

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind of document"), max_length=12, choices=Kind.choices)
    office = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("office"))
    addressee = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("addressee"))
    county = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("unit"))
    proposal: "models.ForeignKey[Proposal | None, Proposal | None]" = models.ForeignKey(
        "inspections.Proposal", models.PROTECT, null=True, related_name="documents"
    )
    # ids of the findings while it is a draft; `lines` is what they said when it was issued
    picked = models.JSONField(default=list)
    lines = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    # the kind's own passages by the keys of `inspections.papers.PASSAGES`
    text = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(_("drafted"))
    year = models.PositiveSmallIntegerField(null=True)
    serial = models.PositiveIntegerField(null=True)
    number = models.CharField(_("number"), max_length=80, blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(_("issued"), null=True)

    objects = DocumentQuerySet.as_manager()

    if TYPE_CHECKING:
        receipts: RelatedManager["DocumentReceipt"]
        scans: RelatedManager["DocumentScan"]

    class Meta:
        verbose_name = _("document")
        constraints = [
            models.UniqueConstraint(
                fields=["office", "year", "kind", "serial"],
                condition=Q(serial__isnull=False),
                name="document_number_once",
            ),
            models.CheckConstraint(
                condition=Q(issued_at=None, serial=None, year=None, signed_by=None, number="")
                | Q(
                    issued_at__isnull=False,
                    serial__gte=1,
                    year__gte=1,
                    signed_by__isnull=False,
                    number__gt="",
                ),
                name="document_issued_whole",
            ),
        ]
        indexes = [
            # a desk's own list and what it has received, the newest first
            models.Index(fields=["office", "-drafted_at"], name="document_of_office"),
            models.Index(fields=["addressee", "-issued_at"], name="document_received"),
        ]

    def __str__(self) -> str:
        return self.number or str(self.get_kind_display())

    def get_absolute_url(self) -> str:
        """Return the document's page."""
        return reverse("document", args=[self.pk])

    @property
    def is_issued(self) -> bool:
        """Tell whether it has its number and is frozen."""
        return self.issued_at is not None

    # --- who may what -------------------------------------------------------------------------------------------
    def _desk_posts(self, user: User, on: date) -> "list[Post]":
        makers = MAKERS[self.kind]
        return [p for p in user.posts_on(on) if p.division_id == self.office_id and p.role in makers]

    def edit_refusal(self, user: User, on: date) -> StepRefused | None:
        """Return why the user may not change the draft, or None."""
        if not self._desk_posts(user, on):
            return StepRefused(_("This paper belongs to another desk."), "not_yours")
        if self.is_issued:
            return StepRefused(_("An issued document cannot be changed. Make a new one."), "wrong_state")
        return None

    def issue_refusal(self, user: User, on: date) -> StepRefused | None:
        """Return why the user may not issue it, or None: at an office only somebody who may sign."""
        if refused := self.edit_refusal(user, on):
            return refused
        posts = self._desk_posts(user, on)
        if not any(post.may_sign or post.role == Role.TOWNSHIP for post in posts):
            return StepRefused(_("Only somebody of the office who may sign issues it."), "needs_signature")
        return None

    def is_addressed_to(self, user: User, on: date) -> bool:
        """Tell whether the user opens it as its addressee: the desk it goes to, or the township's secretary."""
        role = DESK_OF_LEVEL[Division.Level(self.addressee.level)]
        if any(p.division_id == self.addressee_id and p.role == role for p in user.posts_on(on)):
            return True
        return self.addressee_id in user.places(on, Role.LEADER).townships

    def recipients(self, on: date) -> list[User]:
        """Return who is told: the addressee's desk, a township's secretary, and its county office."""
        role = DESK_OF_LEVEL[Division.Level(self.addressee.level)]
        told = list(User.objects.at(self.addressee, on, role))
        if self.addressee.level == Division.Level.TOWNSHIP:
            told += User.objects.filter(is_active=True, person__in=secretaries(self.addressee, on))
            if self.county_id != self.office_id:
                told += User.objects.at(self.county, on, Role.COUNTY_OFFICE)
        return sorted(set(told), key=lambda user: str(user.pk))

    # --- verbs --------------------------------------------------------------------------------------------------
    @alters_data
    def rewrite(self, *, by: User, at: datetime, text: Mapping[str, str], addressee: Division) -> None:
        """Change the draft's passages and addressee."""
        if refused := self.edit_refusal(by, timezone.localdate(at)):
            raise refused
        columns = {"text": dict(text), "addressee": addressee}
        if not Document.objects.drafts().filter(pk=self.pk).update(**columns):
            raise StepRefused(_("This document has just been issued."), "conflict")
        self.text, self.addressee = dict(text), addressee

    @alters_data
    def discard(self, *, by: User, at: datetime) -> None:
        """Throw the draft away; it never had a number."""
        if refused := self.edit_refusal(by, timezone.localdate(at)):
            raise refused
        Document.objects.drafts().filter(pk=self.pk).delete()

    @alters_data
    @transaction.atomic
    def issue(self, *, by: User, at: datetime, lines: Sequence[Mapping[str, Any]]) -> None:
        """Give it its number, freeze what its findings say now, and tell the addressee."""
        on = timezone.localdate(at)
        if refused := self.issue_refusal(by, on):
            raise refused
        if not lines:
            raise StepRefused(_("A document lists at least one finding."), "invalid")
        serial = DocumentSeries.next_serial(self.office, on.year, self.kind)
        changes: dict[str, Any] = {
            "year": on.year, "serial": serial, "number": number_of(self.office, on.year, self.kind, serial),
            "signed_by": by, "issued_at": at, "lines": [dict(line) for line in lines],
        }  # fmt: skip
        if not Document.objects.drafts().filter(pk=self.pk).update(**changes):
            raise StepRefused(_("This document has just been issued."), "conflict")
        for name, value in changes.items():
            setattr(self, name, value)
        DocumentFinding.objects.bulk_create(
            DocumentFinding(document=self, finding_id=line["id"], position=n) for n, line in enumerate(lines)
        )
        self._tell(on, at)

    def _tell(self, on: date, at: datetime) -> None:
        words = _("%(office)s has sent you a document: %(kind)s %(number)s. Open it to confirm receipt.")
        Notice.objects.tell(
            self.recipients(on), key=f"document:{self.pk}:issued", url=self.get_absolute_url(), at=at, step="document",
            text=lambda: str(words)
            % {"office": self.office.label, "kind": self.get_kind_display(), "number": self.number},
        )  # fmt: skip

    @alters_data
    def receive(self, *, by: User, at: datetime) -> bool:
        """Record that the addressee has opened it (签收), once per user; tell whether this was the first time."""
        if not self.is_issued or not self.is_addressed_to(by, timezone.localdate(at)):
            return False
        if self.receipts.filter(user=by).exists():
            return False
        try:
            with transaction.atomic():
                self.receipts.create(user=by, at=at)
        except IntegrityError:  # opened in two windows at once
            return False
        return True

    @alters_data
    def attach_scan(self, *, by: User, at: datetime, file: "File[Any]", format: str) -> "DocumentScan":
        """Keep the scan of the signed paper exactly as received; `format` comes from `scans.check_scan`."""
        if not self._desk_posts(by, timezone.localdate(at)):
            raise StepRefused(_("This paper belongs to another desk."), "not_yours")
        if not self.is_issued:
            raise ScanRefused(_("A draft has no signed scan yet. Issue the document first."), "wrong_state")
        digest = sha256_of(file)
        if self.scans.filter(sha256=digest).exists():
            raise ScanRefused(_("This scan is attached already."), "scan_repeated")
        scan = DocumentScan(document=self, by=by, at=at, sha256=digest, size=file.size, format=format)
        scan.file.save("scan", file, save=False)
        scan.save(force_insert=True)
        return scan


def secretaries(township: Division, on: date) -> list[uuid.UUID]:
    """Return the persons who are a township's secretary on the day."""
    held = Responsibility.objects.on(on).filter(kind=Responsibility.Kind.SECRETARY, township=township)
    return list(held.values_list("person_id", flat=True))


class DocumentFinding(models.Model):
    """An issued document lists this finding; never changed."""

    append_only = True

    document = models.ForeignKey(Document, models.PROTECT, related_name="listed")
    finding = models.ForeignKey("inspections.Finding", models.PROTECT, related_name="documents")
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "finding"], name="document_lists_once")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.finding_id}"


class DocumentReceipt(models.Model):
    """One user of the addressee has opened the document; once per user, never changed."""

    append_only = True

    document = models.ForeignKey(Document, models.PROTECT, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("received"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "user"], name="one_receipt_per_user")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.user_id}"


class DocumentScan(models.Model):
    """The scan of a signed paper, exactly as received; a better one stands beside it."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(Document, models.PROTECT, related_name="scans")
    file = models.FileField(storage=sealed, upload_to=scan_name, max_length=200)
    format = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("received"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "sha256"], name="document_scan_once"),
            models.CheckConstraint(condition=Q(format__in=["pdf", "jpeg"]), name="document_scan_format"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.format}"
