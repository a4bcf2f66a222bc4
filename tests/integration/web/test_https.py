"""Cookies and redirects by host and transport."""

import pytest
from django.conf import settings as configuration

from moderado.realtime.session.auth import language_of_handshake
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S50")]

LOOPBACK = ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000"]


@pytest.fixture
def policy(settings):
    """Set SECURE_COOKIES as if the process had been started with it."""

    def _set(secure_cookies):
        settings.ENV = configuration.ENV.model_copy(update={"secure_cookies": secure_cookies})
        used = secure_cookies is not False
        settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = used
        settings.CSRF_COOKIE_SECURE = used
        settings.SECURE_HSTS_SECONDS = 60 if used else 0
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "chat.example"]

    return _set


def sign_in(client, host, *, secure=False):
    form = {"email": make_user().email, "password": PASSWORD}
    return client.post("/sign-in/", form, headers={"host": host}, secure=secure)


@pytest.mark.parametrize("host", ["chat.example", "localhost"])
def test_cookies_over_tls_have_the_host_prefix(client, policy, host):
    policy("auto")

    answer = sign_in(client, host, secure=True)

    assert {"__Host-sessionid", "__Host-csrftoken", "__Host-device"} <= set(answer.cookies)
    for name, cookie in answer.cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    page = client.get("/", headers={"host": host}, secure=True)
    assert page.status_code == 200


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_without_tls_has_plain_cookies(client, policy, host):
    policy("auto")

    answer = sign_in(client, host)

    assert answer.status_code == 302
    assert not answer.headers["Location"].startswith("https")
    assert "sessionid" in answer.cookies
    assert not any(cookie["secure"] for cookie in answer.cookies.values())
    assert client.get("/", headers={"host": host}).status_code == 200


def test_other_hosts_are_redirected_to_https_and_get_no_cookie(client, policy):
    policy("auto")

    answer = client.get("/sign-in/", headers={"host": "chat.example"})

    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        "https://chat.example/sign-in/",
    )
    assert not answer.cookies


@pytest.mark.parametrize("host", ["localhost.evil.example", "127.0.0.1.evil.example", "evil"])
def test_names_that_resemble_the_loopback_are_no_loopback(client, policy, settings, host):
    policy("auto")
    settings.ALLOWED_HOSTS = ["*"]

    assert client.get("/sign-in/", headers={"host": host}).status_code == 301


def test_cookie_without_the_prefix_is_ignored_over_tls(client, policy):
    policy(False)
    sign_in(client, "chat.example")
    policy("auto")

    answer = client.get("/", headers={"host": "chat.example"}, secure=True)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


def test_true_redirects_the_loopback_too(client, policy):
    policy(True)

    assert client.get("/sign-in/", headers={"host": "localhost"}).status_code == 301


def test_hsts_is_sent_to_real_hosts_only(client, policy):
    policy("auto")

    there = client.get("/sign-in/", headers={"host": "chat.example"}, secure=True)
    here = client.get("/sign-in/", headers={"host": "localhost"}, secure=True)

    assert "Strict-Transport-Security" in there.headers
    assert "Strict-Transport-Security" not in here.headers


def test_signing_out_deletes_the_prefixed_cookie(client, policy):
    policy("auto")
    sign_in(client, "chat.example", secure=True)

    answer = client.post("/sign-out/", headers={"host": "chat.example"}, secure=True)

    assert answer.cookies["__Host-sessionid"]["max-age"] == 0
    assert answer.cookies["__Host-sessionid"]["secure"]


@pytest.mark.parametrize(
    "scheme, name", [("wss", "__Host-django_language"), ("ws", "django_language")]
)
def test_socket_follows_the_chosen_language_of_the_page(policy, scheme, name):
    policy("auto")
    host = b"chat.example" if scheme == "wss" else b"localhost"
    headers = [(b"host", host), (b"cookie", f"{name}=en".encode()), (b"accept-language", b"pt-BR")]

    assert language_of_handshake({"scheme": scheme, "headers": headers}) == "en"
