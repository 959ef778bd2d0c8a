"""How a program proves who it is; apart from the views, because DRF imports it while it loads its own."""

import datetime as dt

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.models import LIVE_TOKENS, Token, User


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`: the header's token acts as its user until it expires or is revoked."""

    keyword = b"token"

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Return the user and the token, or nothing where the header is not ours."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        if len(parts) != 2:
            raise exceptions.AuthenticationFailed(_("The token is not valid."), "token_invalid")
        token = live_token(parts[1].decode(errors="replace"), timezone.now())
        _speak(request, token.user)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that makes a refusal a 401."""
        return "Token"


def live_token(key: str, at: dt.datetime) -> Token:
    """Return the token with this key, or raise what is wrong with it."""
    token = LIVE_TOKENS.first(Token.digest_of(key), at)
    if token is None or not token.user.is_active:
        raise exceptions.AuthenticationFailed(_("The token is not valid."), "token_invalid")
    if token.user.must_change_password:
        raise exceptions.PermissionDenied(_("Change your one-time password first."), "must_change_password")
    return token


def _speak(request: Request, user: User) -> None:
    # a program that names no language gets its user's
    if not request.META.get("HTTP_ACCEPT_LANGUAGE") and user.language:
        translation.activate(user.language)
