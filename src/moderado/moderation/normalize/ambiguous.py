"""Characters that are drawn like more than one letter, or only sometimes stand for a letter.

Before folding, each is replaced by a marker: a character of private use for each set of letters.
What a marker stands for is decided where words are looked up.
"""

from moderado.core.alphabets import LETTERS, SIGNS
from moderado.moderation.normalize.confusables import fold_character

_FIRST = 0xE100  # of the private use area


def _letters(character: str) -> str:
    folded = fold_character(character)
    letters = LETTERS.get(character, "") + SIGNS.get(character, "")
    return "".join(dict.fromkeys(letters + (folded if "a" <= folded <= "z" else "")))


_OPTIONS = {
    character: letters
    for character in LETTERS | SIGNS
    if len(letters := _letters(character)) > 1 or character in SIGNS or not character.isalpha()
}
_CODES = {letters: chr(_FIRST + at) for at, letters in enumerate(sorted(set(_OPTIONS.values())))}
# The letters of each marker.
MARKER_LETTERS = {marker: letters for letters, marker in _CODES.items()}
# The marker of each character, for `str.translate`.
MARKERS = {ord(character): _CODES[letters] for character, letters in _OPTIONS.items()}
MARKED = frozenset(_OPTIONS)
