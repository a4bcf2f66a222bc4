"""Classes of words that patterns name in capitals, and texts read as words and classes.

Of "PEOPLE (?:e|sao) (?:LINK )*SCORN", each word in capitals stands for all words of a class in
`speech/classes.toml`. One pattern reads every group and every contempt, however they are combined.
Numbers, which other patterns do not see, are read as `MINOR` (7 to 17) or `NUMBER`.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import Any, NamedTuple

import re2

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.group import alternatives

_NAME = re.compile(r"[A-Z]{2,}")
_DIGITS = re.compile(r"[0-9]+")
_MINOR, _NUMBER = "MINOR", "NUMBER"
_DEPTH = 3  # what stands within a pattern names classes, some of which stand within it again
_AGES = frozenset(map(str, range(7, 18)))


class _Classes(NamedTuple):
    names: Mapping[str, str]  # of the class of each word
    telling: Mapping[str, frozenset[str]]  # the words of classes that are rare
    within: Mapping[str, str]  # alternatives that stand in patterns only, of words and of classes
    expressions: Mapping[str, Any]  # what is read as one word of a class


def telling(pattern: str) -> frozenset[str]:
    """Return the words of the rare classes that a pattern names: its matches have one of them.

    A pattern that names none is over letters only, also if it has capitals.
    """
    known, names = _classes().telling, {*_NAME.findall(spelled_out(pattern))}
    return frozenset[str]().union(*(known[name] for name in names & known.keys()))


def class_of(name: str) -> frozenset[str]:
    """Return the words of a class; none if there is no such class."""
    return frozenset(word for word, known in _classes().names.items() if known == name)


def spelled_out(pattern: str) -> str:
    """Return a pattern with what stands within it instead of its name: words, and other classes."""
    within = _classes().within
    for _ in range(_DEPTH):
        pattern = _NAME.sub(lambda name: within.get(name[0], name[0]), pattern)
    return pattern


_Token = tuple[str, int, int]  # with its place in the reading; that of a number is empty


class Classed:
    """A reading of a text, in which words of a class are replaced by its name.

    Args:
        reading: Words with one space between them.
        original: The text as written: its numbers are read between the words.
    """

    def __init__(self, reading: Folded, original: str) -> None:
        self._reading, self._words = reading, (words := reading.text.split())
        self._numbers = _numbers_between(reading, words, original)
        names = _classes().names
        if not self._numbers:
            self.text = f" {' '.join([names.get(word, word) for word in words])} "
        else:
            self.text = f" {' '.join(token for token, _, _ in self._tokens())} "
        self._merged: list[_Token] | None = None
        for name, expression in _classes().expressions.items():
            if expression.search(self.text) is not None:
                self._merge(name, expression)

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the code points of the original behind `text[start:end]`, from word to word."""
        at, places = 1, list[tuple[int, int]]()
        for token, first, last in self._merged or self._tokens():
            if at < end and start < at + len(token) and first < last:
                places.append((first, last))
            at += len(token) + 1
        return self._reading.original(places[0][0], places[-1][1]) if places else None

    def _merge(self, name: str, expression: Any) -> None:
        """Replace each expression by the name of its class."""
        tokens = self._merged or [*self._tokens()]
        starts = [*accumulate((len(token) + 1 for token, _, _ in tokens), initial=1)]
        merged, at = list[_Token](), 0
        for match in expression.finditer(self.text):
            begin, end = bisect_left(starts, match.start()), bisect_left(starts, match.end())
            merged += [*tokens[at:begin], (name, tokens[begin][1], tokens[end - 1][2])]
            at = end
        self._merged = [*merged, *tokens[at:]]
        self.text = f" {' '.join(token for token, _, _ in self._merged)} "

    def _tokens(self) -> Iterator[_Token]:
        names, at = _classes().names, 1
        for place, word in enumerate(self._words):
            yield from ((number, at, at) for number in self._numbers.get(place, ()))
            yield names.get(word, word), at, at + len(word)
            at += len(word) + 1
        yield from ((number, at, at) for number in self._numbers.get(len(self._words), ()))


def _numbers_between(reading: Folded, words: list[str], text: str) -> dict[int, list[str]]:
    """Return the numbers before each word, by its place, and behind the last one."""
    found: dict[int, list[str]] = {}
    if _DIGITS.search(text) is None:
        return found
    offsets, at, behind = reading.offsets, 1, 0
    for place, word in enumerate(words):
        if numbers := _DIGITS.findall(text, behind, offsets[at]):
            found[place] = [*map(_number, numbers)]
        behind, at = offsets[at + len(word) - 1] + 1, at + len(word) + 1
    if numbers := _DIGITS.findall(text, behind):
        found[len(words)] = [*map(_number, numbers)]
    return found


def _number(digits: str) -> str:
    return _MINOR if digits in _AGES else _NUMBER


@cache
def _classes() -> _Classes:
    file = resources.files(__package__).joinpath("speech", "classes.toml")
    names: dict[str, str] = {}
    rare: dict[str, frozenset[str]] = {}
    within: dict[str, str] = {}
    expressions: dict[str, Any] = {}
    for name, written in tomllib.loads(file.read_text("utf-8")).items():
        if written.get("within"):
            within[name] = f"(?:{'|'.join(written['words'])})"
            continue
        words = [form for entry in written["words"] for form in alternatives(entry)]
        for word in words:
            if names.setdefault(word, name) != name:
                raise ValueError(f"{word!r} is in {names[word]} and in {name}")
        if written.get("telling"):
            rare[name] = frozenset(words)
        if described := written.get("expressions"):
            expressions[name] = re2.compile(rf"\b(?:{'|'.join(described)})\b")
    # An expression has a word of another class, which tells as well.
    for name, expression in expressions.items():
        parts = {*_NAME.findall(expression.pattern)} & rare.keys()
        rare[name] = rare[name].union(*(rare[part] for part in parts))
    return _Classes(names, rare, within, expressions)
