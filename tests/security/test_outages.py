"""Failures of the whole product, as real processes: answers and logs contain no private data."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.faults.cluster import Cluster
from tests.processes import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.long]

REFUSED_WITHIN = 10.0  # seconds
MARK = "XicrinhaDeCafe"  # part of every secret, and of nothing else
THEIRS = "Fornecedora"  # part of every provider answer
# The fields of an answer that reports a failure.
OUTWARD = {"code", "detail", "error_id", "type", "message", "error", "client_id", "frame", "room"}
INWARD = ("psycopg", "127.0.0.1", "Traceback", "File ", "redis", "SELECT", "INSERT", "moderado.")


class Person:
    """A user whose texts and secrets all carry the mark."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self.http = http
        self.email = f"{MARK}-{uuid4().hex}@{MARK}.example"
        # No letter of the address: similar passwords are refused.
        self.password = "".join(random.choices("gjklmopqstuvwyz", k=24))
        self.secrets = {self.password}
        made = self.ask("POST", "/auth/register/", self.account())
        assert "tokens" in made, made
        self.keep(made["tokens"])
        body = {"name": f"{MARK} sala", "moderation_mode": "pre"}
        self.room = self.ask("POST", "/chat/rooms/", body)["id"]

    def account(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password, "name": f"{MARK} {MARK}"}

    def keep(self, tokens: dict[str, str]) -> None:
        self.token, self.refresh = tokens["access"], tokens["refresh"]
        self.secrets |= set(tokens.values())
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Return the JSON of the answer, whatever its status."""
        answer = self.http.request(method, path, json=body, headers=headers)
        return answer.json() if answer.content else None

    def ticket(self) -> str:
        ticket: str = self.ask("POST", "/auth/ws-ticket/")["ticket"]
        self.secrets.add(ticket)
        return ticket

    @contextmanager
    def socket(self, query: str | None = None, path: str = "", **options: Any) -> Iterator[Any]:
        """Open a socket without a room, by a token in its URL unless given otherwise."""
        query = f"token={self.token}" if query is None else query
        address = f"{self.url.replace('http', 'ws')}/ws/{path or 'chat/'}?{query}"
        with connect(address, proxy=None, **options) as connection:
            yield connection

    def tries_socket(self, query: str, path: str = "", **options: Any) -> int | None:
        """Return the status or close code of a refused socket."""
        try:
            with self.socket(query, path, **options) as connection:
                while True:
                    connection.recv(timeout=20)
        except InvalidStatus as refused:
            return refused.response.status_code
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def send(connection: ClientConnection, kind: str, **fields: object) -> None:
    connection.send(json.dumps({"type": kind, **fields}))


def hear(connection: ClientConnection, *kinds: str) -> dict[str, Any]:
    """Return the next frame of one of these types."""
    while (frame := json.loads(connection.recv(timeout=20)))["type"] not in kinds:
        pass
    return dict(frame)


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Path:
    """Return the file whose existence breaks the next send."""
    return tmp_path_factory.mktemp("broken") / "flag"


@pytest.fixture(scope="module")
def cluster(start_cluster: Callable[..., Cluster], broken: Path) -> Cluster:
    return start_cluster(
        judged_by="remote",
        failpoints=f"send.before_commit:raise@{broken}",
        environment={"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"},
    )


@pytest.fixture
def person(cluster: Cluster) -> Iterator[Callable[[], Person]]:
    """Creates users, who disconnect when the test ends."""
    with ExitStack() as stack:

        def make() -> Person:
            url = cluster.webs[0].url
            http = httpx.Client(base_url=f"{url}/api", timeout=20)
            return Person(url, stack.enter_context(http))

        yield make


@pytest.fixture
def ana(person: Callable[[], Person]) -> Person:
    return person()


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """Make the database refuse all connections, then use it again."""
    cluster.postgres.wire.refuse()
    try:
        yield
    finally:
        cluster.postgres.wire.release()
        ready = f"{cluster.webs[0].url}/readyz"
        wait_until(lambda: httpx.get(ready, timeout=30).is_success, what="the database is back")


def say(person: Person, connection: ClientConnection, text: str) -> dict[str, Any]:
    """Post to the user's room; return the answer."""
    client_id = uuid4().hex[:12]
    send(connection, "chat_message", room=person.room, message=text, client_id=client_id)
    return hear(connection, "message_queued", "error")


