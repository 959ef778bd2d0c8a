"""Two pages that only the measurements serve: nothing at all, and the frame around nothing; the rest is the product."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from dalian_rural.urls import *  # noqa: F403
from dalian_rural.urls import urlpatterns as product


def bare(request: HttpRequest) -> HttpResponse:
    """Answer a signed-in user without content: what middleware, session and user cost."""
    return HttpResponse(str(request.user.pk))


def frame(request: HttpRequest) -> HttpResponse:
    """Show base.html without content."""
    return render(request, "base.html")


urlpatterns = [path("bench/bare/", bare), path("bench/frame/", frame), *product]
