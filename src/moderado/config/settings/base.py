"""Settings shared by web and worker. Values come from `moderado.config.env`, never os.environ."""

import logging
import socket
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from moderado.config.env import env
from moderado.config.settings.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from moderado.core import failpoints
from moderado.core import logging as lines

ENV = env()
ROOT = Path(__file__).resolve().parents[2]  # src/moderado

SECRET_KEY = ENV.secret_key.get_secret_value()
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
ROOT_URLCONF = "moderado.config.urls"
ASGI_APPLICATION = "moderado.config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "moderado.web",  # first: its templates replace those of unfold
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "channels",
    "django_structlog",
    "moderado.accounts",
    "moderado.moderation",
    "moderado.enforcement",
    "moderado.chat",
    "moderado.config",
    "moderado",
]

MIDDLEWARE = [
    "moderado.api.health.ProbeMiddleware",  # before the host check: probes use an IP address
    "moderado.api.connections.ReleaseConnections",
    "moderado.core.https.HttpsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "moderado.api.caching.PersonalResponses",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "moderado.core.https.HostCookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "moderado.accounts.middleware.AuthenticationMiddleware",
    "moderado.api.quota.QuotaMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "moderado.web.middleware.RelaxedPolicies",
    "moderado.web.middleware.MalformedLookups",
    "moderado.accounts.admin_second_factor.RequireSecondFactor",
    "moderado.accounts.admin_confirmation.ConfirmPassword",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]

_database = conninfo_to_dict(ENV.database_url.get_secret_value())
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname", ""),
        "USER": _database.pop("user", ""),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),  # a path: the folder of a Unix socket
        "PORT": _database.pop("port", "5432"),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            **_database,  # other parameters of the URL, such as sslmode
        },
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "moderado.accounts.password_validation.GuessableValidator"},
]
PASSWORD_HASHERS = [
    "moderado.accounts.hashers.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTHENTICATION_BACKENDS = ["moderado.accounts.backends.PasswordBackend"]
SESSION_COOKIE_AGE = ENV.session_max_days * 24 * 3600

ACCESS_TOKEN_SECONDS = ENV.access_token_seconds
REFRESH_TOKEN_DAYS = ENV.refresh_token_days
REFRESH_TOKEN_ROTATION = ENV.refresh_token_rotation
REFRESH_TOKEN_GRACE_SECONDS = ENV.refresh_token_grace_seconds
SESSION_MAX_DAYS = ENV.session_max_days
ADMIN_CONFIRM_SECONDS, STAFF_SECOND_FACTOR = ENV.admin_confirm_seconds, ENV.staff_second_factor
TRUSTED_PROXIES = ENV.trusted_proxies
MESSAGE_MAX_LENGTH = ENV.message_max_length
REGISTRATION = ENV.registration
ROOM_CREATION = ENV.room_creation
MEMBER_ROOM_MODES = ENV.member_room_modes
LIMIT_SIGN_IN_PER_ACCOUNT = ENV.limit_sign_in_per_account
LIMIT_SIGN_IN_PER_ADDRESS = ENV.limit_sign_in_per_address
LIMIT_SIGN_IN_STRANGERS = ENV.limit_sign_in_strangers
LIMIT_SIGN_IN_SLOWED = ENV.limit_sign_in_slowed
QUOTAS = {  # by class (`core.quotas`): the limit of an account, and the limit of an address
    quota: (getattr(ENV, f"limit_{quota}_per_account"), getattr(ENV, f"limit_{quota}_per_address"))
    for quota in ("cheap", "expensive", "write", "create", "rename", "connect", "judge")
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "moderado.api.authentication.BearerToken",
        "moderado.api.authentication.SessionCookie",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["moderado.api.parsers.BoundedJSON"],
    "DEFAULT_RENDERER_CLASSES": ["moderado.api.renderers.EncodableJSON"],
    "DEFAULT_SCHEMA_CLASS": "moderado.api.openapi.Schema",
    "EXCEPTION_HANDLER": "moderado.api.errors.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

LANGUAGE_CODE = ENV.language_code
LANGUAGES = [("pt-br", _("Brazilian Portuguese")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

LOGIN_URL, LOGIN_REDIRECT_URL = "web:sign-in", "web:chat"

UNFOLD = {  # the admin's theme
    "SITE_TITLE": "Chat Moderado",
    "SITE_HEADER": "Chat Moderado",
    "LOGIN": {"form": "moderado.accounts.admin_sign_in.AdminSignInForm"},
    "STYLES": ["/static/moderado/style/admin.css"],
}

STATIC_URL = "static/"
STATIC_ROOT = ENV.static_root or ROOT.parents[1] / ".moderado" / "static"
# File names without a hash: ES modules import each other by relative names, which hashing breaks
# (an import map would need an inline script), and others load `client.js` by its plain name.
# Browsers therefore revalidate each time, and get 304 while nothing has changed.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 0
# `collectstatic` is optional. The finders' files would take precedence over its compressed ones.
WHITENOISE_USE_FINDERS = DEBUG or not (STATIC_ROOT / "moderado").is_dir()

# 'self' in connect-src includes ws: and wss: of the same host (CSP 3).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REDIS_URL = ENV.redis_url.get_secret_value()
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "moderado.realtime.pubsub.layer.ChatLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": ENV.layer,
                    "socket_timeout": None,  # a keepalive instead: it would close idle sockets
                    "socket_connect_timeout": 2,
                    "socket_keepalive": True,
                    "socket_keepalive_options": {
                        socket.TCP_KEEPIDLE: 5,
                        socket.TCP_KEEPINTVL: 3,
                        socket.TCP_KEEPCNT: 3,
                    },
                }
            ]
        },
    }
}

