"""Words that blanks cut, and words without a space between them that begin with capitals.

Both functions return at least the text as it may be meant, and for each of its characters the place
in the text as written; None if nothing differs.
"""

import re
from functools import lru_cache

from moderado.moderation.normalize.folding import fold
from moderado.moderation.normalize.invisible import BLANKS
from moderado.moderation.normalize.vocabulary import is_ordinary

_BLANK_INSIDE = re.compile(f"(?<=\\S)[{''.join(BLANKS)}]+(?=\\S)")
# What every text with such words has, and such words. In a hashtag, digits may be letters.
CAPITAL_INSIDE = re.compile(r"[A-ZÀ-ÖØ-Þ](?<=[a-zà-öø-ÿ0-9].)[a-zà-öø-ÿ0-9]")
_CAPITAL, _SMALL = "[A-ZÀ-ÖØ-Þ]", "a-zà-öø-ÿ"
_GLUED = re.compile(
    rf"(?:(?<=#){_CAPITAL}?[{_SMALL}0-9]{{1,40}}+(?:{_CAPITAL}[{_SMALL}0-9]{{1,40}}+){{1,8}}"
    rf"|(?<![^\W_]){_CAPITAL}?[{_SMALL}]{{1,40}}+(?:{_CAPITAL}[{_SMALL}]{{1,40}}+){{1,8}})(?![^\W_])"
)
_PART = re.compile(rf"{_CAPITAL}?[{_SMALL}0-9]+")
_REMEMBERED = 8_192  # parts

Shown = tuple[str, list[int]]


def without_blanks(text: str) -> Shown | None:
    """Return the text without what looks like no space inside words: fillers of other scripts."""
    gone = {at for match in _BLANK_INSIDE.finditer(text) for at in range(*match.span())}
    places = [at for at in range(len(text)) if at not in gone]
    return ("".join(text[at] for at in places), places) if gone else None


def with_capitals_apart(text: str) -> tuple[str, list[int], bool] | None:
    """Return the text with "MuitoRuimMesmo" as three words, if all of them are known words.

    One known word is enough in a hashtag. The last value tells whether others are then unknown.
    """
    pieces: list[str] = []
    places: list[int] = []
    at, has_unknown = 0, False
    for match in _GLUED.finditer(text):
        parts, edge = _PART.findall(match[0]), match.start()
        if not all(map(_is_word, parts)):
            if text[edge - 1 : edge] != "#" or not any(map(_is_word, parts)):
                continue
            has_unknown = True
        for part in parts[:-1]:
            edge += len(part)
            pieces.append(text[at:edge])
            places += range(at, edge + 1)
            at = edge
    if not pieces:
        return None
    places += range(at, len(text))
    return " ".join([*pieces, text[at:]]), places, has_unknown


@lru_cache(_REMEMBERED)
def _is_word(part: str) -> bool:
    return len(part) > 1 and is_ordinary(fold(part).text)
