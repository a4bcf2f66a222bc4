"""Tells signs that mark an ordinary word from signs that hide letters.

Bold text, footnotes, prices and wildcards put signs beside words: "**for** you", "see you**",
"preço seu***", "PETR4***". Each of these is also the beginning of a longer word.
"""

import re

from moderado.moderation.normalize.vocabulary import is_common

_ASTERISK = "*"
_MARKED = re.compile(r"([*_~#%&?!$.(]*)([a-z]{3,})([*_~#%&?!$.,;:)]+)")
_JOINED = re.compile(r"[*_~#%&?!$.(]*[a-z]{3,}(?:[*_~#%&?!$.]{2,}[a-z]{3,})+[*_~#%&?!$.,;:)]*")
_CODE = re.compile(r"[a-z]+[0-9]+[*_~#%&?!$.,;:)]+")
_SENTENCE_ENDS = ".,;:)!?"


def hides(piece: str, word: str, *, is_phrase: bool) -> bool:
    """Tell whether the signs of a piece may hide letters of a word.

    After an ordinary word, asterisks hide exactly the missing letters: "put*", "via**".

    Args:
        piece: Folded text without spaces.
        word: What the piece would stand for.
        is_phrase: Whether the word is several words of the list, written without spaces.
    """
    if _CODE.fullmatch(piece):
        return False
    if match := _MARKED.fullmatch(piece):
        before, visible, after = match.groups()
        after = after.rstrip(_SENTENCE_ENDS) or after
        if not is_common(visible) or after == "$":
            return True
        if is_phrase or before.strip("(") == after or set(after) != {_ASTERISK}:
            return False
        return word.startswith(visible) and len(word) == len(visible) + len(after)
    if _JOINED.fullmatch(piece):
        return not all(map(is_common, re.findall("[a-z]+", piece)))
    return True
