"""Test settings: the web's settings on the tests' own engines, with a fast password hasher."""

from moderado.config.settings.web import *
from moderado.config.settings.web import DATABASES, NOTICE_LIMITS, QUOTAS

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tests sign in hundreds of times from one address; the limits' own tests set their own.
LIMIT_SIGN_IN_PER_ACCOUNT = "1000/minute"
LIMIT_SIGN_IN_PER_ADDRESS = "100000/minute"
LIMIT_SIGN_IN_STRANGERS = "100000/hour"
QUOTAS = dict.fromkeys(QUOTAS, ("100000/minute", "1000000/minute"))

NOTICE_LIMITS = dict.fromkeys(NOTICE_LIMITS, "100000/hour")
SENDS_EMAIL = True  # pytest-django collects what is sent

# A busy machine is no failure: tests of a deadline set their own.
DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 30
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c lock_timeout=30s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s "
    "-c client_connection_check_interval=2s"
)
DB_CALL_LIMITS = {"queue_timeout": 30.0, "call_timeout": 60.0}

WHITENOISE_AUTOREFRESH = True  # static files are served from the source tree

# Tests of delivery need every mode; the setting has tests of its own.
MEMBER_ROOM_MODES = ["pre", "optimistic", "post", "off"]

# Which texts are sampled is a matter of chance: tests of the sample set their own rate.
AUDIT_SAMPLE = 0.0
