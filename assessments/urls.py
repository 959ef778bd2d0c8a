"""The addresses of assessment: each part keeps its own."""

from django.urls import URLPattern, URLResolver, include, path

from assessments.views import adjustments, entries, periods, sheets, workbooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/", include([*periods.urlpatterns, *sheets.period_urlpatterns, *adjustments.urlpatterns])),
    path("sheets/", include([*sheets.urlpatterns, *workbooks.urlpatterns, *entries.urlpatterns])),
]
