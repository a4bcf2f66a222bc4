"""Conditions of policies in CEL: typed expressions without loops, which always end.

`and`, `or` and `not` are accepted for `&&`, `||` and `!`.
"""

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from msgspec import structs

from moderado.moderation.types import Category, Content, Signal

MAX_LENGTH = 500  # characters
NAMES = frozenset({"author", "room", "scores", "matches", "counts", "length"})
COUNTS = ("messages_10s", "messages_60s", "repeats_60s")

_WORDS = {"and": "&&", "or": "||", "not": "!"}
_TOKENS = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\b(and|or|not)\b""")
_MACROS = re.compile(r"\b(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
_NOTHING = Content(subject_type="", subject_id=None, revision=1, text="")  # type: ignore[arg-type]


class Condition:
    """A compiled condition. One that fails while it is evaluated counts as met.

    Attributes:
        source: As it was written.
        reads: What it reads that costs a query: `approved`, `strikes`, `counts`.
        names: The names of `NAMES` that it uses.

    Raises:
        ValueError: The expression is invalid; the message says how.
    """

    def __init__(self, source: str) -> None:
        if len(source) > MAX_LENGTH:
            raise ValueError(f"a condition has at most {MAX_LENGTH} characters")
        self.source = source
        self._program = _compiler()(_TOKENS.sub(_operator, source))
        used = set(self._program.variables()) - set(_MACROS.findall(source))
        if unknown := sorted(used - NAMES):
            raise ValueError(f"unknown name {unknown[0]!r}: {', '.join(sorted(NAMES))}")
        self.names = frozenset(used)
        self.reads = frozenset(
            name for name in ("approved", "strikes", "counts") if re.search(rf"\b{name}\b", source)
        )
        self._check()

    def __call__(self, content: Content, signals: Sequence[Signal]) -> bool:
        """Tell whether the condition is met."""
        try:
            return bool(self._program.execute(facts(content, signals)))
        except Exception:  # noqa: BLE001  (an expression may fail in any way)
            return True

    def _check(self) -> None:
        """Evaluate it once, so that wrong fields and types are known before they matter."""
        try:
            found = self._program.execute(facts(_NOTHING, ()))
        except KeyError as error:
            raise ValueError(f"unknown field {error}") from None
        except Exception as error:  # noqa: BLE001  (likewise)
            raise ValueError(str(error).partition("\n")[0]) from None
        if not isinstance(found, bool):
            raise ValueError("a condition is true or false")  # noqa: TRY004  (a mistake in a text)


@cache
def _compiler() -> Callable[[str], Any]:
    """Return CEL's compiler, imported when the first condition is read.

    The package imports its command line, which costs 30 MB and a second, and which nothing here
    uses: an empty module stands in for it.
    """
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    compiler: Callable[[str], Any] = importlib.import_module("cel").compile
    return compiler


def _operator(found: re.Match[str]) -> str:
    return found[1] or _WORDS[found[2]]


@lru_cache(4_096)
def condition(source: str) -> Condition:
    """Return the compiled condition; equal texts share one."""
    try:
        return Condition(source)
    except ValueError as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def facts(content: Content, signals: Sequence[Signal]) -> dict[str, Any]:
    """Return what conditions may read."""
    scores = dict.fromkeys((category.value for category in Category), 0.0)
    for signal in signals:
        for category, score in signal.scores.items():
            scores[category.value] = max(scores[category.value], float(score))
    return {
        "author": structs.asdict(content.author),
        "room": structs.asdict(content.room),
        "scores": scores | {"any": max(scores.values())},
        "matches": [
            {
                "rule": match.rule,
                "category": match.category.value,
                "severity": float(match.severity),
                "usage": match.usage.value,
            }
            for signal in signals
            for match in signal.matches
        ],
        "counts": {name: content.counts.get(name, 0) for name in COUNTS},
        "length": len(content.text),
    }
