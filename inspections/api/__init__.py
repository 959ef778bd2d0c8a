"""The API of inspections, one module per noun."""

from inspections.api import photos

urlpatterns = [*photos.urlpatterns]
