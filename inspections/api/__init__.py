"""The API of inspections, one module per noun."""

from inspections.api import findings, photos

urlpatterns = [*photos.urlpatterns, *findings.urlpatterns]
