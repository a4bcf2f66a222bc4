"""Words that blanks cut, and words without a space between them that begin with capitals.

Both functions return the text as it may be meant, and for each of its characters the place in the
text as written; None if nothing differs.
"""

import re
from functools import lru_cache

from moderado.moderation.normalize.folding import fold
from moderado.moderation.normalize.invisible import BLANKS
from moderado.moderation.normalize.vocabulary import is_ordinary

_BLANK_INSIDE = re.compile(f"(?<=\\S)[{''.join(BLANKS)}]+(?=\\S)")
# What every text with such words has, and such words.
CAPITAL_INSIDE = re.compile(r"[A-ZÀ-ÖØ-Þ](?<=[a-zà-öø-ÿ].)[a-zà-öø-ÿ]")
_GLUED = re.compile(
    r"(?<![^\W_])[A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]{1,40}+(?:[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]{1,40}+){1,8}(?![^\W_])"
)
_REMEMBERED = 8_192  # parts
_PART = re.compile(r"[A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]+")

Shown = tuple[str, list[int]]


def without_blanks(text: str) -> Shown | None:
    """Return the text without what looks like no space inside words: fillers of other scripts."""
    gone = {at for match in _BLANK_INSIDE.finditer(text) for at in range(*match.span())}
    places = [at for at in range(len(text)) if at not in gone]
    return ("".join(text[at] for at in places), places) if gone else None


def with_capitals_apart(text: str) -> Shown | None:
    """Return the text with "MuitoRuimMesmo" as three words, if all of them are known words."""
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for match in _GLUED.finditer(text):
        parts = _PART.findall(match[0])
        if all(map(_is_word, parts)):
            edge = match.start()
            for part in parts[:-1]:
                edge += len(part)
                pieces.append(text[at:edge])
                places += range(at, edge + 1)
                at = edge
    if not pieces:
        return None
    places += range(at, len(text))
    return " ".join([*pieces, text[at:]]), places


@lru_cache(_REMEMBERED)
def _is_word(part: str) -> bool:
    return len(part) > 1 and is_ordinary(fold(part).text)
