"""Django settings. Everything that differs between installations comes from `env.py`."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from kombu.entity import Queue

from tvm_portal import env

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = env.read("SECRET_KEY")
DEBUG = env.read("DEBUG")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.read("CSRF_TRUSTED_ORIGINS")
HTTPS = env.read("HTTPS")
PROXIES = env.read("PROXIES")

INSTALLED_APPS = [
    "tvm_portal",
    "remediation",
    "exceptions",
    "recommendations",
    "weaknesses",
    "inventory",
    "core",
    "core.curation_config.CurationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "core.watching.watch_requests",
    "django.middleware.security.SecurityMiddleware",
    "core.callers.remember_caller",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "core.access.ViewerMiddleware",
    "core.zones.viewer_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tvm_portal.urls"
WSGI_APPLICATION = "tvm_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tvm_portal.context.frame",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "core.templatetags.display",
                "core.templatetags.cells",
                "core.templatetags.kept",
            ],
        },
    }
]

DATABASES = {"default": dj_database_url.parse(env.read("DATABASE_URL"))}
DATABASES["default"].setdefault("OPTIONS", {})
if env.read("DATABASE_POOL"):
    DATABASES["default"]["OPTIONS"].setdefault("pool", {"min_size": 1, "max_size": 16})
DATABASES["default"]["OPTIONS"].setdefault("server_side_binding", False)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = env.read("DATABASE_POOL")  # a restart of the database ends what the pool holds
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLATION_PARTITIONS = env.read("INSTALLATION_PARTITIONS")
HISTORY_DAYS = env.read("HISTORY_DAYS")
FAN_OUT_MACHINES = env.read("FAN_OUT_MACHINES")
FAN_OUT_LEASE_SECONDS = env.read("FAN_OUT_LEASE_SECONDS")

REDIS_URL = env.read("REDIS_URL")
KEY_PREFIX = env.read("KEY_PREFIX")


def redis_address(database: int, *, kombu: bool = False) -> str:
    """REDIS_URL with a database number, in the spelling redis-py or kombu wants."""
    if REDIS_URL.startswith("unix://"):
        if kombu:
            return f"redis+socket://{REDIS_URL.removeprefix('unix://')}?virtual_host={database}"
        return f"{REDIS_URL}?db={database}"
    return f"{REDIS_URL.rstrip('/')}/{database}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_address(1),
        "KEY_PREFIX": KEY_PREFIX,
    }
}

MEASURES_URL, BROKER_URL = redis_address(1), redis_address(0)  # as redis-py reads them
CELERY_BROKER_URL = redis_address(0, kombu=True)
CELERY_RESULT_BACKEND = redis_address(2, kombu=True)
# A task of a worker that was killed is given to another after this many seconds; a full run takes less.
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{KEY_PREFIX}:", "visibility_timeout": 1800}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"global_keyprefix": f"{KEY_PREFIX}:"}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = 3600  # only slices of a full run have results: the end of the run waits for them
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A feed or a full run may take minutes: in a queue of their own they keep neither tickets nor changed machines waiting. A worker that is
# not told which queues to serve serves both.
CELERY_TASK_QUEUES = tuple(map(Queue, ("celery", "long")))
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    f"tvm_portal.tasks.{name}": {"queue": "long"}
    for name in (
        "sync_feeds",
        "recompute",
        "score_slice",
        "sum_slice",
        "finish_recompute",
        "pull_fleet",
        "regroup_machines",
        "snapshot",
        "analyze_tables",
    )
}
CELERY_TIMEZONE = "UTC"
# Each expires before it is due again: a worker that comes back after a week finds one of each, not a week of them.
CELERY_BEAT_SCHEDULE = {
    "dirty machines": {"task": "tvm_portal.tasks.refresh_dirty_machines", "schedule": 2.0, "options": {"expires": 2}},
    "feeds": {"task": "tvm_portal.tasks.sync_feeds", "schedule": crontab(minute=17, hour="*/2"), "options": {"expires": 7200}},
    "fleet": {"task": "tvm_portal.tasks.pull_fleet", "schedule": crontab(minute=7), "options": {"expires": 3600}},
    "full run": {"task": "tvm_portal.tasks.recompute", "schedule": crontab(minute=30, hour=1), "options": {"expires": 86400}},
    "full run that stands still": {"task": "tvm_portal.tasks.resume_recompute", "schedule": 60.0, "options": {"expires": 60}},
    "remediation": {"task": "tvm_portal.tasks.follow_remediation", "schedule": 60.0, "options": {"expires": 60}},
    "notifications": {"task": "tvm_portal.tasks.send_notifications", "schedule": 60.0, "options": {"expires": 60}},
    "old notifications": {
        "task": "tvm_portal.tasks.forget_old_notifications",
        "schedule": crontab(minute=45, hour=3),
        "options": {"expires": 86400},
    },
    "exceptions": {"task": "tvm_portal.tasks.end_exceptions", "schedule": 60.0, "options": {"expires": 60}},
    "exceptions that end": {"task": "tvm_portal.tasks.tell_of_ends", "schedule": crontab(minute=10), "options": {"expires": 3600}},
    "interrupted reports and feeds": {
        "task": "tvm_portal.tasks.close_interrupted",
        "schedule": crontab(minute=25),
        "options": {"expires": 3600},
    },
    "groups": {"task": "tvm_portal.tasks.regroup_machines", "schedule": crontab(minute=20, hour=3), "options": {"expires": 86400}},
    "old history": {"task": "tvm_portal.tasks.forget_old_history", "schedule": crontab(minute=35, hour=3), "options": {"expires": 86400}},
    "statistics": {"task": "tvm_portal.tasks.analyze_tables", "schedule": crontab(minute=50, hour=3), "options": {"expires": 86400}},
    "old activities": {
        "task": "tvm_portal.tasks.forget_old_activities",
        "schedule": crontab(minute=40, hour=3),
        "options": {"expires": 86400},
    },
    "deliveries": {"task": "tvm_portal.tasks.deliver_tickets", "schedule": 10.0, "options": {"expires": 10}},
    "tickets": {"task": "tvm_portal.tasks.read_tickets", "schedule": 60.0, "options": {"expires": 60}},
    "snapshot": {"task": "tvm_portal.tasks.snapshot", "schedule": crontab(minute=50), "options": {"expires": 3600}},
}

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "core.backend.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False  # core.admin registers what it takes to unlock somebody

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they are: nothing is collected
WHITENOISE_MAX_AGE = 3600

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked from inside, past the proxy that ends TLS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INGEST_MAX_BYTES = env.read("INGEST_MAX_BYTES")
INGEST_MAX_RECORDS = env.read("INGEST_MAX_RECORDS")
INGEST_MAX_FIELD = env.read("INGEST_MAX_FIELD")
INGEST_SEATS = env.read("INGEST_SEATS")
INGEST_AT_ONCE = env.read("INGEST_AT_ONCE")
INGEST_MAX_DIRTY = env.read("INGEST_MAX_DIRTY")
INGEST_MAX_DIRTY_SECONDS = env.read("INGEST_MAX_DIRTY_SECONDS")
SEEN_EVERY_MINUTES = env.read("SEEN_EVERY_MINUTES")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
NVD_API_KEY = env.read("NVD_API_KEY")
FEED_PAUSE_SECONDS = env.read("FEED_PAUSE_SECONDS")
FLEET_URL = env.read("FLEET_URL")
FLEET_TOKEN = env.read("FLEET_TOKEN")
ACTIVE_DAYS = env.read("ACTIVE_DAYS")
SLOW_STATEMENT_MS = env.read("SLOW_STATEMENT_MS")
STALE_HOURS = env.read("STALE_HOURS")
PUBLIC_URL = env.read("PUBLIC_URL")
SECRETS_KEY = env.read("SECRETS_KEY")

_MAIL = urlsplit(env.read("EMAIL_URL"))
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = "starttls=yes" in _MAIL.query
EMAIL_PORT = _MAIL.port or (465 if EMAIL_USE_SSL else 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.read("EMAIL_FROM")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "core.logs.RequestId"}},
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "core.logs.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": env.read("LOG_FORMAT"), "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpx": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
# A worker logs like everything else, not in a format of its own.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
