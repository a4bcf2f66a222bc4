"""The access matrix: every REST route and WebSocket frame, for every role.

A cell is the outcome of a role: an HTTP status, or for a frame `ok` or the error code. Where a
private and a public room differ, the private one comes first: `404|200`. The names in braces are
those of `scene.Scene`; `{message}` is a visible message of the member, `{hidden}` a pending one.
The moderator has written the text of `{own_case}`. `left` is a moderator who was removed; `staff`
has the permissions of staff who moderate and invite. Paths that begin with `v1` are not below
/api/: API keys open them, and no role does.
"""

from collections.abc import Mapping
from typing import Any

ROLES = ("anonymous", "stranger", "member", "left", "moderator", "admin", "staff")
# Roles without rights of their own: they get what the other role gets.
EQUALS = {
    "flagged": "stranger",  # the staff flag, and no permission
    "muted": "member",  # on the server; without messages of their own
    "banned": "left",  # from the room
    "appealing": "anonymous",  # banned from the server, with an appeal token
}
# Where they get something else, by row or frame; `*` ends the beginning of many rows.
DIFFER = {
    "muted": {
        "PATCH auth/users/me/": "403",  # a name is a text, too
        "POST chat/rooms/": "403",
        "POST chat/rooms/{room}/messages/": "403",
        "PATCH chat/rooms/{room}/messages/{message}/": "403",
        "DELETE chat/rooms/{room}/messages/{message}/": "403",
        "PATCH chat/rooms/{room}/messages/{hidden}/": "404",
        "DELETE chat/rooms/{room}/messages/{hidden}/": "404",
        "typing": "muted",
        "edit_message": "not_the_author",
        "delete_message": "not_the_author",
        "chat_message": "muted",
    },
    "appealing": {
        "GET me/sanctions/": "200",
        "GET me/appeals/": "200",
        "GET me/decisions/": "200",
        "POST me/decisions/{decision}/appeal/": "404",
        "GET chat/reports/mine/": "200",
        "POST chat/reports/{report}/appeal/": "404",
        "POST me/export/": "202",
        "GET me/export/{export}/": "404",
        "GET me/export/{export}/archive/": "404",
        "GET me/erasure/": "404",
        "POST me/erasure/": "202",
        "DELETE me/erasure/": "404",
        "POST auth/login/": "403",
        "POST auth/refresh/": "401",  # of a session that has ended
    },
    "banned": {
        **{
            f"{method} chat/rooms/{{room}}/*": "403"
            for method in ("GET", "POST", "PATCH", "DELETE")
        },
        "POST chat/reports/": "404",
        "subscribe": "banned",
        "sync": "banned",
        "mark_read": "banned",
        "typing": "no_such_room",  # not subscribed
        "edit_message": "banned",
        "delete_message": "banned",
        "chat_message": "banned",
    },
}

