"""Which words of a text make its score: exact, because the logit is a sum over distinct words."""

import re
from typing import NamedTuple

from moderado.moderation.classifier.features import normalize, words_of
from moderado.moderation.classifier.score import Scorer


class Contribution(NamedTuple):
    """What a distinct word adds to the logit, and where it stands.

    `places` are code points `[start, end)` of the original text.
    """

    word: str
    amount: float
    places: tuple[tuple[int, int], ...]


def explain(scorer: Scorer, text: str) -> list[Contribution]:
    """Return the contributions of the words, largest first.

    Their amounts and the head's bias sum up to the logit of the score.
    """
    amounts = scorer.contributions(set(words_of(text)))
    folded, origin = _folded(text)
    found = [
        Contribution(word, amount, tuple(_places(word, folded, origin)))
        for word, amount in amounts.items()
    ]
    return sorted(found, key=lambda each: (-abs(each.amount), each.word))


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the text as it is scored, and from which character each of its characters comes."""
    pieces = [normalize(character) for character in text]
    origin = [place for place, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), origin


def _places(word: str, folded: str, origin: list[int]) -> list[tuple[int, int]]:
    """Return where a word stands; a sign anywhere, other words between borders."""
    border = r"(?<!\w){}(?!\w)" if word[0].isalnum() or word[0] == "_" else "{}"
    return [
        (origin[found.start()], origin[found.end() - 1] + 1)
        for found in re.finditer(border.format(re.escape(word)), folded)
    ]
