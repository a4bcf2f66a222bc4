"""The ways in which a whole text may be meant to be read, before words are looked at."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from moderado.core.alphabets import SOUNDS, TURNED
from moderado.moderation.normalize import codes, markup, opaque, word_edges
from moderado.moderation.normalize.ambiguous import MARKED, MARKERS
from moderado.moderation.normalize.direction import OVERRIDE
from moderado.moderation.normalize.folding import Folded, fold
from moderado.moderation.normalize.invisible import (
    ABOVE,
    BLANKS,
    TURNING,
    with_letters_above,
    without_flags,
)
from moderado.moderation.normalize.ordinary import is_ordinary_writing

_TURNED_LETTERS = frozenset(char for char in TURNED if not char.isascii())
_TURN = {ord(char): letter for char, letter in TURNED.items()}
_SET = "".join(_TURNED_LETTERS)
# Tokens with such a letter, and single letters beside them: "ʞ ɔ n ɟ".
_TURNED = re.compile(
    f"(?<!\\S)(?:\\S\\s+){{0,40}}[^\\s{_SET}]*[{_SET}]\\S*(?:\\s+(?:\\S(?!\\S)|\\S*[{_SET}]\\S*))*"
)
# Neither Latin letters nor the punctuation of books.
_UNUSUAL = re.compile(r"[^\x00-\u024f\u2010-\u203a\u200d\ufe0f]|\xad")
_TOKEN = re.compile(r"[^\W\d_]+")
_ANY_LETTER = "\U0001f171"  # in jokes the button B stands for any letter: "ni🅱🅱er"
_HAVE_SOUND = frozenset(SOUNDS) | frozenset(map(str.upper, SOUNDS))


class View(NamedTuple):
    """A text that may be meant. `reading` names it; empty for the text as it is written.

    `whole`: Its words are read through disguises as well.
    `certain`: The writing cannot be chance.
    `plain`: No character is part of a disguise.
    """

    folded: Folded
    reading: str = ""
    whole: bool = True
    certain: bool = True
    plain: bool = False


def views(text: str) -> Iterator[View]:
    """Yield the text as it is written, and each other way in which it may be read.

    Flags and identifiers are hidden in all of them. There are at most thirty. Markup around whole
    words is read with the text as it is written.
    """
    if is_ordinary_writing(text):
        written = fold(text)
        yield View(written, plain=True)
        if codes.may_be_spelled(written.text, is_ordinary_writing=True):
            yield from _decoded(text, codes.spelled_out(text))
    else:
        yield from _all_views(text)


def _all_views(text: str) -> Iterator[View]:
    characters = set(text)
    readable = _readable(text, characters)
    yield View(fold(readable))
    shown = markup.rendered(text) if markup.may_change(text, characters) else None
    if shown is not None and shown[0].split() != [part.strip("*_~`") for part in text.split()]:
        yield from _shown(*shown, "markup")
    if not text.isascii():
        yield from _in_other_letters(text, characters)
        yield from _without_blanks(text, characters)
    if word_edges.CAPITAL_INSIDE.search(text):
        yield from _capitals_apart(readable)
    yield from _in_code(text, characters)


def _shown(text: str, places: list[int], reading: str) -> Iterator[View]:
    """Yield a text that is shown instead of the one that is written, in whatever letters."""
    characters = set(text)
    yield View(_moved(fold(_readable(text, characters)), places), reading)
    if not text.isascii():
        for view in _in_other_letters(text, characters):
            yield view._replace(folded=_moved(view.folded, places))
        for view in _without_blanks(text, characters):
            yield view._replace(folded=_moved(view.folded, places))


def _without_blanks(text: str, characters: set[str]) -> Iterator[View]:
    if not BLANKS.isdisjoint(characters) and (shown := word_edges.without_blanks(text)):
        yield from _shown(*shown, "characters")


def characters_reading(written: str, text: str) -> str:
    """Return the name of a disguise by characters alone; empty for a word as people write it.

    Args:
        written: The word, or words.
        text: The text that contains them.
    """
    if OVERRIDE in text or (not written.isascii() and _UNUSUAL.search(written)):
        return "characters"
    if written.isascii() and written.islower():  # as most are, and a long phrase has many words
        return ""
    return "case" if any(map(_is_mixed, _TOKEN.findall(written))) else ""


def _is_mixed(word: str) -> bool:
    return not (word.islower() or word.isupper() or word.istitle())


def _readable(text: str, characters: set[str]) -> str:
    if not text.isascii():
        text = without_flags(text)
    if "." in characters:
        text = opaque.without_initials(text)
    text = opaque.without_chords(text)
    if opaque.SIGNS.isdisjoint(characters):
        return text
    return opaque.without_identifiers(text)


def _moved(folded: Folded, places: list[int]) -> Folded:
    return Folded(folded.text, lambda: [places[at] for at in folded.offsets])


def _in_other_letters(text: str, characters: set[str]) -> Iterator[View]:
    if not ABOVE.isdisjoint(characters):
        yield View(fold(_readable(with_letters_above(text), characters)), "letters above")
    if not _TURNED_LETTERS.isdisjoint(characters):
        turned = _TURNED.sub(lambda match: match[0].translate(_TURN), text)
        spans = [match.span() for match in _TURNED.finditer(text)]
        yield View(fold(turned), "upside down", whole=False)
        yield View(_backwards(turned, spans), "upside down")
    if not TURNING.isdisjoint(characters):
        spans = [match.span() for match in _TOKEN.finditer(text)]
        yield View(_backwards(text, spans), "backwards", whole=False)
    if not MARKED.isdisjoint(characters):
        yield View(fold(_readable(text.translate(MARKERS), characters)), "look-alikes")
    if _ANY_LETTER in characters:
        masked = text.replace(_ANY_LETTER, "*")
        yield View(fold(_readable(masked, characters)), "look-alikes")
    if not _HAVE_SOUND.isdisjoint(characters):
        yield View(_sounded(text), "other alphabet", certain=False)


def _capitals_apart(text: str) -> Iterator[View]:
    if shown := word_edges.with_capitals_apart(text):
        folded = _moved(fold(shown[0]), shown[1])
        yield View(folded, "glued", whole=shown[2], certain=False)


def _backwards(text: str, spans: Iterable[tuple[int, int]]) -> Folded:
    """Return the text with the characters of each span in reverse order."""
    order = list(range(len(text)))
    for start, end in spans:
        order[start:end] = reversed(order[start:end])
    return _moved(fold("".join(text[at] for at in order)), order)


def _sounded(text: str) -> Folded:
    written = [SOUNDS.get(char.lower(), char) for char in text]
    places = [at for at, sound in enumerate(written) for _ in sound]
    return _moved(fold("".join(written)), places)


def _in_code(text: str, characters: set[str]) -> Iterator[View]:
    yield from _decoded(text, codes.decoded(text, characters))


def _decoded(text: str, found: Iterable[codes.Decoded]) -> Iterator[View]:
    by_code: dict[str, list[codes.Decoded]] = {}
    for part in found:
        by_code.setdefault(part.code, []).append(part)
    for code, parts in by_code.items():
        written: list[str] = []
        places: list[int] = []
        at = 0
        for part in parts:
            written += text[at : part.start]
            places += range(at, part.start)
            for meaning in part.meanings:
                places += [min(part.start + step, part.end - 1) for step in range(len(meaning))]
                places[-1] = part.end - 1
                written += f"{meaning} "
                places.append(part.end - 1)
            at = part.end
        written += text[at:]
        places += range(at, len(text))
        yield View(
            _moved(fold(_readable("".join(written), set(text))), places),
            code,
            whole=False,
            certain=False,
        )
