"""Every REST route, taken from Django's URL resolver."""

from collections.abc import Iterator
from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from moderado.api.unknown import Unknown

# Names of path parameters in the access table.
IDS = {
    "<uuid:room_id>": ("{room}",),
    "<uuid:user_id>": ("{other}", "{newcomer}"),
    "<uuid:message_id>": ("{message}", "{hidden}"),
    "<uuid:queue_id>": ("{queue}",),
    "<uuid:ruling_id>": ("{ruling}",),
    "<uuid:bulk_id>": ("{bulk}",),
    "<uuid:purge_id>": ("{purge}",),
    "<uuid:case_id>": ("{case}", "{own_case}"),
    "<uuid:log_id>": ("{log}",),
    "<uuid:evaluation_id>": ("{evaluation}",),
    "<slug:name>": ("{policy}",),
    "<int:number>": ("{version}",),
    "<uuid:session_id>": ("{session}",),
    "<uuid:export_id>": ("{export}",),
    "<uuid:invitation_id>": ("{invitation}",),
    "<uuid:sanction_id>": ("{sanction}", "{server_sanction}"),
    "<uuid:suspension_id>": ("{suspension}",),
    "<uuid:report_id>": ("{report}",),
    "<uuid:decision_id>": ("{decision}",),
    "<uuid:appeal_id>": ("{appeal}",),
    "<uuid:banked_id>": ("{banked}",),
    "<str:protocol>": ("{protocol}",),
}
METHODS = ("get", "post", "put", "patch", "delete")


class Route(NamedTuple):
    """One method of one path under /api/."""

    method: str
    path: str


def api_routes() -> set[Route]:
    """Return every method of every REST view, by path."""
    return {
        Route(method.upper(), path)
        for path, view in _views(get_resolver().url_patterns, "")
        for method in METHODS
        if hasattr(view, method)
    }


def api_paths() -> set[str]:
    return {path for path, _ in _views(get_resolver().url_patterns, "")}


def as_routed(method: str, path: str) -> Route:
    """Return a row of the table in the resolver's notation."""
    path = path.partition("?")[0]
    for placeholder, names in IDS.items():
        for name in names:
            path = path.replace(name, placeholder)
    return Route(method, path)


def _views(
    patterns: list[URLPattern | URLResolver], prefix: str
) -> Iterator[tuple[str, type[APIView]]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
            continue
        view = getattr(pattern.callback, "cls", None)
        if view is not None and view is not Unknown:
            yield path.removeprefix("api/"), view
