"""Words written in a code: Morse, Braille, base64, numbers, spelling alphabet. Whole words only."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase
from typing import NamedTuple

from moderado.moderation.normalize import letter_names

_MORSE = {
    ".-": "a", "-...": "b", "-.-.": "c", "-..": "d", ".": "e", "..-.": "f", "--.": "g", "....": "h",
    "..": "i", ".---": "j", "-.-": "k", ".-..": "l", "--": "m", "-.": "n", "---": "o", ".--.": "p",
    "--.-": "q", ".-.": "r", "...": "s", "-": "t", "..-": "u", "...-": "v", ".--": "w", "-..-": "x",
    "-.--": "y", "--..": "z",
}  # fmt: skip
_DOTS = str.maketrans("·•–—−_", "..----")
_BRAILLE = dict(
    zip("⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵⠯⠷⠮⠪⠜⠣", "abcdefghijklmnopqrstuvwxyzcaeoao", strict=True)
)
# The spelling alphabet of the ICAO, with Portuguese names and usual misspellings.
_WRITTEN = (
    "alfa alpha bravo charlie delta echo eco foxtrot foxtrote golf golfe hotel india índia juliet "
    "juliett juliette julieta kilo quilo lima mike november novembro oscar óscar papa quebec "
    "quebeque romeo romeu sierra serra tango uniform uniforme victor vitor whiskey whisky uísque "
    "uisque x-ray xray xadrez yankee ianque zulu"
)
_OTHER_INITIALS = {
    "índia": "i", "óscar": "o", "quilo": "k", "uísque": "w", "uisque": "w", "ianque": "y",
}  # fmt: skip
_NAME = "|".join(sorted(_WRITTEN.split(), key=len, reverse=True))
_SPELLED = re.compile(rf"\b(?:{_NAME})(?:[\s,.;/|-]{{1,3}}(?:{_NAME}))+\b", re.IGNORECASE)
_SPELLED_LETTER = re.compile(_NAME, re.IGNORECASE)
# A listed word has a vowel, and so does its spelling. Searched for in lower case: without regard to
# case the search takes some times as long.
_VOWEL = "al(?:f|ph)a|ech?o|[ií]ndia|[oó]scar|uniform"
_SPELLED_TRACE = re.compile(rf"\W(?:{_VOWEL}|{letter_names.TRACE})")
# A search for a space takes half the time.
_ORDINARY_TRACE = re.compile(rf" \W?(?:{_VOWEL}|{letter_names.TRACE})")
_MIN_LETTERS = 4
_WORD_END = re.compile(r"\s*[/|]\s*|\s{3,}|\n")  # in Morse
_NO_DIGIT = re.compile(r"0x|\\x|[^0-9a-fA-F]")
_NUMBER = re.compile(r"\d+")
_MAX_LENGTH = 400  # characters: a longer code is no word


class Decoded(NamedTuple):
    """`text[start:end]` of the original stands for one of the `meanings`."""

    start: int
    end: int
    meanings: Sequence[str]
    code: str


def may_be_spelled(lower: str, *, is_ordinary_writing: bool = False) -> bool:
    """Tell at little cost whether a text in lower case may have words that are spelled out.

    Args:
        lower: The text.
        is_ordinary_writing: Whether a space stands between two words: see `ordinary`.
    """
    trace = _ORDINARY_TRACE if is_ordinary_writing else _SPELLED_TRACE
    return trace.search(f" {lower}") is not None


def spelled_out(text: str) -> Iterator[Decoded]:
    """Yield the words that are written as "Papa Uniform Tango Alfa", or as "pê u tê a"."""
    for match in _SPELLED.finditer(text):
        names = _SPELLED_LETTER.findall(match[0].lower())
        if len(names) >= _MIN_LETTERS:
            letters = "".join(_OTHER_INITIALS.get(name, name[0]) for name in names)
            yield Decoded(match.start(), match.end(), (letters,), "spelling alphabet")
    for start, end, meanings in letter_names.spelled_out(text):
        yield Decoded(start, end, meanings, "names of letters")


def decoded(text: str, characters: set[str]) -> Iterator[Decoded]:
    """Yield the parts of a text that are words in a code, in linear time.

    Args:
        text: The text as written.
        characters: Its characters.
    """
    if may_be_spelled(text.lower()):
        yield from spelled_out(text)
    if not _DIGITS.isdisjoint(characters) and not _NEAR_DIGITS.search(text):
        characters = characters - _DIGITS
    if not _CAPITALS.isdisjoint(characters) and not _MIXED.search(text):
        characters = characters - _CAPITALS
    for name, signs, pattern, decode in _CODES:
        if signs.isdisjoint(characters):
            continue
        for match in pattern.finditer(text):
            meaning = decode(match[0]) if len(match[0]) <= _MAX_LENGTH else ""
            if sum(map(str.isalpha, meaning)) >= _MIN_LETTERS:
                yield Decoded(match.start(), match.end(), (meaning,), name)


def _morse(code: str) -> str:
    if " " not in code:
        code = code.replace("/", " ")  # ".--./..-": letters, not words
    words = _WORD_END.split(code.translate(_DOTS).strip())
    letters = [[_MORSE.get(sign) for sign in word.split()] for word in words]
    if not all(None not in word for word in letters):
        return ""
    return " ".join("".join(sign or "" for sign in word) for word in letters)


def _braille(code: str) -> str:
    return "".join(_BRAILLE.get(sign, " ") for sign in code)


def _base64(code: str) -> str:
    padded = code.rstrip("=") + "=" * (-len(code.rstrip("=")) % 4)
    try:
        return _letters(base64.b64decode(padded, validate=True))
    except (ValueError, binascii.Error):
        return ""


def _hexadecimal(code: str) -> str:
    digits = _NO_DIGIT.sub("", code)
    return _letters(bytes.fromhex(digits)) if len(digits) % 2 == 0 else ""


def _binary(code: str) -> str:
    bits = "".join(code.split())
    if len(bits) % 8:
        return ""
    return _letters(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))


def _decimal(code: str) -> str:
    numbers = [int(number) for number in _NUMBER.findall(code)]
    if all(1 <= number <= 26 for number in numbers):  # noqa: PLR2004  (places in the alphabet)
        return "".join(chr(ord("a") + number - 1) for number in numbers)
    return _letters(bytes(numbers)) if max(numbers) < 128 else ""  # noqa: PLR2004


def _letters(content: bytes) -> str:
    """Return the content if it is nothing but words."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(char.isalpha() or char in " .,!?'-\n" for char in text) else ""


