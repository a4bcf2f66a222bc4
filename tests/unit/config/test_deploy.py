"""Django's deployment check has nothing to report."""

import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
SERVED = {
    "DJANGO_SETTINGS_MODULE": "moderado.config.settings.web",
    "SECRET_KEY": "for-a-check-that-starts-no-engine-and-never-serves-anything-to-anybody",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECURE_COOKIES": "1",
}


def checked(**changes: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | SERVED | changes
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.proves("S41")
def test_deployment_check_reports_nothing():
    answer = checked()

    assert (answer.returncode, "no issues" in answer.stdout) == (0, True), answer.stderr


@pytest.mark.proves("S41")
def test_insecure_cookies_are_reported():
    answer = checked(SECURE_COOKIES="0")

    assert answer.returncode != 0
    assert "SESSION_COOKIE_SECURE" in answer.stderr
