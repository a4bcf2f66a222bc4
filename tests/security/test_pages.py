"""Every path outside `/api/`, for every role."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from moderado.api.health import _PROBES
from moderado.api.unknown import Unknown
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S10")]

ROLES = ("anonymous", "somebody", "staff", "superuser")
TO_SIGN_IN, TO_PAGE = "302 /sign-in/", "302 /"

# One outcome for each role. Forms need a CSRF token: a POST without one is 403.
PAGES = {
    "": (TO_SIGN_IN, "200", "200", "200"),
    "favicon.ico": ("302 /static/moderado/icon.svg",) * 4,
    "sign-in/": ("200", TO_PAGE, TO_PAGE, TO_PAGE),
    "appeal/": (TO_SIGN_IN, "200", "200", "200"),
    "register/": ("200", TO_PAGE, TO_PAGE, TO_PAGE),
    "denuncia/": ("200",) * 4,
    "denuncia/<str:protocol>/": ("200",) * 4,
    "regras/": ("200",) * 4,
    "account/": (TO_SIGN_IN, "200", "200", "200"),
    "sign-out/": ("405",) * 4,
    "language/": ("405",) * 4,
    "ws/schema/": ("200",) * 4,
}
PROBES = {"/livez", "/readyz", "/metrics"}
TO_ADMIN = "302 /admin/login/"


def patterns(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Return every path of the resolver with its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, path)
        else:
            yield path, pattern


@pytest.fixture
def clients() -> dict[str, Client]:
    """One client for each role, without a CSRF token."""
    found = {role: Client(enforce_csrf_checks=True) for role in ROLES}
    found["somebody"].force_login(make_user())
    found["staff"].force_login(make_user(is_staff=True))
    found["superuser"].force_login(make_user(is_staff=True, is_superuser=True))
    return found


def outcome(client: Client, path: str, method: str = "get") -> str:
    answer = getattr(client, method)(f"/{path}")
    where = answer.headers.get("Location", "").partition("?")[0]
    return f"{answer.status_code} {where}".strip()


def test_every_path_has_a_row_and_every_row_a_path():
    api = ("api/", "v1", "^v1", "admin/")
    elsewhere = {path for path, _ in patterns() if not path.startswith(api)}

    assert elsewhere == set(PAGES)
    assert set(_PROBES) == PROBES


def test_every_api_view_is_in_the_table_of_routes():
    strange = [
        path
        for path, pattern in patterns()
        if path.startswith(("api/", "v1")) and getattr(pattern.callback, "cls", None) is None
    ]
    unknown = [path for path, pattern in patterns() if _is_unknown(pattern)]

    assert strange == []
    assert unknown == ["api/", "^v1(alpha1)?/"]


def _is_unknown(pattern: URLPattern) -> bool:
    return getattr(pattern.callback, "cls", None) is Unknown


def test_each_role_gets_the_documented_response(clients):
    found = {path: tuple(outcome(one, path) for one in clients.values()) for path in PAGES}
    posted = {outcome(one, path, "post") for one in clients.values() for path in PAGES}

    assert found == PAGES
    assert posted == {"403"}


def test_admin_requires_permissions(clients):
    """Staff may open the admin; each table needs a permission."""
    tables = [
        f"admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry
    ]
    found = {
        (path, role): outcome(client, path)
        for path in ("admin/", *tables)
        for role, client in clients.items()
    }

    assert len(tables) > 4
    for path in ("admin/", *tables):
        staff = "200" if path == "admin/" else "403"
        assert [found[path, role] for role in ROLES] == [TO_ADMIN, TO_ADMIN, staff, "200"], path
