"""Finds listed words that mean nothing where they stand: "pica-pau", "piranha frita", "cu plăcere".

The classifier adds up words and knows no surroundings. The lists know them: what they read as
harmless is no evidence. Only words as they are written are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.folding import words
from moderado.moderation.rules import pack
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.rule import Match, Rule, folded_word
from moderado.moderation.rules.usage import harmless

_PACKS = ("pt-BR", "en")


class _Listed(NamedTuple):
    rules: Mapping[str, Sequence[Rule]]  # of single words
    allowed: Mapping[str, Sequence[Sequence[str]]]  # phrases, by their first word


def without_ordinary_uses(text: str) -> str:
    """Return the text with spaces instead of listed words that mean nothing where they stand."""
    letters = [*text]
    for start, end in _places(text):
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def _places(text: str) -> Iterator[tuple[int, int]]:
    folded, listed = fold(text), _listed()
    reading = words(folded)
    spoken, at = reading.text.split(), 1
    spans: list[tuple[int, int]] = []
    for word in spoken:
        spans.append((at, at + len(word)))
        at += len(word) + 1
    hits: list[Hit] = []
    for place, word in enumerate(spoken):
        for phrase in listed.allowed.get(word, ()):
            if spoken[place : place + len(phrase)] == phrase:
                yield reading.original(spans[place][0], spans[place + len(phrase) - 1][1])
        if rules := listed.rules.get(word):
            where = reading.original(*spans[place])
            hits += [Hit(rule, *where) for rule in rules]
    dropped = {*harmless(hits, folded, text)} if hits else set[Hit]()
    for start, end in {(hit.start, hit.end) for hit in dropped}:
        if all(hit in dropped for hit in hits if (hit.start, hit.end) == (start, end)):
            yield start, end


@cache
def _listed() -> _Listed:
    rules: dict[str, list[Rule]] = {}
    allowed: dict[str, list[list[str]]] = {}
    for name in _PACKS:
        each = pack.load(name)
        for rule in each.rules:
            if rule.match is Match.WHOLE and " " not in rule.text:
                rules.setdefault(rule.text, []).append(rule)
        for phrase in map(folded_word, each.allow):
            spoken = phrase.split()
            if not any(
                rule.expletive is not None for word in spoken for rule in rules.get(word, ())
            ):
                allowed.setdefault(spoken[0], []).append(spoken)  # unlike "pra caralho"
    return _Listed(rules, allowed)
