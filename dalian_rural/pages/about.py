"""Who runs this site, and the way to complain or suggest: open to everybody, signed in or not."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.models import Role
from dalian_rural.models import Feedback, FeedbackRefused

READERS = (Role.CITY_OFFICE, Role.SYSADMIN)
ROWS = 20


class FeedbackForm(forms.ModelForm):
    class Meta:
        model = Feedback
        fields = ("kind", "text", "name", "contact")
        widgets = {"kind": forms.RadioSelect, "text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {
            "text": gettext_lazy(
                "What happened, where and when. Please no passwords and no identity numbers."
            ),
            "name": gettext_lazy("May be left empty."),
            "contact": gettext_lazy("Telephone or mail, if you would like an answer."),
        }


class AnswerForm(forms.Form):
    remark = forms.CharField(max_length=1000, strip=True)


@login_not_required
@require_http_methods(["GET", "POST"])
def about(request: HttpRequest) -> HttpResponse:
    """Show who runs the site, or store a complaint or suggestion."""
    form = FeedbackForm(request.POST if request.method == "POST" else None, initial={"kind": "suggestion"})
    if form.is_bound and form.is_valid():
        try:
            address = request.META.get("REMOTE_ADDR", "")
            Feedback.objects.receive(at=timezone.now(), address=address, **form.cleaned_data)
            messages.success(request, _("Thank you. It was stored, and the office will read it."))
            return redirect("about")
        except FeedbackRefused as refused:
            form.add_error(None, str(refused))
    context = {
        "form": form,
        "sponsor": settings.ABOUT_SPONSOR,
        "filing_number": settings.ABOUT_FILING_NUMBER,
        "complaints": settings.ABOUT_COMPLAINTS,
        "version": settings.APP_VERSION,
    }
    return render(request, "pages/about.html", context, status=200)


@require(*READERS)
@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    """Show what was sent in, unanswered first."""
    page = Paginator(Feedback.objects.for_list(), ROWS).get_page(request.GET.get("page"))
    return render(request, "pages/feedback.html", {"page": page})


@require(*READERS)
@require_POST
def feedback_done(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record what was done about it."""
    row = get_object_or_404(Feedback, pk=pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please write what was done."))
    elif not row.finish(by=user_of(request), at=timezone.now(), remark=form.cleaned_data["remark"]):
        messages.error(request, _("A colleague has already dealt with it."))
    return redirect("feedback")
