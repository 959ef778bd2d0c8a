"""The API of inspections, one module per noun."""

from inspections.api import files, findings, meetings, photos

# the files first: a step may be called anything but that
urlpatterns = [*photos.urlpatterns, *files.urlpatterns, *findings.urlpatterns, *meetings.urlpatterns]
