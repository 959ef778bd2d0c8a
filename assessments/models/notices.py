"""Who is told when a period or its sheets open, and when a sheet comes back. No notice says what is in a sheet."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Post, Role, User
from notifications.models import Notice

if TYPE_CHECKING:
    from assessments.models.periods import Period
    from assessments.models.sheets import Sheet


def owners_of(sheets: "Iterable[Sheet]", on: date) -> "dict[Sheet, list[User]]":
    """Return who fills in each sheet today: two queries for all."""
    rows = list(sheets)
    posts = list(Post.objects.on(on).filter(role__in=(Role.COUNTY_OFFICE, Role.DEPARTMENT)))
    users = {user.pk: user for user in User.objects.filter(is_active=True, pk__in={p.user_id for p in posts})}
    found: dict[Sheet, list[User]] = {}
    for sheet in rows:
        people = {post.user_id for post in posts if _owns(post, sheet)}
        found[sheet] = [users[pk] for pk in sorted(people) if pk in users]
    return found


def _owns(post: Post, sheet: "Sheet") -> bool:
    if sheet.unit_id:
        return post.role == Role.COUNTY_OFFICE and post.division_id == sheet.unit_id
    return post.role == Role.DEPARTMENT and post.organisation_id == sheet.organisation_id


def period_opened(period: "Period", at: datetime) -> None:
    """Tell everybody who owes a sheet that it is there to be filled in."""
    due = period.sheets_due_on

    def text() -> str:
        return _("%(period)s is open: your sheet is due on %(day)s.") % {"period": period, "day": due}

    sheets = period.sheets.select_related("period", "unit", "organisation")
    for sheet, people in owners_of(sheets, timezone.localdate(at)).items():
        Notice.objects.tell(
            people,
            key=f"sheet:{sheet.pk}:begun",
            text=text,
            url=sheet.get_absolute_url(),
            at=at,
            step="sheet_begun",
        )


def sheets_opened(period: "Period", at: datetime) -> None:
    """Tell the county offices that they may read what was assessed of their units."""

    def text() -> str:
        return _("%(period)s: the sheets are open. Look at the deductions of your unit.") % {"period": period}

    people = User.objects.holding(Role.COUNTY_OFFICE, timezone.localdate(at))
    Notice.objects.tell(
        people, key=f"period:{period.pk}:sheets_opened", text=text, url=period.get_absolute_url(), at=at,
        step="sheets_opened",
    )  # fmt: skip


def sent_back(sheet: "Sheet", at: datetime) -> None:
    """Tell its owner that a sheet came back, and why."""

    def text() -> str:
        words = {"period": sheet.period, "reason": sheet.returned_reason}
        return _("Your sheet of %(period)s is sent back: %(reason)s") % words

    (people,) = owners_of([sheet], timezone.localdate(at)).values()
    Notice.objects.tell(
        people, key=f"sheet:{sheet.pk}:back:{sheet.version}", text=text, url=sheet.get_absolute_url(), at=at,
        step="sheet_back", urgent=True,
    )  # fmt: skip
