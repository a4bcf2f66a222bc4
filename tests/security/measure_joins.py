"""`python -m tests.security.measure_joins`: compare the time of refused joins.

A measurement, not a test: a busy machine distorts it. `test_joins.py` tests that the same queries
run. Variable: COUNT.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.security.hostile.serving import database

MAY_DIFFER = 0.10  # of the median

Ask = Callable[[str], str]
Times = dict[str, list[float]]


def _measured(ask: Ask, ids: dict[str, Callable[[], str]], count: int) -> Times:
    """Return the seconds of each refusal; the kinds alternate, so that noise hits all of them."""
    seconds: Times = {kind: [] for kind in ids}
    answers = set()
    for number in range(count + 10):
        for kind, make in ids.items():
            room = make()
            began = time.perf_counter()
            answers.add(ask(room))
            if number >= 10:  # the first ones warm up
                seconds[kind].append(time.perf_counter() - began)
    if len(answers) != 1:
        sys.exit(f"the answers differ: {answers}")
    return seconds


def _by_path(url: str, token: str) -> Ask:
    def ask(room: str) -> str:
        with connect(f"{url}/ws/chat/{room}/?token={token}", proxy=None) as connection:
            told = json.loads(connection.recv())
            try:
                connection.recv()
            except ConnectionClosed as closed:
                return f"{told} {closed.rcvd and closed.rcvd.code}"
        return "it opened"

    return ask


def _by_frame(connection: ClientConnection) -> Ask:
    def ask(room: str) -> str:
        connection.send(json.dumps({"type": "subscribe", "room": room}))
        return str(connection.recv()).replace(room, "…")  # the answer names the requested room

    return ask


def _by_rest(client: httpx.Client) -> Ask:
    def ask(room: str) -> str:
        answer = client.get(f"/api/chat/rooms/{room}/messages/")
        return f"{answer.status_code} {answer.text}"

    return ask


def _report(name: str, seconds: Times) -> bool:
    """Print the medians; return whether they are close enough."""
    medians = {kind: statistics.median(taken) for kind, taken in seconds.items()}
    apart = max(medians.values()) / min(medians.values()) - 1
    shown = "  ".join(f"{kind} {median * 1000:.2f}" for kind, median in medians.items())
    print(f"{name:>6}  {shown} ms  apart {apart:.1%}")
    return apart <= MAY_DIFFER


def main() -> int:
    count = int(os.environ.get("COUNT", "300"))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(database())
        from tests import factories, processes  # noqa: PLC0415  (once there are settings)
        from tests.factories import token_of  # noqa: PLC0415

        http = stack.enter_context(processes.web(Path(folder) / "log"))
        url = http.replace("http:", "ws:")
        quiet, used = (factories.make_room(is_private=True) for _ in range(2))
        member = token_of(factories.make_member(used).user)
        token = token_of(factories.make_user())
        ids: dict[str, Callable[[], str]] = {
            "quiet": lambda: str(quiet.id),
            "in use": lambda: str(used.id),
            "none": lambda: str(uuid4()),
        }
        path = f"{url}/ws/chat/{used.id}/?token={member}"
        stack.enter_context(connect(path, proxy=None)).recv()
        socket = stack.enter_context(connect(f"{url}/ws/chat/?token={token}", proxy=None))
        socket.recv()
        bearer = {"Authorization": f"Bearer {token}"}
        client = stack.enter_context(httpx.Client(base_url=http, headers=bearer))
        entry_points = {
            "path": _measured(_by_path(url, token), ids | {"malformed": lambda: "no-uuid"}, count),
            "frame": _measured(_by_frame(socket), ids, count),
            "REST": _measured(_by_rest(client), ids, count),
        }
    alike = [_report(name, seconds) for name, seconds in entry_points.items()]
    print(f"{MAY_DIFFER:.0%} would be too much")
    return 0 if all(alike) else 1


if __name__ == "__main__":
    sys.exit(main())
