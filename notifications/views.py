"""A person's own notices."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import user_of
from notifications.models import Notice


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List one's notices, unread first."""
    mine = user_of(request).notices.visible(timezone.now())
    unread = mine.filter(read_at__isnull=True)
    only_unread = request.GET.get("state") == "unread"
    page = Paginator((unread if only_unread else mine).for_list(), 20).get_page(request.GET.get("page"))
    context = {"page": page, "unread": unread.count(), "only_unread": only_unread}
    return render(request, "notifications/notices.html", context)


@require_safe
def open_notice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark a notice as read and go to what it is about."""
    now = timezone.now()
    notice = get_object_or_404(user_of(request).notices.visible(now), pk=pk)
    Notice.objects.filter(pk=notice.pk).mark_read(now)
    return redirect(notice.url or "notices")


@require_POST
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark one notice as read."""
    now = timezone.now()
    notice = get_object_or_404(user_of(request).notices.visible(now), pk=pk)
    Notice.objects.filter(pk=notice.pk).mark_read(now)
    return redirect("notices")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all one's notices as read."""
    user_of(request).notices.mark_read(timezone.now())
    return redirect("notices")
