from django.urls import path

from dalian_rural.pages import status

urlpatterns = [
    path("healthz/", status.healthz, name="healthz"),
    path("status/", status.status, name="status"),
]
