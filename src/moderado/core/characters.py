"""Which characters a reader can see, by Unicode's own properties."""

import re
import unicodedata

import idna

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt (Unicode 17), which Python's
# `unicodedata` does not have. The property includes reserved code points, so that it is stable.
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Drawn as a gap, although no property says so: the blank Braille pattern, the null notehead, the
# blanks of Egyptian hieroglyphs, and the filler of Khitan; and the place of an embedded object.
_BLANK = "\u2800\ufffc\U0001d159\U00013441\U00013442\U00016fe4"

_INVISIBLE = re.compile(f"[{IGNORABLE}{_BLANK}]")
_ASCII_VISIBLE = re.compile("[!-~]")
_DRAWN = frozenset("LNPS")  # first letters of the general categories of characters with a glyph
# For this Python. A newer Unicode has emoji and ideographs there, and marks in other blocks.
_UNASSIGNED = "Cn"
_RESERVED = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd\U00020000-\U0003fffd]")
_KEYCAP = "\u20e3"
# UTS 39, section 5.4: more marks on one base are no writing. Drawn, they cover the lines around.
_MOST_MARKS = 4
_MARKS = frozenset({"Mn", "Me"})
_ZWNJ, _ZWJ, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"


def has_visible(text: str) -> bool:
    """Tell whether a reader sees anything of `text`. Marks alone do not count: they need a base."""
    return _ASCII_VISIBLE.search(text) is not None or any(map(is_visible, text))


def without_stacks(text: str) -> str:
    """Return `text` without the marks on a base that are too many, for names."""
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in _MARKS else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def is_visible(char: str) -> bool:
    """Tell whether the character is drawn by itself."""
    category = unicodedata.category(char)
    return not _INVISIBLE.match(char) and (
        category[0] in _DRAWN
        or (
            category == _UNASSIGNED
            and _RESERVED.match(char) is not None
            and not _is_noncharacter(char)
        )
    )


def without_invisible(text: str) -> str:
    """Return `text` without characters that are not drawn, for names.

    Joiners stay where they change how the neighbours are drawn: in Persian and Indic words
    (RFC 5892, appendix A), and in emoji, as the emoji style does.
    """
    return "".join(
        char for index, char in enumerate(text) if not _is_hidden(char) or _shapes(text, index)
    )


def _is_hidden(char: str) -> bool:
    hidden = {"Cc", "Cf", "Co"}
    return (
        bool(_INVISIBLE.match(char))
        or unicodedata.category(char) in hidden
        or _is_noncharacter(char)
    )


def _shapes(text: str, index: int) -> bool:
    """Tell whether a joiner or the emoji style changes how its neighbours are drawn."""
    char, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if char == _EMOJI_STYLE:
        return _is_pictograph(before) or after == _KEYCAP
    if (
        char == _ZWJ
        and _is_pictograph(after)
        and (_is_pictograph(before) or before == _EMOJI_STYLE or _is_skin_tone(before))
    ):
        return True
    return char in {_ZWNJ, _ZWJ} and bool(after) and idna.valid_contextj(text, index)


def _is_pictograph(char: str) -> bool:
    if not char or char.isascii() or not is_visible(char):
        return False
    return unicodedata.category(char) in {"So", "Sm", "Po", _UNASSIGNED}


def _is_skin_tone(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"


def _is_noncharacter(char: str) -> bool:
    code = ord(char)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE  # noqa: PLR2004  (Unicode, 23.7)
