"""What a form that a page sends itself is answered: where it leads, or the page that says what is wrong.

Whatever else comes (a lost line, the sign-in page, a fault) confirms nothing: the page keeps what was typed and sends
it again. Only for forms that may arrive twice.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
HEADER = "X-Confirm"


def confirmed(view: View[P]) -> View[P]:
    """Let a page that asks be told by a header whether its form was taken in."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if HEADER not in request.headers or response.status_code not in (200, 302):
            return response
        if isinstance(response, HttpResponseRedirect):
            return JsonResponse({"url": response.url}, headers={HEADER: "done"})
        response[HEADER] = "wrong"
        return response

    return answer
