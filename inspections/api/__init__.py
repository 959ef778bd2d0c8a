"""The API of inspections, one module per noun."""

from inspections.api import files, findings, lookbacks, meetings, photos, rounds, visits

# the files first: a step may be called anything but that
urlpatterns = [
    *photos.urlpatterns,
    *files.urlpatterns,
    *findings.urlpatterns,
    *meetings.urlpatterns,
    *lookbacks.urlpatterns,
    *visits.urlpatterns,
    *rounds.urlpatterns,
]
