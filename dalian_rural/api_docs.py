"""The API's documentation: Swagger UI from our own host, under our content security policy."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocsView(SpectacularSwaggerSplitView):
    """Swagger UI whose start-up script is an address of its own, because the policy refuses inline scripts."""

    url_name = "api_schema"
    template_name = "accounts/api_docs.html"