ROUTES = """
                                            anonymous stranger member   left moderator admin   staff
POST   auth/register/                             201     201    201     201       201   201     201
POST   auth/login/                                200     200    200     200       200   200     200
POST   auth/refresh/                              200     200    200     200       200   200     200
POST   auth/logout/                               204     204    204     204       204   204     204
POST   auth/password/                             401     204    204     204       204   204     204
GET    auth/sessions/                             401     200    200     200       200   200     200
POST   auth/sessions/end-others/                  401     200    200     200       200   200     200
DELETE auth/sessions/{session}/                   401     404    404     404       404   404     404
POST   auth/ws-ticket/                            401     200    200     200       200   200     200
GET    auth/invitations/                          401     403    403     403       403   403     200
POST   auth/invitations/                          401     403    403     403       403   403     201
DELETE auth/invitations/{invitation}/             401     403    403     403       403   403     204
GET    auth/users/                                401     200    200     200       200   200     200
GET    auth/users/me/                             401     200    200     200       200   200     200
PATCH  auth/users/me/                             401     200    200     200       200   200     200
POST   me/export/                                 401     202    202     202       202   202     202
GET    me/export/{export}/                        401     404    404     404       404   404     404
GET    me/export/{export}/archive/                401     404    404     404       404   404     404
GET    me/erasure/                                401     404    404     404       404   404     404
POST   me/erasure/                                401     202    202     202       202   202     202
DELETE me/erasure/                                401     404    404     404       404   404     404
GET    chat/rooms/                                401     200    200     200       200   200     200
POST   chat/rooms/                                401     201    201     201       201   201     201
GET    chat/rooms/{room}/                         401 404|200    200 404|200       200   200 404|200
PATCH  chat/rooms/{room}/                         401 404|403    403 404|403       403   200 404|403
DELETE chat/rooms/{room}/                         401 404|403    403 404|403       403   204 404|403
POST   chat/rooms/{room}/join/                    401 404|200    200 404|200       200   200 404|200
POST   chat/rooms/{room}/leave/                   401 404|403    204 404|403       204   409 404|403
POST   chat/rooms/{room}/participants/            401 404|403    403 404|403       403   201 404|403
PATCH  chat/rooms/{room}/participants/{other}/    401 404|403    403 404|403       403   200 404|403
DELETE chat/rooms/{room}/participants/{other}/    401 404|403    403 404|403       403   204 404|403
POST   chat/rooms/{room}/read/                    401 404|200    200 404|200       200   200 404|200
GET    chat/rooms/{room}/messages/                401 404|200    200 404|200       200   200 404|200
POST   chat/rooms/{room}/messages/                401 404|202    202 404|202       202   202 404|202
PATCH  chat/rooms/{room}/messages/{message}/      401 404|403    200 404|403       403   403 404|403
PATCH  chat/rooms/{room}/messages/{hidden}/       401     404    200     404       404   404     404
DELETE chat/rooms/{room}/messages/{message}/      401 404|403    200 404|403       200   200 404|403
DELETE chat/rooms/{room}/messages/{hidden}/       401     404    200     404       404   404     404
GET    chat/rooms/{room}/changes/                 401 404|200    200 404|200       200   200 404|200
GET    chat/rooms/{room}/search/?q=bom            401 404|200    200 404|200       200   200 404|200
GET    chat/me/changes/                           401     200    200     200       200   200     200
POST   chat/reports/                              401 404|201    201 404|201       201   201 404|201
GET    chat/reports/mine/                         401     200    200     200       200   200     200
POST   chat/reports/{report}/appeal/              401     404    404     404       404   201     404
GET    me/appeals/                                401     200    200     200       200   200     200
GET    me/decisions/                              401     200    200     200       200   200     200
POST   me/decisions/{decision}/appeal/            401     404    404     404       404   201     404
GET    enforcement/audit/                         401     403    403     403       403   403     200
GET    enforcement/note-presets/                  401     403    403     403       200   200     200
GET    enforcement/appeals/                       401     403    403     403       200   200     200
POST   enforcement/appeals/{appeal}/decision/     401     404    404     404       404   404     200
GET    enforcement/report-suspensions/            401     403    403     403       403   403     200
POST   enforcement/report-suspensions/            401     403    403     403       403   403     201
POST   enforcement/report-suspensions/{suspension}/lift/ 401 403 403 403 403 403 200
GET    me/blocks/                                 401     200    200     200       200   200     200
POST   me/blocks/                                 401     201    201     201       201   201     201
DELETE me/blocks/                                 401     204    204     204       204   204     204
GET    me/sanctions/                              401     200    200     200       200   200     200
GET    enforcement/sanctions/                     401     403    403     403       200   200     200
GET    enforcement/sanctions/?room={room}         401     403    403     403       200   200     200
POST   enforcement/sanctions/                     401     403    403     403       201   201     201
POST   enforcement/sanctions/{sanction}/lift/     401     404    404     404       200   200     200
POST   enforcement/sanctions/{server_sanction}/lift/ 401  404    404     404       404   404     200
POST   enforcement/sanctions/{sanction}/term/     401     404    404     404       200   200     200
POST   enforcement/sanctions/{server_sanction}/term/ 401  404    404     404       404   404     200
GET    enforcement/strikes/histogram/             401     403    403     403       403   403     200
POST   enforcement/rooms/{room}/freeze/           401     403    403     403       200   200     200
POST   enforcement/rooms/{room}/newcomers-wait/   401     403    403     403       200   200     200
POST   enforcement/rooms/{room}/slow-mode/        401     403    403     403       200   200     200
DELETE me/blocks/{other}/                         401     204    204     204       204   204     204
POST   notices/                                   201     201    201     201       201   201     201
GET    notices/{protocol}/?code={code}            200     200    200     200       200   200     200
POST   notices/{protocol}/confirm/                200     200    200     200       200   200     200
GET    moderation/logs/                           401     403    403     403       200   200     200
GET    moderation/logs/?room={room}               401     403    403     403       200   200     200
GET    moderation/logs/?message={hidden}          401     403    403     403       200   200     200
GET    moderation/logs/{log}/                     401     404    404     404       200   200     200
POST   moderation/try/                            401     403    403     403       200   200     200
GET    moderation/policies/                       401     403    403     403       403   403     200
POST   moderation/policies/                       401     403    403     403       403   403     201
GET    moderation/policies/{policy}/              401     403    403     403       403   403     200
DELETE moderation/policies/{policy}/              401     403    403     403       403   403     204
GET    moderation/policies/{policy}/versions/     401     403    403     403       403   403     200
POST   moderation/policies/{policy}/versions/     401     403    403     403       403   403     201
GET    moderation/policies/{policy}/versions/{version}/ 401 403 403 403 403 403 200
GET    moderation/policies/{policy}/versions/{version}/findings/ 401 403 403 403 403 403 200
POST   moderation/policies/{policy}/versions/{version}/enable/ 401 403 403 403 403 403 200
POST   moderation/policies/{policy}/versions/{version}/rollback/ 401 403 403 403 403 403 200
PUT    moderation/policies/{policy}/shadow/       401     403    403     403       403   403     200
GET    moderation/providers/                      401     403    403     403       403   403     200
GET    moderation/assignments/                    401     403    403     403       403   403     200
PUT    moderation/assignments/                    401     403    403     403       403   403     200
GET    moderation/evaluations/                    401     403    403     403       403   403     200
POST   moderation/evaluations/                    401     403    403     403       403   403     201
GET    moderation/evaluations/{evaluation}/       401     403    403     403       403   403     200
POST   moderation/evaluations/{evaluation}/cancel/ 401    403    403     403       403   403     200
GET    moderation/cases/                          401     403    403     403       200   200     200
GET    moderation/cases/{case}/                   401     404    404     404       200   200     200
GET    moderation/cases/{own_case}/               401     404    404     404       403   200     200
POST   moderation/cases/{case}/claim/             401     404    404     404       200   200     200
POST   moderation/cases/{case}/ruling/            401     404    404     404       200   200     200
POST   moderation/cases/{own_case}/claim/         401     404    404     404       403   200     200
POST   moderation/cases/{own_case}/ruling/        401     404    404     404       403   200     200
GET    enforcement/queues/                       401     403    403     403       200   200     200
POST   enforcement/queues/                       401     403    403     403       403   403     201
PATCH  enforcement/queues/{queue}/               401     403    403     403       403   403     200
DELETE enforcement/queues/{queue}/               401     403    403     403       403   403     204
GET    enforcement/cases/                        401     403    403     403       200   200     200
GET    enforcement/cases/{case}/                 401     404    404     404       200   200     200
GET    enforcement/cases/{own_case}/             401     404    404     404       403   200     200
POST   enforcement/cases/{case}/claim/           401     404    404     404       200   200     200
POST   enforcement/cases/{case}/release/         401     404    404     404       200   200     200
POST   enforcement/cases/{case}/snooze/          401     404    404     404       200   200     200
POST   enforcement/cases/{case}/escalate/        401     404    404     404       200   200     200
POST   enforcement/cases/{case}/notes/           401     404    404     404       201   201     201
POST   enforcement/cases/{case}/ruling/          401     404    404     404       201   201     201
POST   enforcement/cases/{case}/evidence/        401     404    404     404       403   403     200
POST   enforcement/cases/{own_case}/claim/       401     404    404     404       403   200     200
POST   enforcement/cases/{own_case}/ruling/      401     404    404     404       403   201     201
GET    enforcement/rulings/                       401     403    403     403       200   200     200
GET    enforcement/reports/                       401     403    403     403       200   200     200
GET    enforcement/notices/                       401     403    403     403       403   403     200
GET    enforcement/bulk/                          401     403    403     403       200   200     200
GET    enforcement/purges/                        401     403    403     403       200   200     200
POST   enforcement/rulings/{ruling}/undo/        401     404    404     404       404   404     200
POST   enforcement/rulings/{ruling}/reverse/     401     404    404     404       201   201     201
GET    enforcement/hash-bank/                    401     403    403     403       403   403     200
POST   enforcement/hash-bank/                    401     403    403     403       403   403     201
DELETE enforcement/hash-bank/{banked}/?reason=-  401     403    403     403       403   403     204
POST   enforcement/bulk/                         401     403    403     403       202   202     202
GET    enforcement/bulk/{bulk}/                  401     403    403     403       404   404     200
POST   enforcement/bulk/{bulk}/reverse/          401     403    403     403       404   404     202
POST   enforcement/purges/                       401     403    403     403       202   202     202
GET    enforcement/purges/{purge}/               401     403    403     403       200   200     200
POST   enforcement/purges/{purge}/reverse/       401     403    403     403       202   202     202
POST   v1/moderations                             401     401    401     401       401   401     401
POST   v1alpha1/comments:analyze                  401     401    401     401       401   401     401
POST   v1alpha1/comments:suggestscore             401     401    401     401       401   401     401
GET    schema/                                    200     200    200     200       200   200     200
GET    docs/                                      200     200    200     200       200   200     200
"""

