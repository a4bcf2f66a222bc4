"""Tells whether a listed word is written as it is spoken, or disguised."""

import re

from moderado.moderation.normalize.repeats import runs
from moderado.moderation.rules.hits import Hit

MISSPELLED = frozenset(("sounds", "drawn", "keys", "missing", "swapped", "vowels", "ending"))
_SPOKEN = re.compile(r"[\x00-\x7fçÇ]+")  # "desgraçado"; another sign is a disguise: "pórra"
_ODD_CASE = re.compile(r"[^\W\d_A-Z][A-Z]")  # "pOrRa" is a disguise


def is_disguised(hit: Hit) -> bool:
    """Tell whether a word was disguised on purpose: then it has no harmless meaning."""
    return bool(hit.reading) and hit.is_certain and hit.reading not in MISSPELLED


def is_as_spoken(hit: Hit, text: str) -> bool:
    """Tell whether a word is written as it is spoken, which may be drawn out."""
    written = text[hit.start : hit.end]
    if not _SPOKEN.fullmatch(written) or _ODD_CASE.search(written):
        return False
    return not hit.reading or _is_drawn_out(hit, written)


def _is_drawn_out(hit: Hit, written: str) -> bool:
    """Tell whether one letter of a word is stretched, as in speech: "porraaa"."""
    if hit.reading != "repeats":
        return False
    longer = zip(runs(written.lower()), runs(hit.rule.text), strict=False)
    return sum(have > listed for have, listed in longer) == 1
