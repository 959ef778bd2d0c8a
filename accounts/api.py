"""Tokens for programs."""

import datetime as dt
from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import TokenAuthentication
from accounts.lockout import remaining_minutes
from accounts.models import Token, User
from audit.log import record


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library is untyped here
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe the header in the schema."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"}


class Credentials(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class IssuedToken(serializers.Serializer):
    token = serializers.CharField()
    expires = serializers.DateTimeField()


class LockedOut(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "locked_out"


class TokenView(APIView):
    """Exchange name and password for a token, or give a token back."""

    permission_classes = [AllowAny]

    @extend_schema(request=Credentials, responses={201: IssuedToken}, auth=[])
    def post(self, request: Request) -> Response:
        """Make a token."""
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        at = timezone.now()
        user = check_password(request._request, at=at, **form.validated_data)
        token, key = Token.objects.issue(user, at=at)
        record(request._request, "token", actor=user, obj=user, at=at)
        return Response({"token": key, "expires": token.expires_at}, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token that the request carries."""
        if not isinstance(request.auth, Token):
            raise exceptions.NotAuthenticated
        Token.objects.filter(pk=request.auth.pk).revoke(at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def check_password(request: HttpRequest, *, at: dt.datetime, username: str, password: str) -> User:
    """Return the user; a wrong password counts towards the same lockout as at the sign-in page."""
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User):
        if user.must_change_password:
            raise exceptions.PermissionDenied(
                _("Change your one-time password first."), "must_change_password"
            )
        return user
    if getattr(request, "axes_locked_out", False):
        minutes = remaining_minutes(request, username, at)
        # the flag would make the middleware answer with the page for people
        request.axes_locked_out = False  # type: ignore[attr-defined]
        raise LockedOut(
            _("Too many failed attempts. Try again in %(minutes)d minutes.") % {"minutes": minutes}
        )
    raise exceptions.AuthenticationFailed(_("User name or password is wrong."), "wrong_password")
