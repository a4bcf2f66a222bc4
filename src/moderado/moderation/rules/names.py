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
    named = _PORTUGUESE_BEFORE if portuguese else _BEFORE
    if any(map(named.search, before)):
        return True
    if before[-1].endswith(" . "):
        return bool(_AFTER.search(around.after))
    return bool(_GIVEN.search(word) and _GREETING.search(before[-1]))


def is_acronym(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is in capitals in a text that is not: "BST", "Cu"."""
    written = text[start:end]
    if text.isupper():
        return False
    return written.isupper() or (len(written) == _SYMBOL and written.istitle() and start > 0)
