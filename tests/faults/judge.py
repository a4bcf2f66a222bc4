"""A moderation service over real HTTP that keeps its own bill and fails on demand.

Its verdict follows the words of the text (BLOCK, HOLD, FLAG, otherwise ALLOW). It bills *before*
it answers, like a service that charges for the work and then loses the connection.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.faults.words import OUTCOMES

Question = dict[str, Any]


@dataclass(slots=True)
class ReceivedRequest:
    """One request as the service received it. Times are of the harness's monotonic clock."""

    question: Question
    began: float
    ended: float | None = None
    billed: bool = False
    answered: int | None = None  # HTTP status; None: the connection was dropped

    @property
    def subject(self) -> tuple[str, int]:
        return self.question["id"], self.question["revision"]


@dataclass
class Manner:
    """How the service behaves until it is changed."""

    seconds: float = 0.0  # seconds between billing and answer
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # replaces the normal answer
    lose_answers: float = 0.0  # share of billed calls whose connection is dropped
    drip: float = 0.0  # seconds between two bytes of the answer
    bills_failures: bool = False  # whether answers other than 200 are billed


class Judge:
    """Listens on a loopback port from `start` to `stop`."""

    def __init__(self, seed: int = 1) -> None:
        self.manner = Manner()
        self.asked: list[ReceivedRequest] = []
        self.on_request: Callable[[ReceivedRequest], None] | None = None  # called after billing
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                judge._serve(self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 512

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # Callers are killed on purpose.

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, name="judge", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.server_port)

    def asked_about(self, message_ids: Iterable[str | None]) -> int:
        """Return about how many of these messages the service was asked; it also judges names."""
        with self._lock:
            return len({each.subject[0] for each in self.asked} & set(message_ids))

    def bill(self) -> Counter[tuple[str, int]]:
        """Return how often each message and revision was billed; a repeated key is billed once."""
        with self._lock:
            charged = [each for each in self.asked if each.billed]
        return Counter(each.subject for each in charged)

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        question = json.loads(request.rfile.read(length))
        question["key"] = request.headers.get("Idempotency-Key")
        asked = ReceivedRequest(question, began=time.monotonic())
        manner = self.manner
        with self._lock:
            self.asked.append(asked)
            charges = manner.status == 200 or manner.bills_failures
            asked.billed = charges and not self._was_charged(question["key"])
            loses = self._dice.random() < manner.lose_answers
        if self.on_request:
            self.on_request(asked)
        if manner.seconds:
            time.sleep(manner.seconds)
        if loses:
            request.close_connection = True
        else:
            _answer(request, manner, question["text"])
            asked.answered = manner.status
        asked.ended = time.monotonic()

    def _was_charged(self, key: str | None) -> bool:
        return key is not None and any(
            each.billed and each.question["key"] == key for each in self.asked
        )


def _answer(request: BaseHTTPRequestHandler, manner: Manner, text: str) -> None:
    body = manner.body
    if body is None:
        body = json.dumps({"outcome": outcome_of(text), "model": "stub-1", "cost": 1}).encode()
    request.send_response(manner.status)
    for name, value in manner.headers.items():
        request.send_header(name, value)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    for at in range(len(body)) if manner.drip else ():
        request.wfile.write(body[at : at + 1])
        request.wfile.flush()
        time.sleep(manner.drip)
    if not manner.drip:
        request.wfile.write(body)


def outcome_of(text: str) -> str:
    """Return the verdict on `text`."""
    words = text.split()
    return next((outcome for word, outcome in OUTCOMES.items() if word in words), "ALLOW")
