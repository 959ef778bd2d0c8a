"""The API of assessment, one module per noun."""

from assessments.api import periods, sheets

urlpatterns = [
    *periods.urlpatterns,
    *sheets.urlpatterns,
]
