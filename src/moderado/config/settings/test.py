"""Tests: the web's settings on the tests' own engines, with a fast password hasher."""

from moderado.config.settings.web import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
