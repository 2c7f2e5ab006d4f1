"""Every setting of the product, read once from the environment (docs/operations.md lists them)."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from labelplatform import embedded
from labelplatform.env import Environment, read_local_secrets

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

ENVIRONMENT = env = Environment(os.environ)

# --- What an installation decides

DEBUG = env.boolean("DEBUG", default=False)
# With DEBUG everything has a default: the secrets and the servers that script/run keeps here.
_secrets = read_local_secrets(VAR_DIR / "secrets.env") if DEBUG else {}
_place = embedded.locate(BASE_DIR) if DEBUG else None

SECRET_KEY = env.secret("SECRET_KEY", default=_secrets.get("SECRET_KEY"))
FIELD_KEYS = env.fernet_keys("FIELD_KEYS", default=_secrets.get("FIELD_KEYS"))
PUBLIC_URL = env.public_url("PUBLIC_URL", default="http://localhost:8000")
MEDIA_HOST = env.host("MEDIA_HOST", default="")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", default=[])
METRICS_TOKEN = env.secret("METRICS_TOKEN", default="", minimum_length=16)
WEB_PROCESSES = env.integer("WEB_PROCESSES", default=2, minimum=1, maximum=256)
WEB_THREADS = env.integer("WEB_THREADS", default=4, minimum=1, maximum=256)
WORKER_PROCESSES = env.integer("WORKER_PROCESSES", default=2, minimum=1, maximum=256)

_public = urlsplit(PUBLIC_URL)
_hosts = [host for host in (_public.hostname, MEDIA_HOST.partition(":")[0]) if host]
if _public.hostname in ("localhost", "127.0.0.1"):
    _hosts += ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.word_list("ALLOWED_HOSTS", default=[*dict.fromkeys(_hosts)])

# --- Django

INSTALLED_APPS = [
    "unfold",  # before the admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "csp",
    "labelplatform",
    "integration",
    "labeling",
]
MIDDLEWARE = [
    "labelplatform.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "labelplatform.middleware.PolicyMiddleware",
    "labelplatform.middleware.SignedInSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "labelplatform.middleware.SignedInAuthenticationMiddleware",
    "labelplatform.middleware.SignedInMessageMiddleware",
]
ROOT_URLCONF = "labelplatform.urls"
WSGI_APPLICATION = "labelplatform.wsgi.application"
AUTH_USER_MODEL = "labelplatform.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # the admin's action on a page of many rows
TEST_RUNNER = "django.test.runner.DiscoverRunner"

# --- Who signs in

LOGIN_URL = "/requester/login/"
LOGIN_REDIRECT_URL = "/requester/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

# --- Security

IS_HTTPS = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 86400 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"  # an assignment id in an address stays with us
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "labelplatform.errors.csrf_failed"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "https:", "data:", "blob:"],
        "media-src": [SELF, "https:", "blob:"],
        "frame-src": ["https:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
ADMIN_SECURITY_POLICY = {  # unfold's Alpine evaluates attributes, its charts style elements
    "default-src": [NONE],
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "https:", "data:", "blob:"],
    "media-src": [SELF, "https:", "blob:"],
    "frame-src": [SELF],  # previews of the labeling page
    "connect-src": [SELF],
    "font-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}

# --- Database, Redis

# Threads of a web process share a pool of this many connections; wsgi.py asks for it. Other
# programs have one connection each, which lives from task to task.
DATABASE_POOL = env.integer("DATABASE_POOL", default=0, minimum=0, maximum=256)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0 if DATABASE_POOL else 60,
        **env.database("DATABASE_URL", default=_place.database_url if _place else None),
    }
}
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options.setdefault("connect_timeout", 3)
_options.setdefault("application_name", "labelplatform")
if DATABASE_POOL:
    # Opened with the first request; a request that waits longer than this for a connection fails.
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 5}
REDIS_URL = env.redis("REDIS_URL", default=_place.redis_url if _place else None)
CACHES = {
    "default": {
        "BACKEND": "labelplatform.cache.FailOpenRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}

# --- Celery: labelplatform/celery.py

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a killed worker's task goes to another: jobs may run twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_CONCURRENCY = WORKER_PROCESSES
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# --- Languages, time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env.path("MEDIA_ROOT", default=VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not (
    BASE_DIR / "staticfiles"
).exists()  # before collectstatic: from where they lie
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 300
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/build/assets/"  # Vite puts a hash into these names

# --- Admin

UNFOLD = {
    "SITE_TITLE": "Labeling",
    "SITE_HEADER": "Labeling",
    "SITE_SYMBOL": "label",
    "SITE_URL": "/requester/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "/static/images/favicon.svg"}
    ],
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "labeling.admin.dashboard.show_dashboard",
    "SIDEBAR": {"show_search": True, "navigation": "labelplatform.admin.show_sidebar"},
}

# --- Logs: labelplatform/logs.py

LOG_LEVEL = env.choice(
    "LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], default="INFO"
)
LOG_FORMAT = env.choice("LOG_FORMAT", ["json", "text"], default="json")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "labelplatform.logs.JsonFormatter"},
        "text": {"()": "labelplatform.logs.TextFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["context"],
        },
    },
    "filters": {"context": {"()": "labelplatform.logs.ContextFilter"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers go, so that each line comes once and in one shape.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},  # 4xx are in the access log
        # Sweeps come every few seconds and say themselves what they changed.
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "urllib3": {"level": "INFO"},  # at DEBUG it writes addresses, which hold assignment ids
    },
}

env.check()
