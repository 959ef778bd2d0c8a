"""The administrator's pages: accounts, posts, one-time passwords, tokens, import."""

import base64
import csv
import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, user_of
from accounts.forms import EndPostForm, ImportForm, PostForm, UserForm
from accounts.lockout import unlock
from accounts.models import Post, Role, User, one_time_password
from accounts.user_import import COLUMNS, Line, UnreadableFile, open_accounts, read_table, read_users
from audit.log import record

PAYLOAD_SALT = "accounts.import"


@require(Role.SYSADMIN)
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """List accounts with the posts of today."""
    today = timezone.localdate()
    words, role, state = (request.GET.get(key, "") for key in ("q", "role", "state"))
    found = User.objects.search(words)
    if role in Role.values:
        found = found.filter(pk__in=Post.objects.on(today).filter(role=role).values("user_id"))
    if state in ("active", "closed"):
        found = found.filter(is_active=state == "active")
    posts = Prefetch(
        "posts", Post.objects.on(today).select_related("division", "organisation"), "posts_today"
    )
    pages = Paginator(found.select_related("person").prefetch_related(posts).order_by("username"), 20)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "q": words,
        "role": role,
        "state": state,
        "roles": Role.choices,
        "filtered": bool(words or role or state),
    }
    return render(request, "accounts/users.html", context)


@require(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one account and change its name, person and mail address."""
    account = get_object_or_404(User.objects.select_related("person"), pk=pk)
    form = UserForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        account.describe(person=form.cleaned_data["person"], **_written(form))
        messages.success(request, _("Saved."))
        return redirect(account)
    return _user_page(request, account, form=form)


def _written(form: UserForm) -> dict[str, str]:
    return {key: form.cleaned_data[key] for key in ("username", "name", "email")}


def _user_page(request: HttpRequest, account: User, **forms: Any) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    posts = account.posts.select_related("division", "organisation", "deputy_for__user").order_by(
        "-since", "pk"
    )
    context = {
        "account": account,
        "posts": posts,
        "today": today,
        "form": UserForm(instance=account),
        "post_form": PostForm(user=account, on=today),
        "tokens": account.tokens.live(now).order_by("-created_at"),
    }
    return render(request, "accounts/user.html", context | forms)


@never_cache
@require(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def user_new(request: HttpRequest) -> HttpResponse:
    """Make an account with its first post; the one-time password is shown on the answer only."""
    today = timezone.localdate()
    blank = User()
    form = UserForm(request.POST or None, instance=blank)
    post_form = PostForm(request.POST or None, user=blank, on=today, prefix="post")
    if request.method == "POST" and form.is_valid() and post_form.is_valid():
        password = one_time_password()
        account = User.objects.open_account_with_post(
            password=password, post=post_form.as_post(), person=form.cleaned_data["person"], **_written(form)
        )
        return render(
            request, "accounts/password_once.html", {"account": account, "password": password, "made": True}
        )
    return render(request, "accounts/user_new.html", {"form": form, "post_form": post_form})


@never_cache
@require_POST
@require(Role.SYSADMIN)
def user_reset(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Set a one-time password, lift a lockout, and show the password once."""
    account = get_object_or_404(User, pk=pk)
    password = account.reset_password(at=timezone.now())
    unlock(account.username)
    record(request, "password_reset", obj=account)
    return render(request, "accounts/password_once.html", {"account": account, "password": password})


@require_POST
@require(Role.SYSADMIN)
def user_active(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close or re-open an account; nobody closes their own."""
    account = get_object_or_404(User, pk=pk)
    if account == user_of(request):
        messages.error(request, _("You cannot close your own account."))
    elif account.is_active:
        account.deactivate(at=timezone.now())
        messages.success(request, _("The account is closed."))
    else:
        account.reactivate()
        messages.success(request, _("The account is open again."))
    return redirect(account)


@require_POST
@require(Role.SYSADMIN)
def user_tokens(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Revoke the tokens of an account."""
    account = get_object_or_404(User, pk=pk)
    count = account.tokens.revoke(at=timezone.now())
    messages.success(request, _("%(count)d tokens revoked.") % {"count": count})
    return redirect(account)


@require_POST
@require(Role.SYSADMIN)
def post_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add a dated post."""
    account = get_object_or_404(User, pk=pk)
    form = PostForm(request.POST, user=account, on=timezone.localdate())
    if form.is_valid():
        account.take_post(form.as_post())
        messages.success(request, _("The post has been added."))
        return redirect(account)
    return _user_page(request, account, post_form=form)


@require_POST
@require(Role.SYSADMIN)
def post_end(request: HttpRequest, pk: UUID, post: UUID) -> HttpResponse:
    """Let a post end on a day."""
    row = get_object_or_404(Post.objects.select_related("user"), pk=post, user_id=pk)
    form = EndPostForm(request.POST, post=row)
    if form.is_valid():
        row.end(on=form.cleaned_data["until"])
        messages.success(request, _("The post ends on %(day)s.") % {"day": row.until})
    else:
        messages.error(request, " ".join(str(error) for error in form.errors.get("until", [])))
    return redirect(row.user)


@require(Role.SYSADMIN)
@require_http_methods(["GET", "POST"])
def users_import(request: HttpRequest) -> HttpResponse:
    """Read a list of users and show what would happen: nothing is changed yet."""
    form = ImportForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "columns": COLUMNS}
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            reading = read_users(read_table(upload.name, upload.read()), timezone.localdate())
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            context["reading"] = reading
            if reading.lines and not reading.troubles:
                context["payload"] = signing.dumps(
                    [line.as_json() for line in reading.lines], salt=PAYLOAD_SALT, compress=True
                )
    return render(request, "accounts/import.html", context)


@never_cache
@require_POST
@require(Role.SYSADMIN)
def users_import_confirm(request: HttpRequest) -> HttpResponse:
    """Make the accounts of a dry run, all or none, and show their passwords once."""
    try:
        rows = signing.loads(request.POST.get("payload", ""), salt=PAYLOAD_SALT, max_age=3600)
    except signing.BadSignature:
        messages.error(request, _("The dry run is too old. Upload the file again."))
        return redirect("users_import")
    taken, made = open_accounts([Line(**row) for row in rows], timezone.localdate())
    if taken:
        messages.error(
            request, _("Meanwhile taken: %(names)s. Nothing was made.") % {"names": "、".join(taken)}
        )
        return redirect("users_import")
    record(request, "import", label=_("Users"), count=len(made))
    return render(request, "accounts/passwords_once.html", {"made": made, "file": _as_csv(made)})


def _as_csv(made: list[tuple[User, str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("User name"), _("Name"), _("One-time password")])
    writer.writerows([user.username, _plain(user.name), password] for user, password in made)
    return base64.b64encode(out.getvalue().encode("utf-8-sig")).decode()


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@" else text
