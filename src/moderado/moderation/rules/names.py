"""Tells whether a listed word is written as a name: "falei com Kike", or as an acronym: "BST"."""

import re
import tomllib
from importlib import resources
from typing import Any

import re2

from moderado.moderation.rules.surroundings import Surroundings

_LOOK_BACK = 80  # characters
_SYMBOL = 2  # letters of a chemical element
_NAME = re.compile(r"[^\W\d_a-zß-ÿ][^\W\d_A-ZÀ-Þ]+")
# Names that stand before: "com Ana Prat", "de João dos Porras".
_CHAIN = re.compile(
    r"(?:[^\W\d_a-zß-ÿ][^\W\d_A-ZÀ-Þ]*\.? +(?:(?:d[aeo]s?|del|la|van|von) +)?){1,2}$"
)
_SURNAME = re.compile(r" [A-ZÀ-Þ][a-zß-ÿ]{2,}")
_ROUTE = re.compile(r"(?<![\w-])[A-Z]{3}(?:-[A-Z]{3}){2,}(?![\w-])")
_LONGEST_CODE = 3  # letters
# What stands behind the symbol of copper at the beginning of a text.
_CHEMISTRY = re.compile(
    r"(?:,? ?(?:e|and|ou|or|com|with|\+|->|→|=|[-/]) ?|, ?| )"
    r"(?:A[gulrst]|B[aeir]?|C[adelorsu]?|Fe?|Fr|G[aed]|H[efg]?|I[nr]|Kr?|L[aiu]|M[gno]|N[abdei]?"
    r"|O[s2]|P[bdtu]?|R[behu]|S[bceimnr]?|T[aceihl]|[UVW]|Xe|Yb?|Z[nr])(?![\w'\u2019])"
    r"|[0-9(²⁺]|,? [0-9]| ?= ?[0-9]| ?[+→=] ?[0-9]*[A-Z]"
    r"| (?:pipes?|wires?|cables?|tubes?|ions?|oxides?|foil|plates?|alloys?|powder|metálico|puro)\b"
)
_PLACE = re.compile(r", (?:n[ao] |in )?[A-ZÀ-Þ][a-zß-ÿ]{3,}")  # "Dildo, Newfoundland"
_LAST_WORD = re.compile(r"([^\W\d_])[\w'.-]*[^\w\n.!?]*$")


def _load() -> dict[str, list[str]]:
    file = resources.files(__package__).joinpath("speech", "names.toml")
    return tomllib.loads(file.read_text("utf-8"))


def _compiled(*sources: list[str], form: str) -> Any:
    return re2.compile(form.format("|".join(each for source in sources for each in source)))


_WRITTEN = _load()
_ENDS = " (?:{}) $"
_GIVEN = _compiled(_WRITTEN["given"], form="^(?:{})$")
_KNOWN = _compiled(_WRITTEN["given"], _WRITTEN["other"], form="^(?:{})$")
_BEFORE = _compiled(_WRITTEN["before"], form=_ENDS)
_PORTUGUESE_BEFORE = _compiled(_WRITTEN["before"], _WRITTEN["article"], form=_ENDS)
_GREETING = _compiled(_WRITTEN["greeting"], form=" (?:{})(?: ,)? $")
_AFTER = _compiled(_WRITTEN["after"], form="^ (?:{}) ")


def is_capitalized(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` has a capital, as a name, behind a word that has none."""
    if not _NAME.fullmatch(text, start, end):
        return False
    earlier = _LAST_WORD.search(text, max(0, start - _LOOK_BACK), start)
    return earlier is not None and earlier[1].islower()


def is_name(
    word: str, text: str, start: int, end: int, around: Surroundings, *, portuguese: bool
) -> bool:
    """Tell whether a listed word is written as a name.

    Args:
        word: The listed word, folded.
        text: The text as written.
        start: Where the word begins.
        end: Where it ends.
        around: What stands around it.
        portuguese: Whether the word or the text is Portuguese.
    """
    if not _KNOWN.search(word) or not _NAME.fullmatch(text, start, end):
        return False
    before = [around.before]
    if chain := _CHAIN.search(text, max(0, start - _LOOK_BACK), start):
        names = len(chain[0].split())
        before.append(" ".join([*around.before.split(" ")[: -1 - names], ""]))
    if _GIVEN.search(word) and _SURNAME.match(text, end) and not text.isupper():
        return True
    named = _PORTUGUESE_BEFORE if portuguese else _BEFORE
    if any(map(named.search, before)):
        return True
    if before[-1].endswith(" . "):
        is_place = _PLACE.match(text, end) is not None
        return is_place or bool(_AFTER.search(around.after))
    return bool(_GIVEN.search(word) and _GREETING.search(before[-1]))


def is_acronym(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is in capitals in a text that is not: "BST", "Cu"."""
    written = text[start:end]
    if text.isupper():
        return False
    if written.isupper():
        return True
    is_symbol = len(written) == _SYMBOL and written.istitle()
    is_alone = text.strip() == written
    return is_symbol and (start > 0 or is_alone or _CHEMISTRY.match(text, end) is not None)


def is_in_route(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is one of three or more codes: "GRU-CUZ-LIM"."""
    if end - start > _LONGEST_CODE or not text[start:end].isupper():
        return False
    begin, stop = max(0, start - _LOOK_BACK), end + _LOOK_BACK
    return any(
        route.start() <= start and end <= route.end()
        for route in _ROUTE.finditer(text, begin, stop)
    )