# Every field that the route reads, so that any further field is one that it must ignore.
ROOM = {"name": "sala", "is_private": True, "moderation_mode": "pre", "audience": "minors"}
QUEUE = {
    "name": "fila",
    "position": 3,
    "filter": {"origin": ["report"]},
    "groups": [],
    "measures": [],
    "target_seconds": 7200,
}
RULING = {
    "content": "remove",
    "sanctions": [{"kind": "mute", "term_seconds": 60, "scope": "room"}],
    "reason": "-",
    "public_note": "-",
    "private_note": "-",
}
BODIES = {
    "POST auth/register/": {
        "email": "new@example.org",
        "name": "N",
        "password": "{password}",
        "invitation": "-",
    },
    "POST auth/login/": {"email": "{email}", "password": "{password}", "device": "unknown"},
    "POST auth/refresh/": {"refresh": "{refresh}"},
    "POST auth/logout/": {"refresh": "{refresh}"},
    "POST me/erasure/": {"password": "{password}"},
    "POST auth/password/": {
        "current_password": "{password}",
        "new_password": "another phrase of some length",
    },
    "POST auth/invitations/": {"note": "-", "days": 3},
    "PATCH auth/users/me/": {"name": "Another", "language": "en"},
    "POST chat/rooms/": ROOM,
    "PATCH chat/rooms/{room}/": ROOM,
    "POST chat/rooms/{room}/participants/": {"user_id": "{newcomer}", "role": "MEMBER"},
    "PATCH chat/rooms/{room}/participants/{other}/": {"role": "MODERATOR"},
    "POST chat/rooms/{room}/read/": {"seq": 1},
    "POST chat/rooms/{room}/messages/": {
        "content": "oi",
        "client_id": "1",
        "reply_to": "{message}",
    },
    "PATCH chat/rooms/{room}/messages/{message}/": {"content": "boa tarde"},
    "PATCH chat/rooms/{room}/messages/{hidden}/": {"content": "boa tarde"},
    "POST chat/reports/{report}/appeal/": {"text": "-"},
    "POST me/decisions/{decision}/appeal/": {"text": "-"},
    "POST enforcement/appeals/{appeal}/decision/": {
        "outcome": "upheld",
        "reason": "-",
        "public_note": "-",
    },
    "POST chat/reports/": {"message": "{reportable}", "category": "hate", "comment": "-"},
    "POST enforcement/report-suspensions/": {
        "user": "{reporter}",
        "term_seconds": 60,
        "reason": "-",
        "public_note": "-",
    },
    "POST enforcement/report-suspensions/{suspension}/lift/": {"reason": "-"},
    "POST me/blocks/": {"user": "{newcomer}"},
    "DELETE me/blocks/": {"user": "{newcomer}"},
    "POST enforcement/sanctions/": {
        "user": "{other}",
        "kind": "mute",
        "scope": "{room}",
        "term_seconds": 60,
        "reason": "spam",
        "public_note": "-",
    },
    "POST enforcement/sanctions/{sanction}/lift/": {"reason": "-"},
    "POST enforcement/sanctions/{server_sanction}/lift/": {"reason": "-"},
    "POST enforcement/sanctions/{sanction}/term/": {"until": "{soon}", "reason": "-"},
    "POST enforcement/sanctions/{server_sanction}/term/": {"until": "{soon}", "reason": "-"},
    "POST enforcement/rooms/{room}/freeze/": {"until": "{soon}"},
    "POST enforcement/rooms/{room}/newcomers-wait/": {"until": "{soon}"},
    "POST enforcement/rooms/{room}/slow-mode/": {"until": "{soon}", "seconds": 5},
    "POST notices/": {
        "name": "Bia",
        "email": "bia@example.org",
        "role": "victim",
        "subject": "{message}",
        "category": "hate",
        "text": "-",
    },
    "POST notices/{protocol}/confirm/": {"code": "{code}"},
    "POST enforcement/cases/{case}/evidence/": {"order": "-"},
    "POST enforcement/hash-bank/": {"message": "{orderable}", "order": "another"},
    "POST moderation/try/": {
        "text": "oi",
        "as": {"role": "MEMBER", "age_days": 3, "strikes": 1},
        "room": "{room}",
    },
    "POST moderation/policies/": {
        "name": "another",
        "extends": "house",
        "document": {"rules": []},
        "reason": "-",
    },
    "POST moderation/policies/{policy}/versions/": {"document": {"rules": []}, "reason": "-"},
    "POST moderation/policies/{policy}/versions/{version}/enable/": {
        "confirm_fairness": True,
        "reason": "-",
    },
    "POST moderation/policies/{policy}/versions/{version}/rollback/": {"reason": "-"},
    "PUT moderation/policies/{policy}/shadow/": {
        "version": None,
        "sample": 0.1,
        "reason": "-",
    },
    "POST moderation/evaluations/": {
        "kind": "replay",
        "policy": "house",
        "version": 2,
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
        "room": "{room}",
        "limit": 10,
    },
    "PUT moderation/assignments/": {
        "server": "house",
        "room_types": {"public": "house"},
        "rooms": {"{room}": "house"},
    },
    "POST moderation/cases/{case}/ruling/": {"outcome": "ALLOW", "reason": "context", "note": "-"},
    "POST moderation/cases/{own_case}/ruling/": {"outcome": "ALLOW", "reason": "-", "note": "-"},
    "POST enforcement/queues/": QUEUE | {"name": "another"},
    "PATCH enforcement/queues/{queue}/": QUEUE,
    "POST enforcement/cases/{case}/snooze/": {"until": "{soon}"},
    "POST enforcement/cases/{case}/notes/": {"text": "-"},
    "POST enforcement/cases/{case}/ruling/": RULING | {"revision": 1},
    "POST enforcement/cases/{own_case}/ruling/": RULING | {"revision": 1},
    "POST enforcement/rulings/{ruling}/reverse/": {"reason": "-"},
    "POST enforcement/bulk/": {"filter": {"room": "{room}"}, "ruling": RULING, "dry_run": False},
    "POST enforcement/bulk/{bulk}/reverse/": {"reason": "-"},
    "POST enforcement/purges/": {
        "user": "{other}",
        "since": "{recently}",
        "dry_run": False,
        "room": "{room}",
        "reason": "spam",
        "public_note": "-",
    },
    "POST enforcement/purges/{purge}/reverse/": {"reason": "-"},
    "POST v1/moderations": {"input": "oi", "model": "moderado"},
    "POST v1alpha1/comments:analyze": {
        "comment": {"text": "oi"},
        "requestedAttributes": {"TOXICITY": {}},
    },
    "POST v1alpha1/comments:suggestscore": {"comment": {"text": "oi"}, "attributeScores": {}},
}

