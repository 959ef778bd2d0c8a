"""Is the installation well: one line per part, each with a time limit, as a page and for monitoring as JSON."""

import hmac
import queue
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.models import Role, User
from dalian_rural.celery import app as celery_app
from dalian_rural.models import Heartbeat
from inspections.models import Photo, Sweep
from notifications.models import Message, Notice
from villages.models import Holiday

SECONDS = 3.0
PATIENCE = timedelta(minutes=10)
# The coming year's holidays are published in November at the latest.
HOLIDAYS_EXPECTED = (11, 1)
OK, WARNING, FAILED = "ok", "warning", "failed"


@dataclass(frozen=True)
class Check:
    """What one part says: `level` is ok, warning or failed; `text` is for people."""

    name: str
    label: str
    level: str
    text: str = ""


Verdict = tuple[str, str]


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process lives; asks nothing of the database."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def status(request: HttpRequest) -> HttpResponseBase:
    """Show how the parts are; JSON with the monitoring token or for a signed-in administrator."""
    if not has_token(request):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not isinstance(request.user, User) or not request.user.has_role(
            Role.SYSADMIN, timezone.localdate()
        ):
            raise Http404
    checks = all_checks(request, timezone.now())
    worst = worst_of(checks)
    if has_token(request) or request.GET.get("format") == "json":
        body = {"status": worst, "version": settings.APP_VERSION, "checks": [vars(check) for check in checks]}
        return JsonResponse(body, status=503 if worst == FAILED else 200)
    context = {"checks": checks, "worst": worst, "version": settings.APP_VERSION, "levels": LEVELS}
    return render(request, "pages/status.html", context)


def has_token(request: HttpRequest) -> bool:
    """Tell whether the request carries the monitoring token."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    return bool(settings.STATUS_TOKEN) and hmac.compare_digest(sent, settings.STATUS_TOKEN.encode())


LEVELS = {OK: gettext_lazy("Good"), WARNING: gettext_lazy("Look at it"), FAILED: gettext_lazy("Failed")}


def worst_of(checks: Iterable[Check]) -> str:
    """Return the worst level among the checks."""
    return max((check.level for check in checks), key=[OK, WARNING, FAILED].index, default=OK)


def all_checks(request: HttpRequest, at: datetime) -> list[Check]:
    """Ask every part. What can hang is asked in threads of its own, all at once, and given up after a while."""
    answers = in_threads(
        {
            "broker": broker,
            "storage": lambda: round_trip("default"),
            "sealed_storage": lambda: round_trip("sealed"),
        }
    )
    checks = [guarded("database", _("Database"), database)]
    labels = {"broker": _("Broker"), "storage": _("Photo storage"), "sealed_storage": _("Sealed storage")}
    checks += [Check(name, label, *answers[name]) for name, label in labels.items()]
    if checks[0].level == OK:
        checks += [guarded(name, str(label), ask, at) for name, (label, ask) in OF_ROWS.items()]
    return [*checks, Check("origin", _("Secure origin"), *origin(request))]


def guarded(name: str, label: str, ask: Callable[..., Verdict], *args: datetime) -> Check:
    """Ask one part; an error is its answer and never the page's."""
    try:
        return Check(name, label, *ask(*args))
    except Exception as error:
        return Check(name, label, FAILED, type(error).__name__)


def in_threads(asks: dict[str, Callable[[], Verdict]], seconds: float = SECONDS) -> dict[str, Verdict]:
    """Ask several parts at once; one that does not answer in time has failed and is left behind."""
    inbox: queue.Queue[tuple[str, Verdict]] = queue.Queue()

    def answer(name: str, ask: Callable[[], Verdict]) -> None:
        check = guarded(name, "", ask)
        inbox.put((name, (check.level, check.text)))

    for name, ask in asks.items():
        threading.Thread(target=answer, args=(name, ask), daemon=True).start()
    answers: dict[str, Verdict] = dict.fromkeys(asks, (FAILED, _("no answer in time")))
    ends = timezone.now() + timedelta(seconds=seconds)
    for _name in asks:
        try:
            name, verdict = inbox.get(timeout=max(0.0, (ends - timezone.now()).total_seconds()))
        except queue.Empty:
            break
        answers[name] = verdict
    return answers