# Of a letter in ASCII or a letter with an accent: "de" and "ca" are words.
_BYTE = r"(?:[2-7][0-9a-fA-F]|[cC]3[\s,:-]?(?:0x|\\x)?[89abAB][0-9a-fA-F])"
# What every code of numbers has: digits that are near to each other.
_NEAR_DIGITS = re.compile(r"\d\D{0,9}\d\D{0,9}\d")
# What every word in base64 has: a change of case, or a digit beside a letter.
_MIXED = re.compile("[A-Z0-9](?:(?<=[a-z0-9][A-Z])|(?<=[A-Z][0-9])|(?<=[0-9])[a-z])")
_CAPITALS = frozenset(ascii_uppercase)
_DIGITS, _DOTTED = frozenset("0123456789"), frozenset(".-·•–—−_")
# The name of each code, what its letters look like, and characters of which a text must have one.
_CODES: tuple[tuple[str, frozenset[str], re.Pattern[str], Callable[[str], str]], ...] = (
    (
        "morse",
        _DOTTED,
        re.compile(r"[.\-·•–—−_](?<!\S.)[.\-·•–—−_]{0,4}(?:[ /|\n]+[.\-·•–—−_]{1,5}){2,}(?!\S)"),
        _morse,
    ),
    (
        "braille",
        frozenset(_BRAILLE),
        re.compile("[\u2801-\u28ff](?:[\u2800 ]?[\u2801-\u28ff]){2,}"),
        _braille,
    ),
    (
        "base64",
        _CAPITALS,
        re.compile(
            r"(?<![\w+/=])(?=[A-Za-z0-9+/]*(?:[a-z0-9][A-Z]|[A-Z][0-9]|[0-9][a-z]))"
            r"[A-Za-z0-9+/]{4,}={0,2}(?![\w+/=])"
        ),
        _base64,
    ),
    (
        "hexadecimal",
        _DIGITS,
        re.compile(
            rf"(?<!\w)(?:{_BYTE}(?:[\s,:-]?{_BYTE}){{2,}}"
            rf"|(?:0x|\\x){_BYTE}(?:[\s,:-]{{0,2}}(?:0x|\\x){_BYTE}){{2,}})(?!\w)"
        ),
        _hexadecimal,
    ),
    ("binary", _DIGITS, re.compile(r"(?<!\w)[01]{8}(?:\s?[01]{8}){2,}(?!\w)"), _binary),
    (
        "decimal",
        _DIGITS,
        re.compile(r"(?<![\w.,-])\d{1,3}(?:(?:\)?[\s-]\(?|,\s?)\d{1,3}){3,}(?![\w-])"),
        _decimal,
    ),
)
