"""W5: pages of a room with two million messages, at its head and a million deep."""

import time
from statistics import median
from typing import Any, ClassVar
from urllib.request import Request, urlopen

from benchmarks.harness.figures import Figures
from benchmarks.stacks.base import Stack
from benchmarks.stacks.moderado import Moderado
from benchmarks.workloads.base import Scale, Workload

REPEATED = 30


class Depth(Workload):
    name = "w5"
    title = "W5: a page of 50 of 2 million messages, at the head and 1 million deep"
    group = "depth"
    stacks = ("moderado",)
    rounds = 1  # each figure is a median of many reads, and filling the table takes a minute
    columns: ClassVar = {
        "history_head_ms": "history: ms at the head",
        "history_deep_ms": "deep",
        "history_deep_buffers": "buffers, deep",
        "feed_head_ms": "change feed: ms at the head",
        "feed_deep_ms": "deep",
        "feed_deep_buffers": "buffers, deep",
        "rest_history_head_ms": "REST: ms at the head",
        "rest_history_deep_ms": "deep",
        "offset_ms": "same page with OFFSET (ms)",
        "sorts": "sorts",
        "seq_scans": "sequential scans",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        assert isinstance(stack, Moderado)
        arguments = {"rows": scale.count(2_000_000), "depth": scale.count(1_000_000)}
        answer = stack.ask("benchmarks.stacks.moderado_depth", arguments)
        figures: Figures = answer["figures"]
        for kind in ("sorts", "seq_scans"):
            figures[kind] = sum(v for name, v in figures.items() if name.endswith(f"_{kind}"))
        return figures | _by_rest(stack, answer)


def _by_rest(stack: Stack, answer: dict[str, Any]) -> Figures:
    room = f"http://127.0.0.1:{stack.port}/api/chat/rooms/{answer['room']}"
    pages = {
        "rest_history_head": f"{room}/messages/?page_size=50",
        "rest_history_deep": f"{room}/messages/?page_size=50&cursor={answer['cursor']}",
        "rest_feed_deep": f"{room}/changes/?after={answer['after']}",
    }
    return {f"{name}_ms": _milliseconds(url, answer["token"]) for name, url in pages.items()}


def _milliseconds(url: str, token: str) -> float:
    times = []
    for _ in range(REPEATED):
        began = time.perf_counter()
        request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  (local HTTP)
        with urlopen(request, timeout=10) as response:  # noqa: S310
            response.read()
        times.append(time.perf_counter() - began)
    return median(times) * 1000
