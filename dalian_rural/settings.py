"""One settings file, driven by the environment (see .env.example).

Loud on purpose: without a SECRET_KEY nothing starts, and DEBUG is off unless asked for.
"""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))

SECRET_KEY = env("SECRET_KEY")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CSRF_FAILURE_VIEW = "dalian_rural.pages.errors.csrf_failure"
# The address that people type; used in mails and by the status page to say whether the origin is secure.
SITE_URL = env("SITE_URL", default="http://localhost:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "villages",
    "accounts",
    "notifications",
    "schemes",
    "plans",
    "inspections",
    "assessments",
    "rewards",
    "dalian_rural",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "audit.middleware.AuditMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.FirstSignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "dalian_rural.urls"
WSGI_APPLICATION = "dalian_rural.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "dalian_rural.pages.context.shell",
            ],
        },
    },
]

# --- data -----------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR}/db.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # a database that is away is said so within seconds, on the status page too
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# "sealed" holds originals exactly as received and is never served inline; "default" holds what people may see.
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "media")},
    },
    "sealed": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "sealed")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if S3_BUCKET := env("S3_BUCKET", default=""):
    S3_OPTIONS = {
        "bucket_name": S3_BUCKET,
        "endpoint_url": env("S3_ENDPOINT_URL"),
        "access_key": env("S3_ACCESS_KEY"),
        "secret_key": env("S3_SECRET_KEY"),
        "region_name": env("S3_REGION", default="us-east-1"),
        "addressing_style": env("S3_ADDRESSING_STYLE", default="path"),
        "signature_version": "s3v4",
        "file_overwrite": False,
        "default_acl": None,
    }
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {**S3_OPTIONS, "location": "media"},
    }
    STORAGES["sealed"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {**S3_OPTIONS, "location": "sealed"},
    }

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
if env.bool("PLAIN_STATIC", default=False):  # tests: no manifest, straight from the source folders
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True

FILE_UPLOAD_TEMP_DIR = env("UPLOAD_TEMP_DIR", default=None)
DATA_UPLOAD_MAX_NUMBER_FILES = 100
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- people ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    # allauth signs in through this one too: its own backend would only hash a wrong password a second time
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm"}
ACCOUNT_SESSION_REMEMBER = True  # until SESSION_COOKIE_AGE, without asking
ACCOUNT_RATE_LIMITS = False  # django-axes counts failures, in the database, and says how long it takes
DEMO_PASSWORD = "demo-2023"  # noqa: S105  shown at the sign-in page while the demo is loaded
TOKEN_DAYS = env.int("TOKEN_DAYS", default=90)
AXES_FAILURE_LIMIT = env.int("LOCKOUT_FAILURES", default=5)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time shown is the time it takes
AXES_VERBOSE = False  # the audit log says it
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
# Production runs behind exactly one proxy (nginx); dalian_rural.proxy takes the visitor's address from it.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True

# --- language and time ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["dalian_rural.formats"]

# --- broker and workers ---------------------------------------------------------------------------------------
BROKER_URL = env("BROKER_URL", default=f"filesystem://{VAR_DIR}/broker")
CELERY_BROKER_URL = BROKER_URL
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1800
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A page never waits for a dead broker: the sweep does the work once the broker is back.
CELERY_TASK_PUBLISH_RETRY = False
# Without max_retries kombu itself tries for six seconds, whatever the line above says.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
}
if BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_URL = "filesystem://"
    _broker_dir = Path(BROKER_URL.removeprefix("filesystem://"))
    _broker_dir.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker_dir),
        "data_folder_out": str(_broker_dir),
        "control_folder": str(_broker_dir / "control"),
    }

# --- mail and other channels ----------------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="noreply@localhost")
# Group channels of the whole city (DingTalk, WeCom, Feishu …) as apprise addresses; they carry counts only.
NOTIFY_APPRISE_URLS = env.list("NOTIFY_APPRISE_URLS", default=[])
DIGEST_HOUR = env.int("DIGEST_HOUR", default=8)

# --- security -------------------------------------------------------------------------------------------------
SECURE = env.bool("SECURE", default=False)  # TLS ends at nginx
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# --- API ------------------------------------------------------------------------------------------------------
API_PREFIX = "/api/"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "dalian_rural.problems.Pages",
    "PAGE_SIZE": 20,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "dalian_rural.problems.handler",
    "DATETIME_FORMAT": "iso-8601",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dalian Rural",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # fields of several rows share a name; each set of choices has one of its own
    "ENUM_NAME_OVERRIDES": {
        "FindingStateEnum": "inspections.steps.State",
        "MeetingStateEnum": "inspections.meeting_steps.MeetingState",
        "FindingKindEnum": "inspections.models.base.FindingBase.Kind",
        "FindingSourceEnum": "inspections.models.base.FindingBase.Source",
        "PhotoSourceEnum": "inspections.models.photos.Photo.Source",
        "VisitKindEnum": "inspections.models.rounds.VisitKind",
        "RoundStateEnum": "inspections.models.rounds.RoundState",
        "MissReasonEnum": "inspections.models.planned.MissReason",
        "ObservationPointEnum": "inspections.points.Point",
        "ResponsibilityKindEnum": "villages.models.persons.Responsibility.Kind",
        "PeriodKindEnum": "assessments.models.periods.Period.Kind",
        "PeriodStateEnum": "assessments.steps.PeriodState",
        "SheetStateEnum": "assessments.steps.SheetState",
        "SheetSourceEnum": "assessments.models.sheets.Sheet.Source",
    },
}

