"""Finds links in a text, by their domains. Linear time: RE2."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import re2

# Of any length: RE2 would copy a class of Unicode for each of the 63 characters of a real label,
# and then lack the memory for its automaton.
_LABEL = r"[\pL\pN](?:[\pL\pN-]*[\pL\pN])?"
# Without a scheme, only domains that people recognize as links.
_ENDINGS = "com|net|org|br|io|me|gg|tv|ly|co|app|dev|info|site|online|shop|xyz|top|club|link|live"
_LINK = (
    rf"(?i)(?:https?://(?:[^\s/@]*@)?((?:{_LABEL}\.)*{_LABEL})"
    rf"|\b((?:{_LABEL}\.)+(?:{_ENDINGS})\b))"
)


def links(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the place of each link's beginning in `text`, and its domain in lower case."""
    for found in _link().finditer(text):
        yield found.start(), found.end(), (found.group(1) or found.group(2)).lower()


def is_below(domain: str, others: Sequence[str]) -> bool:
    """Tell whether a domain is one of the others or lies below one."""
    return any(domain == other or domain.endswith(f".{other}") for other in others)


@cache
def _link() -> Any:
    """Compile the expression at its first use: that takes as long as a tenth of a start."""
    return re2.compile(_LINK)
