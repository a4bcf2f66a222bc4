"""Words that blanks cut, and words without a space between them that begin with capitals.

Both functions return the text as it may be meant, and for each of its characters the place in the
text as written; None if nothing differs.
"""

import re

from moderado.moderation.normalize.folding import fold
from moderado.moderation.normalize.invisible import BLANKS
from moderado.moderation.normalize.vocabulary import is_ordinary

_BLANK_INSIDE = re.compile(f"(?<=\\S)[{''.join(BLANKS)}]+(?=\\S)")
# What every text with such words has, and such words.
CAPITAL_INSIDE = re.compile(r"[a-zà-öø-ÿ][A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]")
_GLUED = re.compile(
    r"(?<![^\W_])[A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]{1,40}(?:[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]{1,40}){1,8}(?![^\W_])"
)
_PART = re.compile(r"[A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]+")

Shown = tuple[str, list[int]]


def without_blanks(text: str) -> Shown | None:
    """Return the text without what looks like no space inside words: fillers of other scripts."""
    gone = {at for match in _BLANK_INSIDE.finditer(text) for at in range(*match.span())}
    places = [at for at in range(len(text)) if at not in gone]
    return ("".join(text[at] for at in places), places) if gone else None


def with_capitals_apart(text: str) -> Shown | None:
    """Return the text with "MuitoRuimMesmo" as three words, if all of them are known words."""
    edges = {
        part.start() + match.start()
        for match in _GLUED.finditer(text)
        if all(map(_is_word, _PART.findall(match[0])))
        for part in [*_PART.finditer(match[0])][1:]
    }
    if not edges:
        return None
    characters = [f" {char}" if at in edges else char for at, char in enumerate(text)]
    places = [at for at in range(len(text)) for _ in range(1 + (at in edges))]
    return "".join(characters), places


def _is_word(part: str) -> bool:
    return len(part) > 1 and is_ordinary(fold(part).text)