ERASURE_GRACE_DAYS = ENV.erasure_grace_days
EXPORT_DAYS = ENV.export_days
ACCESS_RECORDS = ENV.access_records
RETENTION_DAYS = {
    kind: getattr(ENV, f"retention_{kind}_days")
    for kind in ("messages", "rejected", "cases", "answers", "shadows", "suggestions")
}

_EMAIL_MODULES = {"smtp": "smtp", "console": "console", "off": "dummy"}
EMAIL_BACKEND = f"django.core.mail.backends.{_EMAIL_MODULES[ENV.email_backend]}.EmailBackend"
SENDS_EMAIL = ENV.email_backend != "off"
EMAIL_HOST = ENV.email_host
EMAIL_PORT = ENV.email_port
EMAIL_HOST_USER = ENV.email_user
EMAIL_HOST_PASSWORD = ENV.email_password.get_secret_value()
EMAIL_USE_TLS = ENV.email_security == "starttls"
EMAIL_USE_SSL = ENV.email_security == "tls"
EMAIL_TIMEOUT = 5  # seconds
DEFAULT_FROM_EMAIL = ENV.email_from or "webmaster@localhost"
NOTICE_LIMITS = {
    "address": ENV.limit_notices_per_address,
    "email": ENV.limit_notices_per_email,
    "email_total": ENV.limit_notices_per_email_total,
    "code": ENV.limit_notice_codes,
}

MODERATION_PROVIDERS = ENV.moderation_providers
PROVIDER_SECRETS = ENV.provider_secrets
AUDIT_SAMPLE = ENV.audit_sample

METRICS_NETWORKS = ENV.metrics_networks
METRICS_DIR = ENV.prometheus_multiproc_dir

failpoints.arm(ENV.moderado_failpoints)

LOGGING = lines.configure(log_format=ENV.log_format, level=ENV.log_level)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line for each request, and for a task that fails: a worker runs hundreds a second.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG

# HTTPS everywhere; `core.https` exempts the loopback if SECURE_COOKIES is `auto`. The server
# (`config.gunicorn`) decides whether a request came by HTTPS: it trusts only TRUSTED_PROXIES.
USES_HTTPS = ENV.secure_cookies is not False
SECURE_SSL_REDIRECT = USES_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if USES_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = USES_HTTPS
CSRF_COOKIE_SECURE = USES_HTTPS
CSRF_FAILURE_VIEW = "moderado.api.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # looks for the name of Django's class; HttpsMiddleware inherits it
    "security.W005",  # HSTS for subdomains would affect other hosts,
    "security.W021",  # and so would preload lists
]

# Other origins authenticate by token, never by cookie.
CORS_ALLOWED_ORIGINS = ENV.allowed_origins
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX = r"^/(api|ws)/.*$"
CORS_EXPOSE_HEADERS = ["Retry-After"]
