"""Quota classes: how often an account and an address may use each endpoint.

The tables below are the only place that assigns a class; a house rule finds what has none. A
request is counted in one exchange with Redis, for its account and for its address (ADR 0042).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from uuid import UUID

from django.conf import settings

from moderado.core import limits
from moderado.core.newcomers import NewcomerLimited, is_newcomer, newcomer_until


class Quota(StrEnum):
    """What a use of an endpoint costs the server, or adds to what others see."""

    CHEAP = "cheap"  # a page or a row that an index finds
    EXPENSIVE = "expensive"  # searches and lists over many rooms
    WRITE = "write"  # changes that few others see
    CREATE = "create"  # rooms
    RENAME = "rename"  # names of users and rooms, which everybody sees
    CONNECT = "connect"  # tickets and handshakes of sockets
    JUDGE = "judge"  # batches of texts of other systems; the account is an API key
    # Counted by the service that they call. What it does not count, because it is refused before or
    # repeats what was done, is counted as CHEAP once it was answered.
    SIGN_IN = "sign_in"  # accounts.quota: LIMIT_SIGN_IN_*
    MESSAGE = "message"  # chat.services.quota: LIMIT_MESSAGES_*
    DELETION = "deletion"  # chat.services.quota: a use of WRITE, unless it is a repeat
    # Not counted.
    SOCKET = "socket"  # frames without database work: LIMIT_FRAMES_* of the socket is enough
    PROBE = "probe"  # what monitoring reads


COUNTED = (
    Quota.CHEAP,
    Quota.EXPENSIVE,
    Quota.WRITE,
    Quota.CREATE,
    Quota.RENAME,
    Quota.CONNECT,
    Quota.JUDGE,
)

COUNTED_BY_SERVICE = (Quota.SIGN_IN, Quota.MESSAGE, Quota.DELETION)

# The parameter that turns a request of a cheap route into a search, which is expensive.
SEARCHES = {"GET api/chat/rooms/": "search"}

# Each method of each route. A final `*` stands for every path that begins so.
ROUTES = {
    "GET livez": Quota.PROBE,
    "GET readyz": Quota.PROBE,
    "GET metrics": Quota.PROBE,
    "POST api/auth/register/": Quota.SIGN_IN,
    "POST api/auth/login/": Quota.SIGN_IN,
    "POST api/auth/refresh/": Quota.WRITE,
    "POST api/auth/logout/": Quota.WRITE,
    "POST api/auth/password/": Quota.SIGN_IN,
    "GET api/auth/sessions/": Quota.CHEAP,
    "POST api/auth/sessions/end-others/": Quota.WRITE,
    "DELETE api/auth/sessions/<id:session_id>/": Quota.WRITE,
    "POST api/auth/ws-ticket/": Quota.CONNECT,
    "GET api/auth/invitations/": Quota.CHEAP,
    "POST api/auth/invitations/": Quota.WRITE,
    "DELETE api/auth/invitations/<id:invitation_id>/": Quota.WRITE,
    "GET api/auth/users/": Quota.EXPENSIVE,
    "GET api/auth/users/me/": Quota.CHEAP,
    "PATCH api/auth/users/me/": Quota.RENAME,
    "POST api/me/export/": Quota.CREATE,
    "GET api/me/export/<id:export_id>/": Quota.CHEAP,
    "GET api/me/export/<id:export_id>/archive/": Quota.EXPENSIVE,
    "GET api/me/erasure/": Quota.CHEAP,
    "POST api/me/erasure/": Quota.SIGN_IN,
    "DELETE api/me/erasure/": Quota.WRITE,
    "GET api/chat/rooms/": Quota.CHEAP,
    "POST api/chat/rooms/": Quota.CREATE,
    "GET api/chat/rooms/<id:room_id>/": Quota.CHEAP,
    "PATCH api/chat/rooms/<id:room_id>/": Quota.RENAME,
    "DELETE api/chat/rooms/<id:room_id>/": Quota.WRITE,
    "POST api/chat/rooms/<id:room_id>/join/": Quota.WRITE,
    "POST api/chat/rooms/<id:room_id>/leave/": Quota.WRITE,
    "POST api/chat/rooms/<id:room_id>/participants/": Quota.WRITE,
    "PATCH api/chat/rooms/<id:room_id>/participants/<id:user_id>/": Quota.WRITE,
    "DELETE api/chat/rooms/<id:room_id>/participants/<id:user_id>/": Quota.WRITE,
    "POST api/chat/rooms/<id:room_id>/read/": Quota.WRITE,
    "GET api/chat/rooms/<id:room_id>/messages/": Quota.CHEAP,
    "POST api/chat/rooms/<id:room_id>/messages/": Quota.MESSAGE,
    "PATCH api/chat/rooms/<id:room_id>/messages/<id:message_id>/": Quota.MESSAGE,
    "DELETE api/chat/rooms/<id:room_id>/messages/<id:message_id>/": Quota.DELETION,
    "GET api/chat/rooms/<id:room_id>/changes/": Quota.CHEAP,
    "GET api/chat/rooms/<id:room_id>/search/": Quota.EXPENSIVE,
    "GET api/chat/me/changes/": Quota.CHEAP,
    "POST api/notices/": Quota.WRITE,
    "GET api/notices/<str:protocol>/": Quota.CHEAP,
    "POST api/notices/<str:protocol>/confirm/": Quota.WRITE,
    "POST api/chat/reports/": Quota.WRITE,
    "POST api/chat/reports/<id:report_id>/appeal/": Quota.WRITE,
    "GET api/me/appeals/": Quota.CHEAP,
    "GET api/me/decisions/": Quota.EXPENSIVE,
    "POST api/me/decisions/<id:decision_id>/appeal/": Quota.WRITE,
    "GET api/enforcement/audit/": Quota.EXPENSIVE,
    "GET api/enforcement/note-presets/": Quota.CHEAP,
    "GET api/enforcement/appeals/": Quota.CHEAP,
    "POST api/enforcement/appeals/<id:appeal_id>/decision/": Quota.WRITE,
    "GET api/chat/reports/mine/": Quota.CHEAP,
    "GET api/enforcement/report-suspensions/": Quota.CHEAP,
    "POST api/enforcement/report-suspensions/": Quota.WRITE,
    "POST api/enforcement/report-suspensions/<id:suspension_id>/lift/": Quota.WRITE,
    "GET api/me/blocks/": Quota.CHEAP,
    "POST api/me/blocks/": Quota.WRITE,
    "DELETE api/me/blocks/": Quota.WRITE,
    "DELETE api/me/blocks/<id:user_id>/": Quota.WRITE,
    "GET api/me/sanctions/": Quota.CHEAP,
    "GET api/enforcement/sanctions/": Quota.EXPENSIVE,
    "POST api/enforcement/sanctions/": Quota.WRITE,
    "POST api/enforcement/sanctions/<id:sanction_id>/lift/": Quota.WRITE,
    "POST api/enforcement/sanctions/<id:sanction_id>/term/": Quota.WRITE,
    "GET api/enforcement/strikes/histogram/": Quota.EXPENSIVE,
    "POST api/enforcement/rooms/<id:room_id>/freeze/": Quota.WRITE,
    "POST api/enforcement/rooms/<id:room_id>/newcomers-wait/": Quota.WRITE,
    "POST api/enforcement/rooms/<id:room_id>/slow-mode/": Quota.WRITE,
    "GET api/moderation/logs/": Quota.EXPENSIVE,
    "GET api/moderation/logs/<id:log_id>/": Quota.CHEAP,
    "POST api/moderation/try/": Quota.EXPENSIVE,
    "GET api/moderation/policies/": Quota.CHEAP,
    "POST api/moderation/policies/": Quota.CREATE,
    "GET api/moderation/policies/<slug:name>/": Quota.CHEAP,
    "DELETE api/moderation/policies/<slug:name>/": Quota.WRITE,
    "GET api/moderation/policies/<slug:name>/versions/": Quota.CHEAP,
    "POST api/moderation/policies/<slug:name>/versions/": Quota.CREATE,
    "GET api/moderation/policies/<slug:name>/versions/<int:number>/": Quota.CHEAP,
    "GET api/moderation/policies/<slug:name>/versions/<int:number>/findings/": Quota.EXPENSIVE,
    "POST api/moderation/policies/<slug:name>/versions/<int:number>/enable/": Quota.EXPENSIVE,
    "POST api/moderation/policies/<slug:name>/versions/<int:number>/rollback/": Quota.WRITE,
    "PUT api/moderation/policies/<slug:name>/shadow/": Quota.WRITE,
    "GET api/moderation/providers/": Quota.EXPENSIVE,
    "GET api/moderation/assignments/": Quota.CHEAP,
    "PUT api/moderation/assignments/": Quota.WRITE,
    "GET api/moderation/evaluations/": Quota.CHEAP,
    "POST api/moderation/evaluations/": Quota.EXPENSIVE,
    "GET api/moderation/evaluations/<id:evaluation_id>/": Quota.CHEAP,
    "POST api/moderation/evaluations/<id:evaluation_id>/cancel/": Quota.WRITE,
    "GET api/enforcement/purges/": Quota.EXPENSIVE,
    "POST api/enforcement/purges/": Quota.EXPENSIVE,
    "GET api/enforcement/purges/<id:purge_id>/": Quota.CHEAP,
    "POST api/enforcement/purges/<id:purge_id>/reverse/": Quota.WRITE,
    "GET api/enforcement/queues/": Quota.CHEAP,
    "POST api/enforcement/queues/": Quota.WRITE,
    "PATCH api/enforcement/queues/<id:queue_id>/": Quota.WRITE,
    "DELETE api/enforcement/queues/<id:queue_id>/": Quota.WRITE,
    "GET api/enforcement/cases/": Quota.EXPENSIVE,
    "GET api/enforcement/cases/<id:case_id>/": Quota.CHEAP,
    "POST api/enforcement/cases/<id:case_id>/claim/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/release/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/snooze/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/escalate/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/notes/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/ruling/": Quota.WRITE,
    "GET api/enforcement/rulings/": Quota.EXPENSIVE,
    "GET api/enforcement/reports/": Quota.EXPENSIVE,
    "GET api/enforcement/notices/": Quota.EXPENSIVE,
    "POST api/enforcement/rulings/<id:ruling_id>/undo/": Quota.WRITE,
    "POST api/enforcement/rulings/<id:ruling_id>/reverse/": Quota.WRITE,
    "POST api/enforcement/cases/<id:case_id>/evidence/": Quota.EXPENSIVE,
    "GET api/enforcement/hash-bank/": Quota.CHEAP,
    "POST api/enforcement/hash-bank/": Quota.WRITE,
    "DELETE api/enforcement/hash-bank/<id:banked_id>/": Quota.WRITE,
    "GET api/enforcement/bulk/": Quota.EXPENSIVE,
    "POST api/enforcement/bulk/": Quota.EXPENSIVE,
    "GET api/enforcement/bulk/<id:bulk_id>/": Quota.CHEAP,
    "POST api/enforcement/bulk/<id:bulk_id>/reverse/": Quota.WRITE,
    "GET api/moderation/cases/": Quota.EXPENSIVE,
    "GET api/moderation/cases/<id:case_id>/": Quota.CHEAP,
    "POST api/moderation/cases/<id:case_id>/claim/": Quota.WRITE,
    "POST api/moderation/cases/<id:case_id>/ruling/": Quota.WRITE,
    "POST v1/moderations": Quota.JUDGE,
    "POST v1alpha1/comments:analyze": Quota.JUDGE,
    "POST v1alpha1/comments:suggestscore": Quota.JUDGE,
    "GET api/schema/": Quota.EXPENSIVE,
    "GET api/docs/": Quota.CHEAP,
    "GET ws/schema/": Quota.CHEAP,
    "GET admin/jsi18n/": Quota.CHEAP,  # a file that most forms of the admin load
    "GET admin/login/": Quota.CHEAP,
    "GET admin/*": Quota.EXPENSIVE,
    "POST admin/*": Quota.WRITE,
    "POST admin/login/": Quota.SIGN_IN,
    "GET ": Quota.CHEAP,
    "GET favicon.ico": Quota.CHEAP,
    "GET regras/": Quota.CHEAP,
    "GET sign-in/": Quota.CHEAP,
    "POST sign-in/": Quota.SIGN_IN,
    "GET appeal/": Quota.CHEAP,
    "POST appeal/": Quota.WRITE,
    "GET register/": Quota.CHEAP,
    "POST register/": Quota.SIGN_IN,
    "GET denuncia/": Quota.CHEAP,
    "POST denuncia/": Quota.WRITE,
    "GET denuncia/<str:protocol>/": Quota.CHEAP,
    "POST denuncia/<str:protocol>/": Quota.WRITE,
    "GET account/": Quota.CHEAP,
    "POST account/": Quota.WRITE,
    "POST sign-out/": Quota.WRITE,
    "POST language/": Quota.WRITE,
}

# Each frame that a client may send, besides the limit of frames of its socket. They are counted
# in the process, for the account: no exchange with Redis for each frame.
FRAMES = {
    "authenticate": Quota.CONNECT,
    "chat_message": Quota.MESSAGE,
    "edit_message": Quota.MESSAGE,
    "delete_message": Quota.DELETION,
    "subscribe": Quota.CHEAP,
    "unsubscribe": Quota.SOCKET,
    "sync": Quota.CHEAP,
    "sync_me": Quota.CHEAP,
    "mark_read": Quota.WRITE,
    "typing": Quota.SOCKET,
    "ping": Quota.SOCKET,
}

# What new accounts may do less often: the setting with the limit.
JOIN = "POST api/chat/rooms/<id:room_id>/join/"
NEWCOMER_ROUTES = {"POST api/chat/rooms/": "limit_newcomer_rooms", JOIN: "limit_newcomer_joins"}

_WILDCARDS = {route[:-1]: quota for route, quota in ROUTES.items() if route.endswith("*")}


def quota_of_request(method: str, route: str, parameters: Callable[[], Mapping[str, str]]) -> Quota:
    """Return the class of a request.

    Args:
        method: The HTTP method.
        route: The route in Django's notation, without a leading slash.
        parameters: Returns those of the query. Called for routes in `SEARCHES` only.
    """
    search = SEARCHES.get(_key(method, route))
    if search is not None and parameters().get(search):
        return Quota.EXPENSIVE
    return quota_of_route(method, route)


def quota_of_route(method: str, route: str) -> Quota:
    """Return the class of a request without parameters. The arguments: see `quota_of_request`."""
    key = _key(method, route)
    if key in ROUTES:
        return ROUTES[key]
    for beginning, quota in _WILDCARDS.items():
        if key.startswith(beginning):
            return quota
    return Quota.CHEAP  # an error response: no such path or method


def _key(method: str, route: str) -> str:
    return f"{'GET' if method == 'HEAD' else method} {route}"


def spend(quota: Quota, *, account: str | None, address: str, route: str = "") -> None:
    """Count one use for an account and its address, in one exchange with Redis.

    Args:
        quota: A class in `COUNTED`.
        account: The id of the account, or None if the client is not signed in.
        address: The client's address.
        route: The method and the route, for what new accounts may do less often.

    Raises:
        NewcomerLimited: The account is new and has used up what new accounts may do.
        RateLimited: The account or the address has used up its quota.
    """
    per_account, per_address = settings.QUOTAS[quota]
    uses = limits.uses_of_address(per_address, "address", address, quota)
    if account is not None:
        # First, so that an account that asks too much does not use up its address's quota.
        uses.insert(0, (per_account, (quota, "account", account)))
    newcomer = _newcomer(account, route)
    if newcomer is not None:
        uses.insert(0, use_of_newcomer(newcomer, route))
    (refusal,) = limits.hit_all([uses])
    if refusal is None:
        return
    if newcomer is not None and not refusal.counted:
        raise NewcomerLimited(retry_after=refusal.retry_after, until=newcomer_until(newcomer))
    raise refusal


def _newcomer(account: str | None, route: str) -> UUID | None:
    """Return the account if it is new and the route is one that new accounts use less often."""
    if account is None or route not in NEWCOMER_ROUTES:
        return None
    user_id = UUID(account)
    return user_id if is_newcomer(user_id) else None


def use_of_newcomer(user_id: UUID, route: str) -> limits.Use:
    """Return what a use of a route in `NEWCOMER_ROUTES` counts for a new account."""
    return getattr(settings.ENV, NEWCOMER_ROUTES[route]), (route, "newcomer", user_id)
