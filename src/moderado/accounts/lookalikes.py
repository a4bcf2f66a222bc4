"""Which names, e-mail addresses and words look or mean the same (UTS 39, UTS 46)."""

import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address

import disarm
import idna

from moderado.core.alphabets import LETTERS, SIGNS
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
_FIRST_FLAG_LETTER, _LAST_FLAG_LETTER = "\U0001f1e6", "\U0001f1ff"
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
    letters or more is also found inside of another one.
    """
    joined = _SINGLE_LETTERS.sub(lambda found: "".join(_WORD.findall(found[0])), name)
    # Signs that stand for letters would split the word.
    spelled = "".join(map(_letter, name))
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
        for key in map(_plain, words)
    )


def _letter(char: str) -> str:
    """Return the letter that a reader takes the character for, or the character."""
    if char.isascii():
        return char.translate(_SIGNS)
    if _FIRST_FLAG_LETTER <= char <= _LAST_FLAG_LETTER:
        return chr(ord(char) - ord(_FIRST_FLAG_LETTER) + ord("a"))
    drawn = SIGNS.get(char) if unicodedata.category(char) in _SYMBOLS else LETTERS.get(char)
    return drawn[0] if drawn else char


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
