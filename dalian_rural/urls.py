from django.urls import include, path

from dalian_rural.pages.tiles import tiles
from dalian_rural.pages.village import village

urlpatterns = [
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("accounts.views.handover")),
    path("villages/tiles/", tiles, name="tiles"),
    path("villages/", include("villages.urls")),
    path("villages/<uuid:pk>/", village, name="village"),
    path("guidance/", include("schemes.urls")),
    path("schemes/", include("schemes.scheme_urls")),
    path("notices/", include("notifications.urls")),
    path("audit/", include("audit.urls")),
    path("findings/", include("inspections.urls")),
    path("rounds/", include("inspections.views.rounds_urls")),
    path("visits/", include("inspections.views.rechecks")),
    path("visits/", include("inspections.views.visits")),
    path("meetings/", include("inspections.views.meetings")),
    path("lookbacks/", include("inspections.views.lookbacks")),
    path("", include("assessments.urls")),
    path("api/v1/", include("dalian_rural.api")),
    path("", include("dalian_rural.pages.urls")),
]

handler404 = "dalian_rural.pages.errors.not_found"
handler403 = "dalian_rural.pages.errors.forbidden"
handler500 = "dalian_rural.pages.errors.server_error"
handler400 = "dalian_rural.pages.errors.bad_request"
