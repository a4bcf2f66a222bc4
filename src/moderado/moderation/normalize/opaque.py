"""Hides what is not written to be read: identifiers, digests, keys, addresses, codes of products.

Hidden parts become characters of no word; the length of the text stays. What people read in an
address, its words, stays as well.
"""

import re

from moderado.moderation.normalize.invisible import HIDDEN

# One of these characters is in every text with an identifier.
SIGNS = frozenset("0123456789@/=")
_ADDRESS = r"(?P<address>(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"']+)"
_EMAIL = r"(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
_DATA = (
    r"(?P<data>data:[\w/+.-]+;base64,[A-Za-z0-9+/=]*|sha\d{1,3}-[A-Za-z0-9+/]{4,}[A-Za-z0-9+/=]*)"
)
_CODE = (
    r"(?P<code>(?<![\w@$!+/=-])(?=[A-Za-z+/_=:.-]*[0-9])"
    r"[A-Za-z0-9+/_-][A-Za-z0-9+/_=:.-]{2,}[A-Za-z0-9=](?![\w@$!+/=]))"
)
# One that begins with a letter may be a hashtag in disguise: "#b4b4c4".
_COLOUR = r"(?P<colour>(?<![\w#])#[0-9][0-9A-Fa-f]{5}(?!\w))"
_PLATE = re.compile(r"\b[A-Z]{3}[ -]?[0-9][A-Z0-9][0-9]{2}\b")
_INITIAL = re.compile(r"[A-Z]\.")
# More than three, or small letters among them, are a word whose letters stand apart.
_INITIALS = re.compile(r"(?<![\w.])(?<!\w\.\s)(?:[A-Z]\.\s?+){1,3}+(?!\w\.|[A-Za-z](?:\W|$))")
# Three or more, of which one cannot be a letter: "F# A G#m", "C7 G Am".
_CHORD = r"[A-G][#b]?(?:maj|min|dim|aug|sus|add|m|M)?[0-9]{0,2}(?:/[A-G][#b]?)?"
_CHORDS = re.compile(rf"(?<!\S)(?:{_CHORD}[ \t|,-]+){{2,60}}{_CHORD}(?!\S)")
_SURE_CHORD = re.compile(r"(?<!\S)[A-G](?:#|[#b]?m?7|[#b]?m(?!\w))")
_PARTS = re.compile(f"{_ADDRESS}|{_EMAIL}|{_DATA}|{_COLOUR}|{_CODE}")
_CHUNK = re.compile(r"(?<!\S)[^\s0-9@/=]*[0-9@/=]\S*")
_WORDS = re.compile(r"[^\W\d_]+")
_SEGMENT = re.compile(r"[^/?&=#.:]+")
_SHOWN_WORDS = re.compile(r"(?:[A-Z]?[a-z]{3,}|[a-z]{1,3})(?:[-_+](?:[A-Z]?[a-z]+))*|[A-Z]{3,}")
# A few digits that are drawn like letters, none beside another: "c4d3ira".
_SHOWN_LEET = re.compile(r"(?=(?:[0-9]*[a-z]){3})[a-z]+(?:[013457][a-z]+){1,4}[013457]?")
_GROUPS = re.compile(r"[A-Za-z0-9]+")
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f]+(?:[-:][0-9a-f]*)*", re.IGNORECASE)
_VERSION = re.compile(r"[vV]?\d+\.\d")
_DIGIT = re.compile(r"\d")
# Of a substance, with an element of two letters: "CuSO4", "Fe2O3".
_FORMULA = re.compile(
    r"(?=.*[A-Z][a-z])(?:(?:A[glrstu]|B[aeir]?|C[adelorsu]?|F[er]?|G[ade]|H[efg]?|I[nr]?|K[r]?|L[aiu]"
    r"|M[gno]|N[abeip]?|Os?|P[bdt]?|S[bceinr]?|T[ceihlm]|U|V|W|Xe|Y|Z[nr])[1-9]{0,2})+"
)
# Letters apart, and fewer digits that are drawn like letters: "A.R.R.0.M.B.4.D.0".
_APART = re.compile(r"[A-Za-z]([._-])[A-Za-z0134578](?:\1[A-Za-z0134578]){2,30}")
_LONG_TOKEN = 20
_SHORTEST_DIGEST = 8
_SHORTEST_COLOUR = 6
_TWO_DIGITS = re.compile(r"\d\d")
_SHORT_CODE = 4
_LONG_CODE = 16  # characters
# Digits that are drawn like letters, fewer than the letters or as many: "P1R0C4" may be a word.
_DRAWN = re.compile(r"(?=(?:[0-9]*[A-Z]){3})[A-Z]*(?:[0134578]{1,3}[A-Z]+){1,5}[0134578]{0,2}")


