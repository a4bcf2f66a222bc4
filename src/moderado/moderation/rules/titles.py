"""Tells whether a listed word belongs to the title of a work: "O Idiota, de Dostoiévski".

A title is a row of words with capitals in a text that has small letters. A row that opens with an
article is one by itself. Any other may be shouted at a person, "Seu Idiota", so that a word for a
work, a verb of reading or an author must stand beside it.
"""

import re
import tomllib
from importlib import resources
from typing import Any

import re2

from moderado.moderation.rules.surroundings import Context, Surroundings

_LOOK_AROUND = 80  # characters on either side
_CAPITALIZED = r"[^\W\d_a-zß-ÿ][^\W\d_A-ZÀ-Þ]*(?:['\u2019-][^\W\d_A-ZÀ-Þ]+)*"
_LINKED = r"(?:(?:d[aeo]s?|e|n[ao]s?|em|com|[ao]s?|of|the|and|an?|in|on|at|to|for|is) ){0,2}"
_ROW = re.compile(rf"(?<![\w'\u2019-]){_CAPITALIZED}(?: {_LINKED}{_CAPITALIZED})+(?!\w)")
_SMALL = re.compile(r"(?<!\w)[a-zß-ÿ]")
_ARTICLE = re.compile(r"(?:[OA]s?|Uma?|The|An) ")
_BY = re.compile(r"[\"”»]?,? (?:by|d[aeo]) [A-ZÀ-Þ]")
_BY_AFTER_COMMA = re.compile(r"[\"”»]?, (?:by|d[aeo]) [A-ZÀ-Þ]")


def _load() -> tuple[Any, Any]:
    file = resources.files(__package__).joinpath("speech", "titles.toml")
    written: dict[str, list[str]] = tomllib.loads(file.read_text("utf-8"))

    def filled(name: str) -> str:
        source = "|".join(written[name])
        for each in ("work", "seen"):
            source = source.replace(f"<{each}>", f"(?:{'|'.join(written[each])})")
        return source

    return re2.compile(f" (?:{filled('before')}) $"), re2.compile(f"^ (?:{filled('after')}) ")


_BEFORE, _AFTER = _load()


def title_around(context: Context, start: int, end: int) -> tuple[int, int] | None:
    """Return where the row of words with capitals stands that contains `[start, end)`.

    None if there is none, or if the text has no small letters beside it.
    """
    text = context.text
    if not text[start].isupper():
        return None
    begin, stop = max(0, start - _LOOK_AROUND), end + _LOOK_AROUND
    for row in _ROW.finditer(text, begin, stop):
        if row.start() <= start and end <= row.end():
            beside = _SMALL.search(text, begin, row.start()) or _SMALL.search(text, row.end(), stop)
            return row.span() if beside else None
    return None


def is_work(text: str, start: int, end: int, around: Surroundings) -> bool:
    """Tell whether a word for a work, a verb of reading or an author stands beside a title."""
    if _BEFORE.search(around.before) or _AFTER.search(around.after):
        return True
    opens = _ARTICLE.match(text, start)
    return bool((_BY if opens else _BY_AFTER_COMMA).match(text, end))


def opens_with_article(text: str, start: int) -> bool:
    """Tell whether a title begins with an article: "O Idiota"."""
    return _ARTICLE.match(text, start) is not None
