from villages.views import areas, coverage, difficulties, holidays, imports, places, roster

urlpatterns = [
    *coverage.urlpatterns,
    *roster.urlpatterns,
    *imports.urlpatterns,
    *areas.urlpatterns,
    *holidays.urlpatterns,
    *places.urlpatterns,
    *difficulties.urlpatterns,
]
