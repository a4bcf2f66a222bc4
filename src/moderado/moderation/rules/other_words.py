"""Tells whether a match is a part of something else: of a password, of initials, of another word.

A random password of twelve characters contains a disguised short word once in two hundred, and
three dotted letters are initials more often than a word whose other letters are hidden.
"""

import re

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.vocabulary import is_common, is_ordinary
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
_SIGNS = re.compile("[@#$%&*+=^~!?]")
_LEAST_SIGNS = 2  # different ones, which count as one class more
_EDGES = "#@.,;:!?"  # of a hashtag, a mention or a sentence
_WORDS = re.compile("[A-Z][a-z]{2,}|[a-z]{4,}|[A-Z]{4,}")  # also those of "VeryBadDay"
_JOINED = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+", re.IGNORECASE)
_DIGIT = re.compile("[0-9]")
_LONGEST_CODE = 6  # letters
_LONGEST_ALONE = 4
_LONGEST_PART = 4
_EITHER_SIDE = re.compile(r"[-_/.]+")
_JOINT = frozenset("-_/.")
_MASKING = re.compile("[-_]")
_CAPITALS_APART = re.compile(r"[A-Z](?: [A-Z])+")
# Up to four letters that stand apart, and another one beside them that is no word.
_LETTERS_APART = re.compile(r"\w(?:[._-]\w){1,3}")
_LETTER_BEFORE = re.compile(r"(?<!\w)[b-df-np-zB-DF-NP-Z][._-]$")
_LETTER_AFTER = re.compile(r"[._-][b-df-np-zB-DF-NP-Z](?!\w)")
_SHORTEST_WORD = 3
_SMALL = "a e o um eu tu vc de do da no na os as em me te se so ta my ur in on of to is it up big"
_SMALL_WORDS = frozenset(_SMALL.split())
_VOWELS = frozenset("aeiou")


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
    written = text[hit.start : hit.end]
    if around and (_is_in_password(hit, text, around) or _is_in_name(around, written)):
        return True
    if hit.reading and _is_code(hit, written, text):
        return True
    if not hit.is_certain and around and _is_joined(around, written):
        return True
    if hit.reading in MISSPELLED:
        return is_capitalized(text, hit.start, hit.end)
    if hit.reading or not hit.rule.native:
        return False
    is_cut_off = text.startswith("…", hit.end)
    return is_cut_off or is_part_of_word(text, hit.start, hit.end)


def _is_code(hit: Hit, written: str, text: str) -> bool:
    """Tell whether a disguised word is a code: "TNSO", "sala BXAS", "f_k9", "by-sa-s3"."""
    numbered = f"{written}{text[hit.end : hit.end + 1]}"
    is_masked = hit.reading == "masks" and _MASKING.search(written)
    is_joined = not hit.is_certain and _JOINED.fullmatch(written)
    if (is_masked or is_joined) and _DIGIT.search(numbered):
        return True
    if _LETTERS_APART.fullmatch(written) and (
        _LETTER_BEFORE.search(text, max(0, hit.start - 3), hit.start)
        or _LETTER_AFTER.match(text, hit.end)
    ):
        return True  # "k.y.s.n.r"
    if not written.isupper():
        return False
    if _CAPITALS_APART.fullmatch(written) and _VOWELS.isdisjoint(hit.rule.text):
        return not text.isupper()
    is_alone = len(text.strip()) <= _LONGEST_ALONE
    return not hit.is_certain and len(written) <= _LONGEST_CODE and (is_alone or not text.isupper())


def _is_in_name(around: tuple[str, str], written: str) -> bool:
    """Tell whether a short match is a part of a name of no words: "ijp-cu-l92", "VL/FUK/VA"."""
    has_number = _MASKING.search(written) and _DIGIT.search(written)  # "fo-d45"
    if sum(map(str.isalpha, written)) > _LONGEST_PART and not has_number:
        return False
    before, after = around[0].lstrip(_EDGES), around[1].rstrip(_EDGES)
    if (before and before[-1] not in _JOINT) or (after and after[0] not in _JOINT):
        return False
    parts = [part for part in _EITHER_SIDE.split(f"{before} {after}".replace(" ", "-")) if part]
    if not any(any(map(str.isalpha, part)) for part in parts):
        return False
    is_variable = "_" in (before[-1:], after[:1])
    is_numbered = _DIGIT.search(f"{written}{parts[0]}") is not None
    if len(parts) == 1 and not (is_variable or is_numbered or written.isupper()):
        return False  # "cu-xyzzy": half of it is a word
    return all(part.isalnum() and not _is_word(fold(part).text) for part in parts)


def _is_word(part: str) -> bool:
    """Tell whether a part of a name is a word. Most of few letters are abbreviations."""
    if len(part) < _SHORTEST_WORD:
        return part in _SMALL_WORDS
    return is_common(part) if len(part) <= _LONGEST_PART else is_ordinary(part)


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
    classes = sum(bool(each.search(whole)) for each in _CLASSES)
    if len({*_SIGNS.findall(whole)}) >= _LEAST_SIGNS:
        classes += 1
    if not whole.isascii() or classes < _LEAST_CLASSES:
        return False
    return not any(is_ordinary(fold(word).text) for word in _WORDS.findall(rest))


def _is_joined(around: tuple[str, str], written: str) -> bool:
    """Tell whether a match is a part of "srv-vx-g2tk"."""
    before, after = around
    if not _JOINED.fullmatch(f"{before}{written}{after}"):
        return False
    return _DIGIT.search(before + after) is not None and (before[-1:] + after[:1]).strip("-_") == ""
