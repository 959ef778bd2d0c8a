"""The table of holidays and make-up workdays, by year."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.log import record
from villages.access import REGISTRARS, require, today
from villages.forms import HolidayForm
from villages.models import Holiday


@require(*REGISTRARS)
@require_http_methods(["GET", "POST"])
def holidays(request: HttpRequest) -> HttpResponse:
    """Show a year's table and take another day."""
    years = Holiday.objects.years()
    this_year = today().year
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and 1900 < int(asked) < 2200 else this_year
    form = HolidayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(f"{reverse('holidays')}?year={form.instance.day.year}")
    context = {
        "form": form,
        "year": year,
        "years": sorted({*range(this_year - 2, this_year + 2), year}),
        "covered": years,
        "is_covered": year in years,
        "rows": Holiday.objects.filter(day__year=year).order_by("day"),
    }
    return render(request, "villages/holidays.html", context)


@require(*REGISTRARS)
@require_POST
def holiday_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a day out of the table."""
    row = get_object_or_404(Holiday, pk=pk)
    row.delete()
    record(request, "remove", label=str(row))
    return redirect(f"{reverse('holidays')}?year={row.day.year}")


@require(*REGISTRARS)
@require_POST
def holidays_seed(request: HttpRequest) -> HttpResponse:
    """Add the days that the installed library knows."""
    added = Holiday.objects.seed()
    messages.success(request, _("%(count)s days were added.") % {"count": added})
    return redirect("holidays")


urlpatterns = [
    path("holidays/", holidays, name="holidays"),
    path("holidays/seed/", holidays_seed, name="holidays_seed"),
    path("holidays/<int:pk>/remove/", holiday_remove, name="holiday_remove"),
]
