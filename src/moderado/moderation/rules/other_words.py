"""Tells whether a match is a part of something else: of a password, of initials, of another word.

A random password of twelve characters contains a disguised short word once in two hundred, and
three dotted letters are initials more often than a word whose other letters are hidden.
"""

import re

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.vocabulary import is_ordinary
from moderado.moderation.rules.broken_words import is_part_of_word
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.names import is_capitalized
from moderado.moderation.rules.spelling import MISSPELLED

_LOOK_AROUND = 40  # characters on either side
_BEFORE, _AFTER = re.compile(r"\S+$"), re.compile(r"\S+")
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+\.?")
_CAPITAL_BEFORE, _CAPITAL_AFTER = re.compile(r"[A-Z]\.$"), re.compile(r"\.?[A-Z](?:\.|(?!\w))")
_MOST_INITIALS = 3
_SHORTEST_PASSWORD = 8
_MOST_OF_PASSWORD = 0.6  # of its characters belong to the word
_CLASSES = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[@#$%&*+=^~]")))
_LEAST_CLASSES = 3
_EDGES = "#@.,;:!?"  # of a hashtag, a mention or a sentence
_WORDS = re.compile("[A-Z][a-z]{2,}|[a-z]{4,}|[A-Z]{4,}")  # also those of "VeryBadDay"
_JOINED = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+", re.IGNORECASE)
_DIGIT = re.compile("[0-9]")
_LONGEST_CODE = 6  # letters


def is_of_initials(hit: Hit, text: str) -> bool:
    """Tell whether a match is a doubtful reading, or a part, of dotted letters: "V.F.F"."""
    written = text[hit.start : hit.end]
    if not hit.reading or not _DOTTED.fullmatch(written):
        return False
    if hit.reading == "masks" or not hit.is_certain:
        return True
    is_part = _CAPITAL_BEFORE.search(text, max(0, hit.start - 2), hit.start) or (
        _CAPITAL_AFTER.match(text, hit.end)
    )
    letters = sum(map(str.isalpha, written))
    return is_part is not None and written.isupper() and letters <= _MOST_INITIALS


def is_other_word(hit: Hit, text: str) -> bool:
    """Tell whether a word that is not aimed is something else by how it is written.

    It is a name that resembles a listed word, cut off ("injun…"), broken, a code in capitals that
    resembles one, or a part of a password or of a name of a machine.
    """
    around = _around(hit, text)
    if around and _is_in_password(hit, text, around):
        return True
    if not hit.is_certain:
        if around and _is_joined(around, text[hit.start : hit.end]):
            return True
        written = text[hit.start : hit.end]
        if len(written) <= _LONGEST_CODE and written.isupper() and not text.isupper():
            return True
    if hit.reading in MISSPELLED:
        return is_capitalized(text, hit.start, hit.end)
    if hit.reading or not hit.rule.native:
        return False
    is_cut_off = text.startswith("…", hit.end)
    return is_cut_off or is_part_of_word(text, hit.start, hit.end)


def _around(hit: Hit, text: str) -> tuple[str, str] | None:
    """Return what is written together with a match, before and after it; None for nothing."""
    before = _BEFORE.search(text, max(0, hit.start - _LOOK_AROUND), hit.start)
    after = _AFTER.match(text, hit.end, hit.end + _LOOK_AROUND)
    if before is None and after is None:
        return None
    return before[0] if before else "", after[0] if after else ""


def _is_in_password(hit: Hit, text: str, around: tuple[str, str]) -> bool:
    """Tell whether most of what a match is written together with is a mixture of characters."""
    rest = f"{around[0].lstrip(_EDGES)} {around[1].rstrip(_EDGES)}"
    whole = text[hit.start - len(around[0]) : hit.end + len(around[1])].strip(_EDGES)
    if len(whole) < _SHORTEST_PASSWORD or len(whole) * _MOST_OF_PASSWORD < hit.end - hit.start:
        return False
    if not whole.isascii() or sum(bool(each.search(whole)) for each in _CLASSES) < _LEAST_CLASSES:
        return False
    return not any(is_ordinary(fold(word).text) for word in _WORDS.findall(rest))


def _is_joined(around: tuple[str, str], written: str) -> bool:
    """Tell whether a match is a part of "srv-vx-g2tk"."""
    before, after = around
    if not _JOINED.fullmatch(f"{before}{written}{after}"):
        return False
    return _DIGIT.search(before + after) is not None and (before[-1:] + after[:1]).strip("-_") == ""
