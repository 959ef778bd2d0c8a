"""Photos of observation points: parked under the visit's id until its sheet declares them, then shown with it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from inspections import photo_rules
from inspections.points import Point
from inspections.sheets import Sheet

if TYPE_CHECKING:
    from accounts.models import User
    from inspections.models.photos import Photo
    from inspections.models.visits import Visit


def _rows(name: str) -> Any:
    return apps.get_model("inspections", name)._default_manager.all()


def shown_to(user: "User", on: date) -> Exists:
    """Return the condition that a photo belongs to a visit that the user may read."""
    seen = _rows("Visit").visible_to(user, on)
    return Exists(_rows("VisitPhoto").filter(photo=OuterRef("pk"), visit__in=seen))


def shown() -> Exists:
    """Return the condition that a visit shows the photo."""
    return Exists(_rows("VisitPhoto").filter(photo=OuterRef("pk")))


def _visit_of(photo: "Photo") -> "Visit | None":
    """Return the visit under the photo's parent id, if the uploader takes part in it."""
    visit: Visit | None = _rows("Visit").select_related("village").filter(pk=photo.parent_id).first()
    return visit if visit and visit.is_party(photo.uploader) else None


def admit(photo: "Photo", at: datetime) -> bool:
    """Check that a point's photo may be stored now; raise PhotoRefused. Tell whether its village is a sensitive area.

    A visit that is not the uploader's is treated exactly like one that does not exist: the photo is parked.
    """
    visit = _visit_of(photo)
    if visit is None:
        photo_rules.check_poster(photo.side, photo.uploader.roles(timezone.localdate(at)))
    else:
        _refuse_unnamed(visit, photo)
        if visit.village.sensitive_area:
            photo.lat = photo.lon = photo.accuracy = None
    elsewhere = _rows("VisitPhoto").exclude(visit=photo.parent_id)
    if elsewhere.filter(photo__sha256__in=photo.hashes).exists():
        raise photo_rules.refusal("photo_reused")
    mine = _rows("Photo").filter(parent_id=photo.parent_id, uploader=photo.uploader, refused="")
    if mine.filter(side=photo.side).count() >= settings.PHOTOS_PER_SIDE * len(Point):
        raise photo_rules.refusal("photos_full")
    return visit is not None and visit.village.sensitive_area


def _refuse_unnamed(visit: "Visit", photo: "Photo") -> None:
    """Refuse what a sheet that is in already does not name, or names with other bytes."""
    if visit.submitted_at is None:
        return
    promised = visit.sheet().declared.get(str(photo.pk))
    if promised is None:
        raise photo_rules.refusal("wrong_state")
    if not photo_rules.same_bytes(promised[1], photo.sha256):
        raise photo_rules.refusal("hash_mismatch")


def join(photo: "Photo") -> bool:
    """Show a photo with the visit whose sheet names it, if that is in already."""
    visit = None if photo.refused else _visit_of(photo)
    if visit is None or visit.submitted_at is None:
        return False
    return bool(attach(visit, visit.sheet(), [photo.pk]))


def attach(visit: "Visit", sheet: Sheet, only: Iterable[UUID] | None = None) -> int:
    """Show the photos that the sheet declares and that are here; what it no longer declares is taken off."""
    declared = sheet.declared
    if only is None:
        _rows("VisitPhoto").filter(visit=visit).exclude(photo__in=list(declared)).delete()
    wanted = list(declared) if only is None else list(only)
    people = [visit.inspector_id, *visit.present.values_list("pk", flat=True)]
    here = _rows("Photo").filter(
        pk__in=wanted, parent_id=visit.pk, side="point", uploader__in=people, refused=""
    )
    fit = [
        photo
        for photo in here
        if str(photo.pk) in declared and photo_rules.same_bytes(declared[str(photo.pk)][1], photo.sha256)
    ]
    _show(visit, declared, fit)
    return len(fit)


def _show(visit: "Visit", declared: dict[str, tuple[str, str]], photos: "list[Photo]") -> None:
    model = apps.get_model("inspections", "VisitPhoto")
    keys = [photo.pk for photo in photos]
    changes: dict[str, Any] = {"parked": False}
    if visit.village.sensitive_area:
        changes |= {"lat": None, "lon": None, "accuracy": None}
    _rows("Photo").filter(pk__in=keys).update(**changes)
    known = dict(_rows("VisitPhoto").filter(visit=visit, photo__in=keys).values_list("photo_id", "point"))
    moved = [photo.pk for photo in photos if known.get(photo.pk, "") not in ("", declared[str(photo.pk)][0])]
    _rows("VisitPhoto").filter(photo__in=moved).delete()
    model._default_manager.bulk_create(
        [model(visit=visit, photo=photo, point=declared[str(photo.pk)][0]) for photo in photos],
        ignore_conflicts=True,
    )


def join_stragglers(*, limit: int = 200) -> int:
    """Show point photos that came in the same moment as their sheet, so that neither saw the other."""
    submitted = _rows("Visit").submitted().filter(pk=OuterRef("parent_id"))
    lost = _rows("Photo").filter(~shown(), Exists(submitted), side="point", refused="", parked=True)
    return sum(join(photo) for photo in lost.select_related("uploader").order_by("received_at")[:limit])


def of_sensitive_villages() -> Q:
    """Return the condition that a visit to a sensitive village shows the photo."""
    sensitive = _rows("VisitPhoto").filter(photo=OuterRef("pk"), visit__village__sensitive_area=True)
    return Q(Exists(sensitive))
