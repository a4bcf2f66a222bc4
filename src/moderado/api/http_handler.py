"""Django's ASGI handler with one chain of synchronous middleware and threads that are used again.

Django enters the chain in a thread, returns to the event loop for the view, and enters the thread
again; asgiref starts two threads for each request. Both cost more than most views (ADR 0128).
"""

import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from io import SEEK_END
from typing import IO, Any, TypeVar, cast

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from moderado.api.health import ProbeMiddleware

R = TypeVar("R")

# Keys of a request's scope.
_REQUEST = "moderado.request"
_RESPONSE = "moderado.response"
MOST_IDLE = 16  # threads that wait for a request; further ones end with theirs


class RequestThread(Executor):
    """One thread, for one request at a time."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="request")
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def is_idle(self) -> bool:
        """Whether every call has ended, also those whose request has gone."""
        return self._calls == 0

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        with self._lock:
            self._calls += 1
        future = self._pool.submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def _ended(self, _call: Future[Any]) -> None:
        with self._lock:
            self._calls -= 1


class RequestThreads:
    """Lends each request a thread of its own. The one that worked last works next."""

    def __init__(self, *, most_idle: int = MOST_IDLE) -> None:
        self._idle: deque[RequestThread] = deque()
        self._most_idle = most_idle

    def take(self) -> RequestThread:
        """Return an idle thread, or a new one: no request waits for another one's."""
        return self._idle.pop() if self._idle else RequestThread()

    def give_back(self, thread: RequestThread) -> None:
        """Keep a thread for the next request, unless it still works or enough are kept."""
        if thread.is_idle and len(self._idle) < self._most_idle:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)


class HttpHandler(ASGIHandler):
    """Answers probes in the event loop, and each other request in one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = RequestThreads()

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002  (as Django's)
        super().load_middleware(is_async=False)
        self._answer = convert_exception_to_response(ProbeMiddleware(self._in_thread))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a request of HTTP."""
        if scope["type"] != "http":
            raise ValueError(f"no request of HTTP: {scope['type']}")
        thread = self._threads.take()
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
        finally:
            if thread.is_idle:
                _release(scope.pop(_REQUEST, None), scope.pop(_RESPONSE, None))
            self._threads.give_back(thread)

    def create_request(self, scope: Any, body_file: IO[bytes]) -> tuple[Any, Any]:
        """Build the request, with the length of its body.

        A chunked body has no header that says it, and Django's forms and REST framework take a
        body without one for an empty one.
        """
        request, refusal = super().create_request(scope, body_file)
        scope[_REQUEST] = request
        if request is not None and "CONTENT_LENGTH" not in request.META:
            length = body_file.seek(0, SEEK_END)
            body_file.seek(0)
            if length:
                request.META["CONTENT_LENGTH"] = str(length)
        return request, refusal

    async def listen_for_disconnect(self, receive: Any) -> None:
        """Return when the client has gone, or its answer is complete.

        Django's method raises an error then, which its caller ignores. The traceback of the error
        holds the request and its tasks in a cycle that only the garbage collector frees.
        """
        message = await receive()
        assert message["type"] == "http.disconnect", message["type"]

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await cast("Awaitable[HttpResponseBase]", self._answer(request))

    async def _in_thread(self, request: HttpRequest) -> HttpResponseBase:
        response = await sync_to_async(self.get_response)(request)
        cast("Any", request).scope[_RESPONSE] = response
        return response


def _release(request: HttpRequest | None, response: HttpResponseBase | None) -> None:
    """Empty a request that is answered, and what its view made of it.

    Django and REST framework store functions, messages, views and sessions in a request that refer
    to it. The garbage collector finds such cycles late: many that it came upon while they were
    in use wait for its rare looks at older objects.
    """
    if context := getattr(response, "renderer_context", None):
        vars(context["view"]).clear()
        vars(context["request"]).clear()
        context.clear()
    if request is not None:
        vars(request).clear()
