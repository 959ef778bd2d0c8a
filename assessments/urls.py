"""The addresses of assessment: each part keeps its own."""

from django.urls import URLPattern, URLResolver, include, path

from assessments.views import adjustments, appeals, entries, periods, publication, sheets, workbooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("periods/", include([*periods.urlpatterns, *sheets.period_urlpatterns, *adjustments.urlpatterns])),
    path("periods/", include([*publication.urlpatterns, *appeals.period_urlpatterns])),
    path("appeals/", include(appeals.urlpatterns)),
    path("sheets/", include([*sheets.urlpatterns, *workbooks.urlpatterns, *entries.urlpatterns])),
]