# Beginnings of the paths that concern no room, unless path or body name what belongs to one.
ROOMLESS = (
    *(f"auth/{each}" for each in (
        "register", "login", "refresh", "logout", "password", "sessions", "ws-ticket",
        "invitations", "users/me",
    )),
    *(f"me/{each}" for each in ("export", "erasure", "blocks")),
    *(f"moderation/{each}" for each in ("policies", "providers", "assignments", "evaluations")),
    *(f"enforcement/{each}" for each in (
        "audit", "note-presets", "report-suspensions", "hash-bank",
        "notices",
    )),
    "notices", "v1", "schema", "docs",
)  # fmt: skip
OF_ROOMS = {
    "room", "message", "hidden", "reportable", "orderable", "case", "own_case", "log", "ruling",
    "bulk", "purge", "sanction",
}  # fmt: skip

NOT_THERE = "no_such_room|ok"
NOT_MINE = "no_such_message|not_the_author"

FRAMES = {
    # frame: (its fields, one outcome for each role but anonymous, for whom every frame is 4001)
    #                                stranger   member left       moderator admin staff
    "subscribe": ({"room": "{room}"}, NOT_THERE, "ok", NOT_THERE, "ok", "ok", NOT_THERE),
    "sync": ({"room": "{room}", "after": 0}, NOT_THERE, "ok", NOT_THERE, "ok", "ok", NOT_THERE),
    "sync_me": ({}, "ok", "ok", "ok", "ok", "ok", "ok"),
    "mark_read": ({"room": "{room}", "seq": 1}, NOT_THERE, "ok", NOT_THERE, "ok", "ok", NOT_THERE),
    "typing": ({"room": "{room}"}, NOT_THERE, "ok", NOT_THERE, "ok", "ok", NOT_THERE),
    "edit_message": (
        {"id": "{message}", "message": "boa tarde"},
        NOT_MINE, "ok", NOT_MINE, "not_the_author", "not_the_author", NOT_MINE,
    ),
    "delete_message": ({"id": "{message}"}, NOT_MINE, "ok", NOT_MINE, "ok", "ok", NOT_MINE),
    "unsubscribe": ({"room": "{room}"}, "ok", "ok", "ok", "ok", "ok", "ok"),
    "ping": ({}, "ok", "ok", "ok", "ok", "ok", "ok"),
    "authenticate": ({"token": "{token}"}, *["already_authenticated"] * 6),
    # Last: a user who posts in a public room becomes a member.
    "chat_message": (
        {"room": "{room}", "message": "oi"},
        NOT_THERE, "ok", NOT_THERE, "ok", "ok", NOT_THERE,
    ),
}  # fmt: skip


