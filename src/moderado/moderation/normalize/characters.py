"""Folds single characters for the matcher.

Case, width, style, accents and look-alike letters of other scripts fold to plain lower-case
letters; invisible characters are dropped. The original text is stored and shown unchanged.
"""

import unicodedata

import disarm

# Look-alikes missing in UTS 39, which only considers characters of identifiers.
_LOOKALIKES = {
    "ϝ": "f", "ц": "u", "є": "e", "λ": "a", "δ": "d",
    "æ": "ae", "œ": "oe", "þ": "th", "¢": "c", "€": "e", "£": "l", "¥": "y", "†": "t", "ƒ": "f",
}  # fmt: skip
# Rendered as a gap, although Unicode classes them as letters or symbols.
_BLANKS = frozenset("\u2800\u3164\u115f\u1160\uffa0")
_INVISIBLE = frozenset({"Cf", "Mn", "Me", "Mc"})
_FIRST_FLAG_LETTER = 0x1F1E6  # regional indicators: flags, or letters in boxes
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
    if character in _BLANKS:
        return " "
    if _FIRST_FLAG_LETTER <= ord(character) < _FIRST_FLAG_LETTER + 26:
        return chr(ord(character) - _FIRST_FLAG_LETTER + ord("a"))
    if unicodedata.category(character) in _INVISIBLE:
        return ""
    compatible = unicodedata.normalize("NFKC", character)
    if not compatible.isascii():  # NFKC first would turn the lunate sigma, a c, into an s
        looks = _lookalike(character)
        compatible = looks if looks and looks.isascii() else compatible
    folded = "".join(map(_lookalike, _without_marks(compatible.casefold())))
    return folded if len(folded) <= _MAX_EXPANSION else character


def _lookalike(character: str) -> str:
    if character.isascii():
        return character
    if found := _LOOKALIKES.get(character):
        return found
    return _without_marks(disarm.normalize_confusables(character).casefold())


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    kept = (part for part in decomposed if unicodedata.category(part) not in _INVISIBLE)
    return unicodedata.normalize("NFC", "".join(kept))


_COMMON = {code: fold_character(chr(code)) for code in range(0x250)}
TABLE = _Table(_COMMON)