def without_identifiers(text: str) -> str:
    """Return the text with identifiers hidden, in linear time."""
    return _CHUNK.sub(_without_parts, _PLATE.sub(_hidden, text))


def without_initials(text: str) -> str:
    """Return the text with "C. U." hidden: up to three capitals with dots are initials."""
    return _INITIALS.sub(_hidden, text) if _INITIAL.search(text) else text


def without_chords(text: str) -> str:
    """Return the text with the chords of songs hidden: "G# F A# G#" spells no word."""
    return _CHORDS.sub(_without_chords, text) if _SURE_CHORD.search(text) else text


def _without_chords(match: re.Match[str]) -> str:
    return _hidden(match) if _SURE_CHORD.search(match[0]) else match[0]


def _hidden(match: re.Match[str]) -> str:
    return HIDDEN * len(match[0])


def _without_parts(chunk: re.Match[str]) -> str:
    return _PARTS.sub(_replaced, chunk[0])


def _replaced(match: re.Match[str]) -> str:
    part = match[0]
    if match["address"]:
        return _SEGMENT.sub(_shown_segment, part)
    if match["email"] or match["data"] or match["colour"]:
        return HIDDEN * len(part)
    return HIDDEN * len(part) if _is_identifier(part) else part


def _shown_segment(match: re.Match[str]) -> str:
    segment = match[0]
    # No identifier has other letters than those of ASCII.
    is_written = not segment.isascii() and _DIGIT.search(segment) is None
    is_shown = is_written or _SHOWN_WORDS.fullmatch(segment) or _SHOWN_LEET.fullmatch(segment)
    return segment if is_shown else HIDDEN * len(segment)


def _is_identifier(token: str) -> bool:
    digits = len(_DIGIT.findall(token))
    letters = sum(map(str.isalpha, token))
    if not letters or (_APART.fullmatch(token) and digits < letters):
        return False
    if _VERSION.match(token):
        return True
    if len(token) > _LONG_TOKEN and digits and _mixes_cases(token):
        return True
    # "b4b4c4" is a word in disguise; with digits beside each other it is a colour.
    is_long = len(token) >= _SHORTEST_DIGEST or _TWO_DIGITS.search(token) is not None
    if digits > 1 and len(token) >= _SHORTEST_COLOUR and is_long and _HEXADECIMAL.fullmatch(token):
        return True
    return digits > 0 and _is_code(token, digits, letters)


def _is_code(token: str, digits: int, letters: int) -> bool:
    """Tell whether a token of capitals and digits is the code of a product, a plate or a batch."""
    upper = token.upper() == token
    if not upper or _DRAWN.fullmatch(token):
        return not upper and _FORMULA.fullmatch(token) is not None
    if digits >= letters or len(token) <= _SHORT_CODE or len(token) >= _LONG_CODE:
        return True
    return "-" in token or _TWO_DIGITS.search(token) is not None


def _mixes_cases(token: str) -> bool:
    return any(map(str.isupper, token)) and any(map(str.islower, token))