def is_outward(answer: dict[str, Any]) -> bool:
    """Tell whether a failure is reported by code, sentence and id alone."""
    text = json.dumps(answer)
    sentence = answer.get("detail") or answer.get("message", "")
    return (
        set(answer) <= OUTWARD
        and " " in sentence  # one of ours, not the name of an exception
        and sentence.endswith(".")
        and MARK not in text
        and not [word for word in INWARD if word in text]
    )


@pytest.mark.proves("S40")
def test_database_outage_shows_clients_a_code_only(cluster, ana):
    with ana.socket() as connection:
        hear(connection, "connection_established")
        with away(cluster):
            began = time.monotonic()
            message = {"content": MARK}
            with ThreadPoolExecutor() as pool:
                asked = [
                    pool.submit(say, ana, connection, f"{MARK} oi"),
                    pool.submit(ana.ask, "GET", "/chat/rooms/"),
                    pool.submit(ana.ask, "POST", "/auth/login/", ana.account()),
                    pool.submit(ana.ask, "POST", f"/chat/rooms/{ana.room}/messages/", message),
                ]
                page = httpx.get(f"{ana.url}/sign-in/", timeout=20).text
                code = ana.tries_socket(f"token={ana.token}")
            answers = [each.result() for each in asked]
            seconds = time.monotonic() - began

        assert say(ana, connection, f"{MARK} de novo")["type"] == "message_queued"
    assert {answer["code"] for answer in answers} == {"unavailable"}
    assert [answer for answer in answers if not is_outward(answer)] == []
    assert seconds < REFUSED_WITHIN
    assert [word for word in INWARD if word in page] == []
    assert code == 1012


@pytest.mark.proves("S40")
def test_internal_error_shows_a_code_and_a_logged_id(cluster, ana, broken):
    with ana.socket() as connection:
        hear(connection, "connection_established")
        broken.touch()
        by_socket = say(ana, connection, f"{MARK} oi")
        broken.touch()
        by_rest = ana.ask("POST", f"/chat/rooms/{ana.room}/messages/", {"content": f"{MARK} oi"})

    for answer in (by_socket, by_rest):
        assert answer["code"] == "internal"
        assert is_outward(answer)
        assert answer["error_id"] in cluster.logs()


@pytest.mark.proves("S40")
@pytest.mark.parametrize(
    ("status", "answered"), [(500, THEIRS), (200, f'{{"outcome": "{THEIRS}"}}')]
)
def test_provider_failure_shows_the_author_a_reason_only(cluster, ana, status, answered):
    cluster.judge.manner.status, cluster.judge.manner.body = status, answered.encode()
    try:
        with ana.socket() as connection:
            hear(connection, "connection_established")
            said = say(ana, connection, "oi")["message"]["id"]
            held = hear(connection, "message_held")
    finally:
        cluster.judge.manner.status, cluster.judge.manner.body = 200, None

    assert (held["message"]["id"], held["message"]["reason"]) == (said, "unjudged")
    assert THEIRS not in json.dumps(held)
    assert THEIRS not in cluster.logs()
    assert "remote" not in json.dumps(held)