def expected(cell: str, *, is_private: bool) -> str:
    """Return the outcome of a cell in a private or a public room."""
    return cell.partition("|")[0] if is_private else cell.rpartition("|")[2]


def names_a_room(method: str, path: str) -> bool:
    """Return whether a room or what lies in one may decide the answer of a row."""
    named = f"{path} {BODIES.get(f'{method} {path}')}"
    return not path.startswith(ROOMLESS) or any(f"{{{name}}}" in named for name in OF_ROOMS)


def is_asked(method: str, path: str, role: str | None = None, *, of_rooms: bool | None) -> bool:
    """Return whether a row is asked in a part of a test.

    Args:
        method: Of HTTP.
        path: Of the table.
        role: Who asks; None if the test has one role for a row. One of `EQUALS` differs from the
            other role in the same way in private and public rooms, if at all.
        of_rooms: Whether only those are asked for whom the privacy of the room may decide, or only
            the others. None: all.
    """
    here = names_a_room(method, path)
    if role in EQUALS:
        here = here and cell_of(role, f"{method} {path}", "") != ""
    return of_rooms is None or here is of_rooms


def equals_of(outcomes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcomes by role, with those of `EQUALS` who have any."""
    equals = {role: outcomes[other] for role, other in EQUALS.items() if other in outcomes}
    return {**outcomes, **equals}


def cell_of(role: str, row: str, cell: str) -> str:
    """Return the outcome of a role for a row or frame: `cell`, unless the role differs there."""
    for name, other in DIFFER.get(role, {}).items():
        if name == row or (name.endswith("*") and row.startswith(name[:-1])):
            return other
    return cell


def rows() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the table of routes as (method, path, one cell for each role)."""
    head, *lines = [line.split() for line in ROUTES.strip().splitlines()]
    assert tuple(head) == ROLES
    return [(method, path, tuple(cells)) for method, path, *cells in lines]
