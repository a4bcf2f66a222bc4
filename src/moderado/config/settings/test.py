"""Test settings: the web's settings on the tests' own engines, with a fast password hasher."""

from moderado.config.settings.web import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tests sign in hundreds of times from one address; the limits' own tests set their own.
LIMIT_SIGN_IN_PER_ACCOUNT = "1000/minute"
LIMIT_SIGN_IN_PER_ADDRESS = "100000/minute"

WHITENOISE_AUTOREFRESH = True  # static files are served from the source tree
