"""The addresses of the API: each app brings its own `api.urlpatterns`."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularAPIView

from accounts.api import TokenView
from dalian_rural.api_docs import ApiDocsView

APPS = ("notifications", "villages", "schemes", "inspections", "plans", "assessments", "rewards")


def routes_of(app: str) -> list[URLPattern | URLResolver]:
    """Return the API routes of an app; an app without an API has no `api` module."""
    if find_spec(f"{app}.api") is None:
        return []
    return list(import_module(f"{app}.api").urlpatterns)


urlpatterns: list[URLPattern | URLResolver] = [
    path("token/", TokenView.as_view(), name="api_token"),
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("docs/", login_required(ApiDocsView.as_view()), name="api_docs"),
    *(route for app in APPS for route in routes_of(app)),
]
