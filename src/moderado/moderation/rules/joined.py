"""Finds words that an author has cut in two messages: "por" and "ra", "p u" and "t a"."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.vocabulary import is_common
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.spelling import MISSPELLED
from moderado.moderation.rules.tokens import is_syllable
from moderado.moderation.types import Usage

READING = "two messages"
MOST = 8  # earlier messages
LONGEST = 40  # characters of each: the end of a longer one is no piece of a word
_LONG = 8  # letters: chance makes no such word of two
_LONGER = 3  # letters: the vocabulary has too many syllables and initials of as many
_OF_THREE = (
    "ano asa ato ave bar bem boa bom cai cal cem ceu cha cor dar dei dez dia diz dom "
    "dor dou ele ela era eta fez fim fio foi gel giz gol ida jaz lar lei ler les luz "
    "lua mae mal mao mar mas mau mel mes meu mil mim nao nem nos noz oba ola ora ovo "
    "pai pao par pau paz per pes pia pio pir pis por pos pra pro que rei ria rim "
    "rio rir rol rua sai sal sao sem ser seu sim sob soa sol som sou sua sul "
    "tal tao teu tia tio tom tua uma uns uva vai vao vem ver vez via vim viu voo voz "
    "all and any are arm art bad bag bar bat bed big bit box boy bun bus but buy can cap car "
    "cat cow cry cup cut dad day did dog dry due ear eat egg end eye fan far fat few fig fit "
    "fix fly for fun gap get got gun guy had has hat her hey him his hit hot how ice ill its "
    "jam job joy key kid law lay leg let lie lot low mad man map may men met mix mom mud net "
    "new nor not now nut off oil old one our out own pan pay pen pet pie pig pin pop pot put "
    "ran raw red row run sad sat saw say sea see set she sit six sky son sun tax tea ten the "
    "tie tip toe ton too top toy try two use van war was way web wet who why win yes yet you"
)
_WORDS = frozenset(_OF_THREE.split())
_LETTERS = frozenset("aeoiynq")
_OUTSIDE = ' \t\n.,;:!?"([{*_~-'
_EXCUSED = (Usage.PLAIN, Usage.ABOUT, Usage.EXPLETIVE)


def across(previous: Sequence[str], text: str, find: Callable[[str], list[Hit]]) -> list[Hit]:
    """Return the hits that begin in an earlier text and end in `text`, as places in `text`.

    One of the two messages must be nothing but its part of the match: ordinary messages that only
    end and begin so are not read together. Such a hit may be chance, and is not certain. A word
    that is surely cut counts as aimed, whatever stands around it: its author hides it.

    Args:
        previous: The author's earlier texts, the oldest first.
        text: The text that is judged.
        find: Finds the rules in a text.
    """
    # A text that begins with a space is no ordinary writing, and would be read in every way.
    near = [each[-LONGEST:].lstrip() for each in previous[-MOST:]]
    if not near:
        return []
    found: dict[tuple[str, int], Hit] = {}
    for hit in (*_in_cut_word(near[-1], text, find), *_in_phrases(near, text, find)):
        known = found.setdefault((hit.rule.id, hit.end), hit)
        if hit.usage is Usage.AIMED and known.usage in _EXCUSED:
            found[hit.rule.id, hit.end] = hit
    alone = [hit for each in (*near, text) for hit in find(each)] if found else []
    listed = {hit.rule.id for hit in alone if hit.reading not in MISSPELLED}
    return [hit for hit in found.values() if hit.rule.id not in listed]


def _in_phrases(near: list[str], text: str, find: Callable[[str], list[Hit]]) -> Iterator[Hit]:
    """Yield the phrases, and the words whose letters stand apart."""
    for hit, end in _joined(near, text, " ", find):
        is_cut = bool(hit.reading) and hit.is_certain
        yield _placed(hit, end, is_cut=is_cut)


def _in_cut_word(before: str, text: str, find: Callable[[str], list[Hit]]) -> Iterator[Hit]:
    """Yield the words that are cut: "por" and "ra"."""
    last, first = before.split()[-1:], text.split()[:1]
    are_words = all(map(_is_word, (*last, *first)))
    is_whole = before.split() == last and text.split() == first
    if (are_words and not is_whole) or not any(map(str.isalpha, "".join(first))):
        return
    seam = fold(" ".join((*last, *first))).text
    begins_anew = _is_word("".join(first)) or len("".join(first)) == 1
    joined = [*_joined([before], text, "", find)]
    if joined and begins_anew and _ends_with_listed(before, find):
        return  # "porra" and "e": a word by itself
    for hit, end in joined:
        if seam in hit.rule.text:
            continue  # a phrase
        # Two doubts, a cut and a misspelling, find words in any two: "pai" and "do".
        if hit.is_certain or not any(map(_is_word, (*last, *first))):
            is_long = is_whole and len(hit.rule.text) >= _LONG
            yield _placed(hit, end, is_cut=hit.is_certain and (is_long or not are_words))


def _ends_with_listed(before: str, find: Callable[[str], list[Hit]]) -> bool:
    end = len(before.rstrip(_OUTSIDE))
    return any(hit.end >= end and hit.reading not in MISSPELLED for hit in find(before))


def _joined(
    earlier: list[str], text: str, gap: str, find: Callable[[str], list[Hit]]
) -> Iterator[tuple[Hit, int]]:
    """Yield the hits across the seam, with their ends in `text`."""
    begins = [0, *accumulate(len(each) + len(gap) for each in earlier)]
    start = len(before := gap.join([*earlier, ""]))
    for hit in find(before + text):
        if hit.start >= len(before.rstrip()) or hit.end <= start:
            continue
        if before[hit.start - 1 : hit.start].strip(_OUTSIDE):
            continue  # the end of a word: "isn't" and "it"
        first = begins[bisect_right(begins, hit.start) - 1]
        if not before[first : hit.start].strip() or not text[hit.end - start :].strip():
            yield hit, hit.end - start


def _placed(hit: Hit, end: int, *, is_cut: bool) -> Hit:
    usage = hit.usage
    if is_cut and usage in _EXCUSED:
        usage = Usage.AIMED
    elif usage is Usage.EXPLETIVE:
        usage = Usage.PLAIN  # a word in two messages is no cry
    return replace(hit, start=0, end=end, reading=READING, is_certain=False, usage=usage)


def _is_word(written: str) -> bool:
    """Tell whether a word at the seam is an ordinary one, and no syllable as "ra"."""
    word = fold(written).text.strip(_OUTSIDE)
    if len(word) <= 1:
        return word in _LETTERS
    if len(word) <= _LONGER:
        return word in _WORDS or (len(word) < _LONGER and not is_syllable(word))
    return is_common(word)