def walk(cluster: Cluster, ana: Person, broken: Path) -> None:
    """Do everything that could be logged: success, refusal and failure."""
    enters(ana)
    opens_sockets(ana)
    talks(cluster, ana, broken)
    with away(cluster):
        ana.ask("POST", "/auth/login/", ana.account())
        ana.ask("GET", f"/chat/rooms/{ana.room}/search/?q={MARK}")
        ana.tries_socket(f"token={ana.token}")
    cluster.postgres.ask("ALTER TABLE chat_message ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    try:
        ana.ask("POST", f"/chat/rooms/{ana.room}/messages/", {"content": f"{MARK} recusada"})
    finally:
        cluster.postgres.ask("ALTER TABLE chat_message DROP CONSTRAINT no_more")


def enters(ana: Person) -> None:
    """Use every account endpoint, correctly and incorrectly."""
    account = ana.account()
    ana.ask("POST", "/auth/register/", account)
    ana.ask("POST", "/auth/register/", {"email": MARK, "name": MARK, "password": MARK})
    ana.ask("POST", "/auth/login/", account | {"password": f"{MARK} wrong"})
    ana.keep(ana.ask("POST", "/auth/login/", account))
    first = ana.refresh
    ana.keep(ana.ask("POST", "/auth/refresh/", {"refresh": first}))
    ana.ask("POST", "/auth/refresh/", {"refresh": first})  # and the session is over
    ana.ask("GET", "/auth/users/me/")
    ana.keep(ana.ask("POST", "/auth/login/", account))
    ana.ask("POST", "/auth/logout/", {"refresh": ana.refresh})
    ana.ask("GET", "/auth/users/me/", Authorization=f"Bearer {MARK}.{MARK}.{MARK}")
    ana.keep(ana.ask("POST", "/auth/login/", account))
    ana.ask("PATCH", "/auth/users/me/", {"name": f"{MARK} outra"})
    for path in ("/admin/login/", "/sign-in/"):
        with httpx.Client(base_url=ana.url) as browser:
            browser.get(path)
            form = {"username": ana.email, "email": ana.email, "password": MARK}
            form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
            ana.secrets.add(form["csrfmiddlewaretoken"])
            browser.post(path, data=form, headers={"Referer": ana.url})


def opens_sockets(ana: Person) -> None:
    """Open sockets with a token or ticket in the URL, valid, invalid, and on unknown paths."""
    by_token = f"token={ana.token}"
    with ana.socket(by_token) as connection:
        assert hear(connection, "connection_established")
    with ana.socket(f"ticket={ana.ticket()}", path=f"chat/{ana.room}/") as connection:
        assert hear(connection, "connection_established")
    assert ana.tries_socket(f"token={MARK}") == 4001
    assert ana.tries_socket(f"ticket={MARK}") == 4001
    assert ana.tries_socket(by_token, "chat/elsewhere/") == 4004
    assert ana.tries_socket(by_token, "elsewhere/") == 404
    assert ana.tries_socket(by_token, origin="https://evil.example") == 403
    for path, status in (("ws/chat/", 426), ("ws/elsewhere/", 404), ("api/elsewhere/", 404)):
        assert httpx.get(f"{ana.url}/{path}?{by_token}").status_code == status
    with ana.socket("") as connection:
        send(connection, "authenticate", token=ana.token)
        assert hear(connection, "connection_established")
        for frame in (MARK, json.dumps({"type": MARK}), f'{{"type":"ping","{MARK}":1}}'):
            connection.send(frame)
            hear(connection, "error")


def talks(cluster: Cluster, ana: Person, broken: Path) -> None:
    """Create messages in every state, and provoke failures on the way."""
    path = f"/chat/rooms/{ana.room}"
    with ana.socket() as connection:
        for word in ("", "BLOCK", "HOLD", "FLAG"):
            say(ana, connection, f"{MARK} {word}")
        hear(connection, "message_held")
        broken.touch()
        say(ana, connection, f"{MARK} some")
        for status, body in ((500, MARK), (429, f"quota {MARK}"), (200, f'{{"outcome":"{MARK}"}}')):
            cluster.judge.manner.status, cluster.judge.manner.body = status, body.encode()
            say(ana, connection, f"{MARK} {status}")
            cluster.wait_until_judged(seconds=30)
        cluster.judge.manner.status, cluster.judge.manner.body = 200, None
    broken.touch()
    ana.ask("POST", f"{path}/messages/", {"content": f"{MARK} some"})
    ana.ask("POST", f"{path}/messages/", {"content": MARK, MARK: MARK})
    ana.ask("POST", f"{path}/messages/elsewhere/", {"content": MARK})
    ana.ask("GET", f"{path}/search/?q={MARK}")
    ana.ask("GET", f"/auth/users/?search={MARK}")
    ana.http.request("POST", f"{path}/messages/", content=b'{"content": "' + MARK.encode())
    message = ana.ask("POST", f"{path}/messages/", {"content": f"{MARK} oi"})["id"]
    ana.ask("PATCH", f"{path}/messages/{message}/", {"content": f"{MARK} BLOCK"})


def written(cluster: Cluster) -> dict[str, str]:
    """Return the logs of all processes, PostgreSQL and Valkey included, by file name."""
    return {
        path.relative_to(cluster.folder).as_posix(): path.read_text(errors="replace")
        for path in cluster.folder.rglob("*.log")
    }


@pytest.mark.proves("S7", "S28")
def test_no_log_contains_text_tokens_or_addresses(cluster, ana, broken):
    walk(cluster, ana, broken)

    logs = written(cluster)
    secrets = {MARK, MARK.lower(), *ana.secrets}
    leaks = {
        name: line[:300]
        for name, text in logs.items()
        for line in text.splitlines()
        if any(secret in line for secret in secrets)
    }
    assert len(ana.secrets) > 8
    assert "request_finished" in logs["web-0.log"]
    assert "FailpointReached" in logs["web-0.log"]
    assert "no_more" in logs["engines/logs/postgres.log"]
    assert leaks == {}


LOST = 60.0  # seconds


@pytest.mark.proves("S11", "R109")
@pytest.mark.long
def test_revoked_reader_is_closed_within_a_minute_without_redis(cluster, person):
    admin = person()
    ways = ("removed", "signed out", "disabled", "password", "muted")
    people = {how: person() for how in ways}
    room = {
        "is_private": True,
        "moderation_mode": "off",
    }  # mode `post` or `off`: messages are visible at once
    admin.ask("PATCH", f"/chat/rooms/{admin.room}/", room)
    wires = (cluster.redis_wire, cluster.broker_wire, cluster.layer_wire)
    ids = {how: each.ask("GET", "/auth/users/me/")["id"] for how, each in people.items()}
    with ExitStack() as stack:
        sockets = {}
        for how, somebody in people.items():
            admin.ask("POST", f"/chat/rooms/{admin.room}/participants/", {"user_id": ids[how]})
            path = f"chat/{admin.room}/"
            sockets[how] = stack.enter_context(somebody.socket(path=path))
            hear(sockets[how], "connection_established")
        at_admin = stack.enter_context(admin.socket(path=f"chat/{admin.room}/"))
        for wire in wires:
            stack.callback(wire.release)
            wire.refuse()

        began = time.monotonic()
        admin.ask("DELETE", f"/chat/rooms/{admin.room}/participants/{ids['removed']}/")
        people["signed out"].ask("POST", "/auth/logout/", {"refresh": people["signed out"].refresh})
        cluster.postgres.ask(
            "UPDATE accounts_user SET is_active = false WHERE id = %s", ids["disabled"]
        )
        cluster.postgres.ask(
            "UPDATE accounts_session SET ended_at = now() WHERE user_id = %s", ids["password"]
        )
        mute = {"user": ids["muted"], "kind": "mute", "scope": admin.room, "reason": "spam"}
        assert "id" in (made := admin.ask("POST", "/enforcement/sanctions/", mute)), made
        admin.ask("POST", f"/chat/rooms/{admin.room}/messages/", {"content": "segredo"})
        hear(at_admin, "chat_message")
        codes, heard = {}, {}
        hear(sockets.pop("muted"), "sanction_applied")
        for how, connection in sockets.items():
            heard[how] = ""
            with suppress(ConnectionClosed):
                while True:
                    heard[how] += str(connection.recv(timeout=LOST))
            codes[how] = connection.protocol.close_code
        seconds = time.monotonic() - began

    assert codes == {"removed": 4003, "signed out": 4001, "disabled": 4001, "password": 4001}
    assert "segredo" not in heard["removed"]
    assert seconds < LOST
