"""What one character stands for when words are looked for.

Case, width, style, accents and look-alike letters of other scripts fold onto plain lower-case
letters; what is not seen at all is dropped. Original text is stored and shown: this is only read.
"""

import unicodedata

import disarm

# Look-alikes that UTS 39 leaves alone because nobody would take them for an identifier's letter.
_LOOKALIKES = {
    "ϝ": "f", "ц": "u", "є": "e", "λ": "a", "δ": "d",
    "æ": "ae", "œ": "oe", "þ": "th", "¢": "c", "€": "e", "£": "l", "¥": "y", "†": "t", "ƒ": "f",
}  # fmt: skip
# Seen as a gap, though Unicode calls them letters or symbols.
_BLANKS = frozenset("\u2800\u3164\u115f\u1160\uffa0")
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Mc"})
_FIRST_FLAG_LETTER = 0x1F1E6  # regional indicators: flags, or letters in boxes
# U+FDFA grows eighteenfold under NFKC. Nothing that spells a word grows beyond this.
_LONGEST = 4
_CACHE_LIMIT = 20_000


class _Table(dict[int, str]):
    """Every code point's folded form, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < _CACHE_LIMIT:  # so that nobody fills the memory with rare characters
            self[code] = folded
        return folded


def fold_character(character: str) -> str:
    """The folded form of one code point: empty if it is not seen, at most four characters."""
    if character.isascii():
        return character.lower()
    if character in _BLANKS:
        return " "
    if _FIRST_FLAG_LETTER <= ord(character) < _FIRST_FLAG_LETTER + 26:
        return chr(ord(character) - _FIRST_FLAG_LETTER + ord("a"))
    if unicodedata.category(character) in _UNSEEN:
        return ""
    compatible = unicodedata.normalize("NFKC", character)
    if not compatible.isascii():  # NFKC first would turn the lunate sigma, a c, into an s
        looks = _lookalike(character)
        compatible = looks if looks and looks.isascii() else compatible
    folded = "".join(map(_lookalike, _without_marks(compatible.casefold())))
    return folded if len(folded) <= _LONGEST else character


def _lookalike(character: str) -> str:
    if character.isascii():
        return character
    if found := _LOOKALIKES.get(character):
        return found
    return _without_marks(disarm.normalize_confusables(character).casefold())


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    kept = (part for part in decomposed if unicodedata.category(part) not in _UNSEEN)
    return unicodedata.normalize("NFC", "".join(kept))


TABLE = _Table({code: fold_character(chr(code)) for code in range(0x250)})
