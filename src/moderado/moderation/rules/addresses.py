"""How a disguised word is addressed: by words disguised like it, or written together with it."""

import re
from functools import lru_cache

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.repeats import squeeze
from moderado.moderation.normalize.vocabulary import is_ordinary
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.rule import Shape
from moderado.moderation.rules.spelling import is_disguised
from moderado.moderation.rules.surroundings import Context, Surroundings
from moderado.moderation.rules.tokens import GLUED_ADDRESS

_NAMES = (Shape.NAME, Shape.CURSE, Shape.EVERYDAY)
_TAG = 12  # characters
_MOST_SIGNS = 8
_REMEMBERED = 2_048  # words
# Signs that belong to a disguise, and are no punctuation.
_SIGN_BEFORE = re.compile(r"<[a-z]{1,6}>$|[^\w\s.,;:!?\"'@#…]$")
_SIGN_AFTER = re.compile(r"</?[a-z]{1,6}>|[^\w\s.,;:!?\"'@#…]")


def beside(hit: Hit, context: Context) -> Surroundings:
    """Return what stands around a match. The words beside it may be disguised in the same way."""
    if hit.reading == "repeats":  # "ssuuaa vvaaddiiaa"
        around = context.around(hit.start, hit.end)
        return Surroundings(_squeezed(around.before), _squeezed(around.after))
    start, end = hit.start, hit.end
    if is_disguised(hit):  # "(w)(h)(o)(r)(e)", "<b>mo</b>ron"
        start, end = _with_signs(context.text, start, end)
    return context.around(start, end)


def _with_signs(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a match with up to eight signs or tags on either side."""
    for _ in range(_MOST_SIGNS):
        before = _SIGN_BEFORE.search(text, max(0, start - _TAG), start)
        after = _SIGN_AFTER.match(text, end)
        if before is None and after is None:
            break
        start, end = before.start() if before else start, after.end() if after else end
    return start, end


def _squeezed(words: str) -> str:
    return " ".join(map(_squeezed_word, words.split(" ")))


@lru_cache(_REMEMBERED)
def _squeezed_word(word: str) -> str:
    """Return a word without repeated letters. Matches in a row have the same words around them."""
    return word if is_ordinary(word) else squeeze(word)


def is_glued_to_address(hit: Hit, text: str) -> bool:
    """Tell whether a name is written together with an address: "seuotariodemerda"."""
    if hit.reading != "glued" or hit.rule.aimed is None or hit.rule.shape not in _NAMES:
        return False
    before, found, _ = fold(text[hit.start : hit.end]).text.partition(
        hit.rule.text.replace(" ", "")
    )
    return bool(found) and GLUED_ADDRESS.fullmatch(before) is not None