# --- rules whose numbers the article does not give: settings with their default (docs/rules.md) -----------------
UNDO_SECONDS = env.int("UNDO_SECONDS", default=10)
ISSUE_INCOMPLETE_AFTER_HOURS = env.int("ISSUE_INCOMPLETE_AFTER_HOURS", default=24)
COUNTY_CHECK = env.bool("COUNTY_CHECK", default=True)
COUNTY_CHECK_WORKING_DAYS = env.int("COUNTY_CHECK_WORKING_DAYS", default=1)
RETURN_EXTRA_DAYS = env.int("RETURN_EXTRA_DAYS", default=2)
PHOTO_MAX_BYTES = env.int("PHOTO_MAX_BYTES", default=20 * 1024 * 1024)
PHOTO_MAX_PIXELS = env.int("PHOTO_MAX_PIXELS", default=50_000_000)
PHOTOS_PER_SIDE = env.int("PHOTOS_PER_SIDE", default=9)
# before-photos one person may have under ids that no report has taken yet
PHOTOS_PARKED = env.int("PHOTOS_PARKED", default=200)
# per cent of an agency's sheets that the office draws to be checked again
RECHECK_SHARE = env.int("RECHECK_SHARE", default=10)
# look-backs: the share of closed findings in percent, how far back, and the working days in which a township is heard
LOOKBACK_SHARE = env.int("LOOKBACK_SHARE", default=10)
LOOKBACK_DAYS = env.int("LOOKBACK_DAYS", default=90)
LOOKBACK_HEARING_WORKING_DAYS = env.int("LOOKBACK_HEARING_WORKING_DAYS", default=2)
NEAR_DUPLICATE_DISTANCE = 8
NEAR_DUPLICATE_MONTHS = 24
# days after its end by which a period's ledger is to be handed in; days after which an export's file is removed
SUBMISSION_DUE_DAYS = env.int("SUBMISSION_DUE_DAYS", default=5)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=7)

# How an issued document is numbered; an office may have its own pattern:
# {"大连市": "大人居办{mark}〔{year}〕{serial}号"}.
DOCUMENT_NUMBER = env.str("DOCUMENT_NUMBER", default="{office}人居办{mark}〔{year}〕{serial}号")
DOCUMENT_NUMBERS: dict[str, str] = env.json("DOCUMENT_NUMBERS", default={})
SCAN_MAX_BYTES = env.int("SCAN_MAX_BYTES", default=20 * 1024 * 1024)
# files beside a finding
FILE_MAX_BYTES = env.int("FILE_MAX_BYTES", default=20 * 1024 * 1024)
FILES_PER_FINDING = env.int("FILES_PER_FINDING", default=10)
# assessment: files of evidence per item, days before its due day that a sheet is reminded of, and the most that the
# bonuses (or the penalties) of a unit may make in one period, in points
FILES_PER_ENTRY = env.int("FILES_PER_ENTRY", default=10)
SHEET_REMIND_DAYS = env.int("SHEET_REMIND_DAYS", default=3)
ADJUSTMENT_CAP_POINTS = env.int("ADJUSTMENT_CAP_POINTS", default=3)
# problem lists from other sources: the file with its pictures, and the rows in it
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=100 * 1024 * 1024)
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", default=2000)

# Days overdue after which a measure is proposed for signature, and the number of findings overdue for the days of
# "supervise" that makes it a matter of the whole township.
PROPOSALS = {
    "urge": env.int("PROPOSE_URGE_AFTER_DAYS", default=1),
    "supervise": env.int("PROPOSE_SUPERVISE_AFTER_DAYS", default=3),
    "circulate": env.int("PROPOSE_CIRCULATE_AFTER_DAYS", default=7),
    "summon": env.int("PROPOSE_SUMMON_AFTER_DAYS", default=15),
    "township_findings": env.int("PROPOSE_CIRCULATE_FINDINGS", default=3),
}

# --- the page about this site: who runs it, its filing number, where to complain -----------------------------------
ABOUT_SPONSOR = env("ABOUT_SPONSOR", default="")
ABOUT_FILING_NUMBER = env("ABOUT_FILING_NUMBER", default="")
ABOUT_COMPLAINTS = env("ABOUT_COMPLAINTS", default="")
# How many messages of the form on that page one address may send in an hour.
FEEDBACK_PER_HOUR = env.int("FEEDBACK_PER_HOUR", default=10)

# --- monitoring ---------------------------------------------------------------------------------------------------
APP_VERSION = env("APP_VERSION", default="0.1.0")
# A monitoring system reads /status/ as JSON with this as its bearer token; without one only administrators read it.
STATUS_TOKEN = env("STATUS_TOKEN", default="")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
