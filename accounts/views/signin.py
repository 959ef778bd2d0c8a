"""Signing in and out, the password, the profile, the language."""

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import user_of
from accounts.forms import PasswordForm, ProfileForm
from accounts.language import remember_language
from accounts.lockout import remaining_minutes
from accounts.models import User
from accounts.refusals import api_refusal


class SignInView(LoginView):
    """allauth's sign-in under our page."""

    template_name = "accounts/sign_in.html"
    http_method_names = ["get", "head", "post", "options"]  # a form view would take PUT for POST

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demo's accounts, while there are any."""
        demo = User.objects.filter(demo=True, is_active=True).order_by("date_joined")
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"demo_accounts": demo, "demo_password": settings.DEMO_PASSWORD}


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Say that this name is locked at this address, and for how long."""
    username = str((credentials or {}).get("username") or request.POST.get("login", ""))
    minutes = remaining_minutes(request, username, timezone.now())
    if request.path.startswith(settings.API_PREFIX):
        text = _("Too many failed attempts. Try again in %(minutes)d minutes.") % {"minutes": minutes}
        return api_refusal(request, 429, "locked_out", text)
    return render(request, "accounts/locked_out.html", {"minutes": minutes, "username": username}, status=429)


@require_POST
@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("account_login")


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language, on this device and for the user, and go back to the page it was asked on."""
    language = request.POST.get("language", "")
    response = redirect(_back(request))
    if language in dict(settings.LANGUAGES):
        remember_language(response, language)
        if isinstance(request.user, User):
            request.user.choose_language(language)
    return response


def _back(request: HttpRequest) -> str:
    for url in (request.POST.get("next", ""), request.META.get("HTTP_REFERER", "")):
        if url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
            return url
    return reverse("home")


@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password (after a one-time password before anything else)."""
    user = user_of(request)
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user.choose_password(form.cleaned_data["new"])
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password has been changed."))
        return redirect("home")
    return render(
        request, "accounts/change_password.html", {"form": form, "forced": user.must_change_password}
    )


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show one's own account and change how pages look."""
    user = user_of(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        return _with_look(redirect("profile"), user, request)
    now = timezone.now()
    context = {
        "form": form,
        "posts": user.posts_on(timezone.localdate(now)),
        "tokens": user.tokens.live(now).order_by("-created_at"),
    }
    return render(request, "accounts/profile.html", context)


def _with_look(response: HttpResponse, user: User, request: HttpRequest) -> HttpResponse:
    # these cookies win over the account on this device, so the choice must reach them too
    if user.language:
        remember_language(response, user.language)
        translation.activate(user.language)
    for name, value in (("theme", user.theme), ("large_text", "1" if user.large_text else "0")):
        response.set_cookie(
            name, value, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    messages.success(request, _("Saved."))
    return response


@require_POST
def revoke_own_tokens(request: HttpRequest) -> HttpResponse:
    """Revoke all of one's own tokens."""
    count = user_of(request).tokens.revoke(at=timezone.now())
    messages.success(request, _("%(count)d tokens revoked.") % {"count": count})
    return redirect("profile")
