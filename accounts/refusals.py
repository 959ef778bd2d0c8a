"""A refusal of the API that is given before any API view runs (RFC 9457)."""

from django.http import HttpRequest, JsonResponse


def problem_body(request: HttpRequest, status: int, code: str, detail: str) -> dict[str, object]:
    """Return the problem document that every refusal of the API has the shape of."""
    return {
        "type": "about:blank",
        "title": detail,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
        "reference": getattr(request, "request_id", ""),
    }


def api_refusal(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    """Answer with a problem document."""
    body = problem_body(request, status, code, detail)
    return JsonResponse(body, status=status, content_type="application/problem+json")