# --- the parts ----------------------------------------------------------------------------------------------------
def database() -> Verdict:
    """Ask the database for its version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK, connection.vendor


def broker_address() -> str:
    """Return where the broker is."""
    return str(settings.CELERY_BROKER_URL)


def broker() -> Verdict:
    """Connect to the broker, once and briefly; the answer names its kind, never its address."""
    kind = broker_address().partition(":")[0]
    if kind == "filesystem":
        folder = Path(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]))
        return (OK, kind) if folder.is_dir() else (FAILED, kind)
    options = {"socket_connect_timeout": 1, "socket_timeout": 2, "max_retries": 0}
    with celery_app.connection_for_write(url=broker_address(), transport_options=options) as link:
        link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    return OK, kind


def round_trip(alias: str) -> Verdict:
    """Write, read and delete a small file."""
    storage, content = storages[alias], uuid.uuid4().bytes
    name = storage.save(f"status/{uuid.uuid4()}", ContentFile(content))
    try:
        with storage.open(name) as file:
            same = file.read() == content
    finally:
        storage.delete(name)
    return (OK, "") if same else (FAILED, "")


def seen_lately(last: datetime | None, at: datetime, within: timedelta) -> Verdict:
    """Judge a sign of life by its age."""
    if last is None:
        return FAILED, _("never seen")
    text = f"{timezone.localtime(last):%Y-%m-%d %H:%M:%S}"
    return (OK, text) if at - last <= within else (FAILED, text)


def heartbeat(name: str, at: datetime) -> Verdict:
    """Judge the last sign of life of a process."""
    return seen_lately(
        Heartbeat.objects.filter(name=name).values_list("at", flat=True).first(), at, PATIENCE / 4
    )


def last_sweep(at: datetime) -> Verdict:
    """Judge when the reminder sweep last came to its end."""
    return seen_lately(
        Sweep.objects.filter(name="reminders").values_list("at", flat=True).first(), at, PATIENCE
    )


def unsent_notices(at: datetime) -> Verdict:
    """Count urgent notices that should have left a while ago."""
    count = Notice.objects.unsent(at).filter(urgent=True, send_after__lt=at - PATIENCE).count()
    text = ngettext("%(count)s urgent notice waits", "%(count)s urgent notices wait", count) % {
        "count": count
    }
    return (WARNING if count else OK), text


def failing_messages(at: datetime) -> Verdict:
    """Count outside messages that were tried in vain."""
    failing = Message.objects.failing()
    count, error = failing.count(), failing.values_list("error", flat=True).first()
    text = ngettext("%(count)s message failing", "%(count)s messages failing", count) % {"count": count}
    return (WARNING, f"{text} ({error})") if count else (OK, text)


def holidays(at: datetime) -> Verdict:
    """Judge whether the holiday table reaches far enough; the coming year is expected from 1 November."""
    return judge_coverage(Holiday.objects.calendar().ends, timezone.localdate(at))


def judge_coverage(ends: date, on: date) -> Verdict:
    """Judge the last day that the holiday table covers."""
    text = _("covers up to %(day)s") % {"day": f"{ends:%Y-%m-%d}"}
    if ends < on:
        return FAILED, text
    if (on.month, on.day) >= HOLIDAYS_EXPECTED and ends.year <= on.year:
        return WARNING, _("%(covers)s; enter the holidays of %(year)s") % {
            "covers": text,
            "year": on.year + 1,
        }
    return OK, text


def photos_without_copies(at: datetime) -> Verdict:
    """Count photos whose copies should have been made a while ago."""
    count = Photo.objects.filter(made_at=None, refused="", received_at__lt=at - PATIENCE).count()
    text = ngettext("%(count)s photo waits", "%(count)s photos wait", count) % {"count": count}
    return (WARNING if count else OK), text


def origin(request: HttpRequest) -> Verdict:
    """Say whether browsers treat the address as secure: camera, service worker and digests need it."""
    site = urlsplit(settings.SITE_URL)
    local = site.hostname in {"localhost", "127.0.0.1", "::1"}
    if site.scheme == "https" and not request.is_secure():
        return WARNING, _("%(url)s is secure, this request came without TLS") % {"url": settings.SITE_URL}
    if site.scheme == "https" or local:
        return OK, settings.SITE_URL
    return WARNING, _("%(url)s is not secure: phones refuse the camera there") % {"url": settings.SITE_URL}


OF_ROWS: dict[str, tuple[object, Callable[[datetime], Verdict]]] = {
    "worker": (gettext_lazy("Worker"), lambda at: heartbeat("worker", at)),
    "beat": (gettext_lazy("Beat"), lambda at: heartbeat("beat", at)),
    "sweep": (gettext_lazy("Last reminder sweep"), last_sweep),
    "notices": (gettext_lazy("Unsent notices"), unsent_notices),
    "messages": (gettext_lazy("Outside messages"), failing_messages),
    "holidays": (gettext_lazy("Holiday table"), holidays),
    "photos": (gettext_lazy("Photos without copies"), photos_without_copies),
}
