"""Conditions of policies in CEL: typed expressions, which end soon.

CEL has no loops, but macros over lists: inside one another, a few of them take longer than any
server lives, and one behind another they make a text of any size (ADR 0143).

`and`, `or` and `not` are accepted for `&&`, `||` and `!`.
"""

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import structs

from moderado.moderation.types import Category, Content, Signal

MAX_LENGTH = 500  # characters, as written in a document
NAMES = frozenset({"author", "room", "scores", "matches", "counts", "length"})
FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn"),
        *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
        *("of", "ofNonZeroValue", "none", "hasValue", "value", "orValue", "or"),  # of `optional`
    }
)
COUNTS = ("messages_10s", "messages_60s", "repeats_60s")

_WORDS = {"and": "&& ", "or": "||", "not": "!  "}  # as long, so that places stay the same
# What is no code: comments, and strings of all forms.
_TEXT = r"""//[^\n]*
    | (?<!\w)[bB]?[rR](?:\"{3}.*?\"{3} | '{3}.*?'{3} | "[^"]*" | '[^']*')
    | \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
    | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'"""
_TEXTS = re.compile(_TEXT, re.DOTALL | re.VERBOSE)
_TOKENS = re.compile(rf"({_TEXT}) | \b(and|or|not)\b", re.DOTALL | re.VERBOSE)
_PLACE = re.compile(r"<input>:\d+:(\d+)")
_MACROS = re.compile(r"\b(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
_COSTLY = gettext_lazy(
    "A macro, such as `exists`, may have no other macro and no `matches` inside; `map` stands once."
)
_AROUND = re.compile(r"\s*([.()])\s*")
_MARKS = re.compile(r"\.(all|exists|existsOne|exists_one|filter|map)\(|(?<!\.)\b(matches)\b|[()]")
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
        self.source = source
        self._program = _compiled(source)
        used = set(self._program.variables()) - set(_MACROS.findall(source))
        if unknown := sorted(used - NAMES):
            known = {"name": unknown[0], "known": ", ".join(sorted(NAMES))}
            raise ValueError(_("Unknown name “%(name)s”. There are: %(known)s.") % known)
        called = filter(str.isidentifier, self._program.functions())  # others are operators
        if missing := sorted(set(called) - FUNCTIONS):
            raise ValueError(_("There is no function “%(name)s”.") % {"name": missing[0]})
        if _may_be_costly(source):
            raise ValueError(str(_COSTLY))
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
            raise ValueError(_("Unknown field “%(name)s”.") % {"name": error.args[0]}) from None
        except Exception:  # noqa: BLE001  (likewise)
            sentence = _("Its values do not fit together.")
            raise ValueError(sentence) from None
        if not isinstance(found, bool):
            sentence = _("A condition must be true or false.")
            raise ValueError(sentence)  # noqa: TRY004  (a mistake in a text)


def _may_be_costly(source: str) -> bool:
    """Tell whether evaluating an expression may cost more than its length times its lists."""
    code = _AROUND.sub(r"\1", _TEXTS.sub('""', _translated(source)))
    inside: list[bool] = []  # for each open parenthesis, whether it is that of a macro
    maps = 0
    for mark in _MARKS.finditer(code):
        if (mark[1] or mark[2]) and any(inside):
            return True
        if mark[0] == ")":
            inside = inside[:-1]
        elif not mark[2]:
            inside.append(mark[1] is not None)
        maps += mark[1] == "map"
    return maps > 1


def _translated(source: str) -> str:
    """Return the expression with the operators of CEL."""
    return _TOKENS.sub(_operator, source)


def _compiled(source: str) -> Any:
    try:
        return _compiler()(_translated(source))
    except ValueError as error:
        place = _PLACE.search(str(error))
        at = int(place[1]) if place else 1
        raise ValueError(_("It cannot be read from character %(at)d on.") % {"at": at}) from None


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
    return Condition(source)


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
