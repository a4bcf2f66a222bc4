"""Tests: the web's settings on the tests' own engines, with a fast password hasher."""

from moderado.config.settings.web import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tests sign in by the hundred from one address; those of the limits set their own.
LIMIT_SIGN_IN_PER_ACCOUNT = "1000/minute"
LIMIT_SIGN_IN_PER_ADDRESS = "100000/minute"

WHITENOISE_AUTOREFRESH = True  # static files are found where they lie, not collected
