"""Every REST route, taken from Django's URL resolver."""

from collections.abc import Iterator
from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from moderado.api.unknown import Unknown

# Names of path parameters in the access table.
IDS = {
    "<id:room_id>": ("{room}",),
    "<id:user_id>": ("{other}", "{newcomer}"),
    "<id:message_id>": ("{message}", "{hidden}"),
    "<id:queue_id>": ("{queue}",),
    "<id:ruling_id>": ("{ruling}",),
    "<id:bulk_id>": ("{bulk}",),
    "<id:purge_id>": ("{purge}",),
    "<id:case_id>": ("{case}", "{own_case}"),
    "<id:log_id>": ("{log}",),
    "<id:evaluation_id>": ("{evaluation}",),
    "<slug:name>": ("{policy}",),
    "<int:number>": ("{version}",),
    "<id:session_id>": ("{session}",),
    "<id:export_id>": ("{export}",),
    "<id:invitation_id>": ("{invitation}",),
    "<id:sanction_id>": ("{sanction}", "{server_sanction}"),
    "<id:suspension_id>": ("{suspension}",),
    "<id:report_id>": ("{report}",),
    "<id:decision_id>": ("{decision}",),
    "<id:appeal_id>": ("{appeal}",),
    "<id:banked_id>": ("{banked}",),
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
