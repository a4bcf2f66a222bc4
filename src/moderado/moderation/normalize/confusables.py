"""Folds single characters for the matcher.

Case, width, style, accents and look-alike letters of other scripts fold to plain lower-case
letters; invisible characters are dropped. The original text is stored and shown unchanged.
"""

import re
import unicodedata

import disarm

from moderado.core.alphabets import LETTERS
from moderado.moderation.normalize.invisible import BLANKS, FIRST_FLAG_LETTER, INVISIBLE

# Look-alikes missing in UTS 39, which only considers characters of identifiers.
_LOOKALIKES = {
    "ϝ": "f", "ц": "u", "є": "e", "λ": "a", "δ": "d", "ф": "f", "г": "r", "и": "u", "ԍ": "g",
    "æ": "ae", "œ": "oe", "þ": "th", "¢": "c", "€": "e", "£": "l", "¥": "y", "†": "t", "ƒ": "f",
    "ł": "l", "ŧ": "t", "ø": "o", "ʍ": "m", "ɯ": "m", "ʇ": "t", "թ": "p", "ք": "f", "ε": "e",
    "×": "*",
}  # fmt: skip
# "LATIN SMALL LETTER P WITH STROKE", "MODIFIER LETTER CAPITAL R", "NEGATIVE SQUARED LATIN …"
_NAMED = re.compile(
    r"(?:LATIN|MODIFIER|SQUARED|CIRCLED|PARENTHESIZED|NEGATIVE).*"
    r"(?:LETTER|CAPITAL|SMALL) (?:TURNED |REVERSED |INSULAR |SIDEWAYS |OPEN |CLOSED |STRETCHED )*"
    r"([A-Z])(?: WITH .*| ROTUNDA)?"
)
# U+FDFA expands eighteenfold under NFKC. No character of a word expands beyond this.
_MAX_EXPANSION = 4
_CACHE_LIMIT = 20_000


class _Table(dict[int, str]):
    """The folded form of each code point, computed on first use."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) >= _CACHE_LIMIT:
            # Start over: a text of rare characters neither exhausts the memory nor keeps the
            # characters of other texts out of the table.
            self.clear()
            self.update(_COMMON)
        self[code] = folded
        return folded


def fold_character(character: str) -> str:
    """Return the folded form of one code point: empty if invisible, at most four characters."""
    if character.isascii():
        return character.lower()
    if character in BLANKS:
        return " "
    if FIRST_FLAG_LETTER <= ord(character) < FIRST_FLAG_LETTER + 26:
        return chr(ord(character) - FIRST_FLAG_LETTER + ord("a"))
    if unicodedata.category(character) in INVISIBLE:
        return ""
    compatible, looks = unicodedata.normalize("NFKC", character), ""
    if not compatible.isascii():  # NFKC first would turn the lunate sigma, a c, into an s
        looks = _lookalike(character)
        compatible = looks if looks and looks.isascii() else compatible
    if compatible.startswith("(") and compatible.endswith(")"):  # a letter in parentheses
        compatible = compatible[1:-1]
    plain = _without_marks(compatible.casefold())
    folded = looks if plain == character else "".join(map(_lookalike, plain))
    return folded if len(folded) <= _MAX_EXPANSION else character


def _lookalike(character: str) -> str:
    if character.isascii():
        return character
    if found := _LOOKALIKES.get(character):
        return found
    looks = _without_marks(disarm.normalize_confusables(character).casefold())
    found = LETTERS.get(character) if character.isalpha() else None
    if looks.isascii() and looks.isalpha() and not (found and len(looks) > 1):
        return looks
    if found:
        return found[0]
    if named := _NAMED.fullmatch(unicodedata.name(character, "")):
        return named[1].lower()
    return looks


def _without_marks(text: str) -> str:
    if len(text) == 1 and not unicodedata.decomposition(text):
        return "" if unicodedata.category(text) in INVISIBLE else text
    decomposed = unicodedata.normalize("NFD", text)
    kept = (part for part in decomposed if unicodedata.category(part) not in INVISIBLE)
    return unicodedata.normalize("NFC", "".join(kept))


_COMMON = {code: fold_character(chr(code)) for code in range(0x250)}
TABLE = _Table(_COMMON)
