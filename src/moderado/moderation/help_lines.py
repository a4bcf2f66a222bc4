"""Where the author of a text finds help: what `resources` in a policy names.

The code travels with the categories of a verdict, as one entry that begins with `MARK`. So it
follows the revision that it belongs to, and no reader takes it for a category.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from moderado.moderation.types import Category

MARK = "help:"
AUTO = "auto"  # by the language of the author
NONE = "none"
_HELPED = Category.SELF_HARM.value  # has `auto` unless the policy says otherwise


class HelpLine(msgspec.Struct, frozen=True, kw_only=True):
    """A place that helps people who think of harming themselves."""

    code: str
    name: str
    phone: Annotated[str, Meta(description="Empty if it has none.")]
    url: str
    country: Annotated[str, Meta(description="ISO 3166; empty for all countries.")]


def codes() -> frozenset[str]:
    """Return what `resources` in a policy may name."""
    return frozenset(_lines()) | {AUTO, NONE}


def marked(categories: Iterable[str], code: str) -> list[str]:
    """Return the categories, and the code of the help if there is one."""
    found = list(categories)
    return [*found, MARK + code] if code else found


def without_mark(categories: Iterable[str]) -> tuple[str, ...]:
    """Return the categories alone."""
    return tuple(each for each in categories if not each.startswith(MARK))


def recategorized(categories: Iterable[str], category: str) -> list[str]:
    """Return what a person found a text to be, with the help that its author was offered.

    Args:
        categories: What was found before, with the mark if a policy named help.
        category: What the person names; empty for none.
    """
    marks = (each for each in categories if each.startswith(MARK))
    return [*filter(None, [category]), *sorted(marks)]


def help_lines(categories: Collection[str], language: str) -> tuple[HelpLine, ...]:
    """Return where the author of a text with these categories finds help.

    Args:
        categories: Of the text, with the mark if a policy named help.
        language: Of the author, such as `pt-br`.
    """
    named = next((each[len(MARK) :] for each in categories if each.startswith(MARK)), "")
    if not named and _HELPED in categories:
        named = AUTO
    if not named or named == NONE:
        return ()
    lines = _lines()
    if named in lines:
        return (_line(named, lines[named]),)
    spoken = language.partition("-")[0]
    return tuple(_line(code, row) for code, row in lines.items() if spoken in row["languages"])


def _line(code: str, row: Mapping[str, Any]) -> HelpLine:
    return HelpLine(
        code=code, name=row["name"], phone=row["phone"], url=row["url"], country=row["country"]
    )


@cache
def _lines() -> Mapping[str, Mapping[str, Any]]:
    file = resources.files("moderado.moderation").joinpath("help_lines.toml")
    return tomllib.loads(file.read_text("utf-8"))
