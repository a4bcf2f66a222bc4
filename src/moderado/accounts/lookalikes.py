"""Which names, e-mail addresses and words look or mean the same (UTS 39, UTS 46)."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

import disarm
import idna

from moderado.core.alphabets import GROUPS, LETTERS, SIGNS, SOUNDS, TURNED
from moderado.core.characters import IGNORABLE

EMAIL_KEY_LENGTH = 320

_IGNORED = re.compile(f"[{IGNORABLE}]")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_ASCII_PART = re.compile(r"[a-z0-9]+")
# "LATIN CAPITAL LETTER A WITH STROKE": no decomposition, and no look-alike of UTS 39.
_WITH_STROKE = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER ([A-Z]) WITH .*")
_SINGLE_LETTERS = re.compile(r"\b\w(?:[\W_]+\w\b)+")
# Digits and signs that stand for letters. `skeleton_key` has I, l, 1 and O, 0 in classes of their
# own, and Unicode draws no line between them and these.
_LEET = str.maketrans("013457@$!|i", "oleastaslll")
_PAIRS = (("rn", "m"), ("vv", "w"))  # UTS 39 maps m to rn; w to vv is ours
_SIGNS = str.maketrans("@$!|", "asll")
_SYMBOLS = frozenset({"Sc", "Sm", "So", "Po", "Nl"})
# In names: in texts they are mathematics.
_MATHEMATICS = {"Δ": "a", "∆": "a", "∧": "a", "∂": "ad", "∅": "o", "∫": "fs"}
_GROUPS = GROUPS | {"cl": "d", "nn": "m"}
# A turned text is read from its end; a mirrored one, too, with other letters for b, d, p and q.
_MIRRORED = TURNED | dict(zip("bdpqnu", "dbqpnu", strict=True))
_FIRST_FLAG_LETTER, _LAST_FLAG_LETTER = "\U0001f1e6", "\U0001f1ff"
_TRADE_MARKS = dict.fromkeys(map(ord, "™℠"))  # letters for NFKC, ornaments for a reader
# What members may take for a badge: check marks in and out of boxes, shields.
_BADGES = ("✓✔☑✅🗸🗹🮱", "🛡⛨")
_LONG = 8  # letters from which a reserved word is also found inside of another word


def email_key(email: str) -> str:
    """Return what all spellings of one e-mail address have in common.

    The local part is compared by NFKC_Casefold and without quotes (RFC 5321, 4.1.2), the domain by
    UTS 46, or by IDNA 2003 where that has more (emoji), and an address in brackets by its value.
    Dots and tags (`a.b+c@`) are kept: their meaning is the business of each provider.
    """
    local, at, domain = email.strip().rpartition("@")
    if quoted := _QUOTED.fullmatch(local):
        local = _ESCAPED.sub(r"\1", quoted[1])
    return (_nfkc_casefold(local) + at + _ascii_domain(domain))[:EMAIL_KEY_LENGTH]


def name_key(name: str) -> str:
    """Return what all names that look like `name` have in common: letters and digits only."""
    return "".join(_WORD.findall(_skeleton(name)))


def reserved_word_in(name: str, words: tuple[str, ...]) -> bool:
    """Tell whether `name` contains one of `words`, also disguised or with digits around it.

    A word may be split by punctuation, or by spaces if it is the whole name. A word of eight
    letters or more is also found inside of another one. Letters may be turned, mirrored, or drawn
    with several characters. A word without letters is a sign, found with those drawn alike.
    """
    signs = {sign for word in words if not name_key(word) for sign in _drawn_alike(word)}
    keys = [_plain(word) for word in words if name_key(word)]
    return any(sign in name for sign in signs) or any(
        _reads_as(shape, keys) for shape in _shapes(name)
    )


def looks_like(name: str, other: str) -> bool:
    """Tell whether a reader may take `name` for the name `other`: whole names are compared.

    Accents, look-alikes, signs and digits that stand for letters make no difference. A name without
    letters and digits looks like no other.
    """
    key = _plain(name_key(other))
    return bool(key) and any(
        key == _plain(name_key(reading))
        for shape in _shapes(name.translate(_TRADE_MARKS))
        for reading in (shape, *_spelled(shape, key), _sounded(shape))
    )


def _drawn_alike(sign: str) -> str:
    bare = _IGNORED.sub("", sign)
    return next((badges for badges in _BADGES if bare and bare in badges), bare)


def _shapes(name: str) -> list[str]:
    """Return the name, and what it is turned back if it has turned or mirrored letters."""
    if not any(char in TURNED and not char.isascii() for char in name):
        return [name]
    return [
        name,
        *(
            "".join(table.get(char, char) for char in chars)
            for table in (TURNED, _MIRRORED)
            for chars in (name, reversed(name))
        ),
    ]


def _reads_as(name: str, keys: Sequence[str]) -> bool:
    readings = {reading for key in keys for reading in _spelled(name, key)} | {_sounded(name)}
    return any(_has_word(name, reading, keys) for reading in readings)


def _has_word(name: str, spelled: str, keys: Sequence[str]) -> bool:
    """Tell whether `name`, or one reading of its signs, contains one of the plain words."""
    joined = _SINGLE_LETTERS.sub(lambda found: "".join(_WORD.findall(found[0])), name)
    found = [
        _plain(part)
        for written in (name, joined, spelled)
        for word in _WORD.findall(_CAMEL.sub(" ", unicodedata.normalize("NFKC", written)))
        for part in (word, word.strip("0123456789"))
    ]
    # Letters of another script end a Latin word, as a space does.
    found += [part for word in list(found) for part in _ASCII_PART.findall(word)]
    wholes = [_plain(name_key(written)) for written in (name, spelled)]
    found += wholes
    found += [_plain(name_key(part)) for written in (name, spelled) for part in written.split()]
    return any(
        key in found or (len(key) >= _LONG and any(key in whole for whole in wholes))
        for key in keys
    )


def _spelled(name: str, word: str) -> set[str]:
    """Return the readings of a name in which signs count as letters of `word`."""
    written = {name, _groups_of(word).sub(lambda group: _letter_of(group[0], word), name)}
    return {reading for each in written for reading in _readings(each, word)}


def _readings(name: str, word: str) -> set[str]:
    letters = [_letters(char, word) for char in name]
    most = max(map(len, letters), default=1)
    return {"".join(each[at % len(each)] for each in letters) for at in range(most)}


@lru_cache(maxsize=1024)
def _groups_of(word: str) -> re.Pattern[str]:
    """Return the pattern of groups of characters that are drawn like letters of `word`."""
    groups = [group for group in _GROUPS if _letter_of(group, word)]
    longest_first = sorted(groups, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)


def _letter_of(group: str, word: str) -> str:
    return next((letter for letter in _GROUPS[group.lower()] if letter in word), "")


def _letters(char: str, word: str) -> str:
    """Return the letters that a reader may take the character for, or the character.

    Of several letters that it is drawn like, those that `word` has.
    """
    if char.isascii():
        return char.translate(_SIGNS)
    if _FIRST_FLAG_LETTER <= char <= _LAST_FLAG_LETTER:
        return chr(ord(char) - ord(_FIRST_FLAG_LETTER) + ord("a"))
    drawn = _MATHEMATICS.get(char) or LETTERS.get(char, "")
    if unicodedata.category(char) in _SYMBOLS:
        drawn += SIGNS.get(char, "")
    return "".join(letter for letter in drawn if letter in word) or drawn[:1] or char


def _sounded(name: str) -> str:
    """Return the name with letters of other alphabets as they sound, where they have a sound."""
    decomposed = unicodedata.normalize("NFD", name)
    sounds = (SOUNDS.get(char.lower(), char) for char in decomposed)
    return "".join(sound for sound in sounds if not unicodedata.combining(sound[:1] or " "))


def _nfkc_casefold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _IGNORED.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", folded)


def _ascii_domain(domain: str) -> str:
    if domain.startswith("["):
        return _literal(domain)
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        return _nfkc_casefold(domain).encode("idna").decode().lower()
    except UnicodeError:
        return _nfkc_casefold(domain)


def _literal(domain: str) -> str:
    """Return the canonical form of an address in brackets (RFC 5321, 4.1.3)."""
    text = domain.strip("[]").lower().removeprefix("ipv6:")
    try:
        return f"[{ip_address(text)}]"
    except ValueError:
        return _nfkc_casefold(domain)


@lru_cache(maxsize=1024)
def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _skeleton(word))
    bare = "".join(_unstroked(char) for char in decomposed if not unicodedata.combining(char))
    return bare.translate(_LEET)


def _unstroked(char: str) -> str:
    if char.isascii():
        return char
    found = _WITH_STROKE.fullmatch(unicodedata.name(char, ""))
    return found[1].lower() if found else char


def _skeleton(text: str) -> str:
    key: str = disarm.skeleton_key(text, digit_policy="tr39")
    for pair, single in _PAIRS:
        key = key.replace(pair, single)
    return key
