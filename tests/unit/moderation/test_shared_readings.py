"""What does not depend on a list is read once for all lists, and read as it was before."""

import os
import random
import subprocess
import sys
from string import ascii_lowercase

import pytest

from moderado.moderation.normalize import separators
from moderado.moderation.normalize.bloom import BloomFilter, positions
from moderado.moderation.normalize.folding import fold, words
from moderado.moderation.normalize.repeats import has_double, squeeze
from moderado.moderation.normalize.vocabulary import is_common
from moderado.moderation.rules import masks, misspellings, tokens, written
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.matcher import Matcher

OWN = {"category": "spam", "severity": 0.5, "action": "flag"}
CACHES = (
    masks._visible, masks._scarce, misspellings._codes, tokens._ciphers,
    tokens._key, written.piece_of, written.plain_letters, written.apart_of,
)  # fmt: skip


def lists(number):
    """Return a matcher of several lists of many words each, to which no text is known."""
    chance, found = random.Random(4), None
    for _ in range(number):
        some = {"".join(chance.choices("aeborst", k=8)) for _ in range(200)}
        found = Matcher(rules=rules_of(OWN | {"words": sorted(some)}), base=found)
    return found


@pytest.fixture
def read(monkeypatch):
    """Return what is read of pieces and words, whatever the list."""
    for cache in CACHES:
        cache.cache_clear()
    calls = []

    def counted(module, name):
        original = getattr(module, name)

        def call(*args, **kwargs):
            calls.append((name, args))
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, call)

    counted(masks, "masked_parts")
    counted(misspellings, "_without_a_letter")
    counted(tokens, "whole_word_ciphers")
    counted(separators, "letters_of")
    return calls


@pytest.mark.proves("R300")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qx*wzk", {"masked_parts", "letters_of"}),
        ("q/x/w/z/k/v/u", {"masked_parts", "letters_of", "whole_word_ciphers"}),
        ("qxwzkv", {"_without_a_letter", "whole_word_ciphers"}),
    ],
)
def test_several_lists_read_a_piece_of_a_text_once(text, expected, read):
    matcher = lists(3)
    del read[:]  # the forms of the listed words

    matcher.find(text)

    assert {name for name, _ in read} >= expected
    for name in expected - {"letters_of"}:
        assert len([*filter(name.__eq__, (each for each, _ in read))]) == len(
            {args for each, args in read if each == name}
        )


@pytest.mark.proves("R300")
def test_letters_of_a_piece_are_not_read_again_for_each_list(read):
    texts = ["qx*wzk", "q/x/w/z/k/v/u", "q x w z k v u"]
    counts = []
    for number in (1, 3):
        matcher = lists(number)
        for cache in CACHES:
            cache.cache_clear()
        del read[:]
        for text in texts:
            matcher.find(text)
        counts.append(sum(name == "letters_of" for name, _ in read))

    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("piece", ["p.u.t.a", "a m o r m.r.d.w q u e", "b x o.l.a k", "eu.t e.amo"])
def test_rest_beside_letters_apart_is_what_its_letters_say(piece):
    apart = written.Apart(piece)
    for start in range(len(piece)):
        for end in range(start + 1, len(piece) + 1):
            before = separators.letters_of(piece[:start])
            after = separators.letters_of(piece[end:])
            assert apart.has_rest(start, end) == bool(before or after)
            for is_short in (True, False):
                rests = [is_rest(each, is_short=is_short) for each in (before, after)]
                assert apart.is_rest(start, end, is_short=is_short) == all(rests)


def is_rest(letters, *, is_short):
    if is_short and len(letters) in (1, 2):
        return letters in written._SMALL_WORDS or set("aeo").issuperset(letters)
    return len(letters) <= 1 or (len(letters) <= 24 and are_words(letters))


def are_words(letters):
    return not letters or any(
        (letters[:end] in "aeo" if end == 1 else is_common(letters[:end]))
        and are_words(letters[end:])
        for end in range(1, min(10, len(letters)) + 1)
    )


def test_filter_has_what_its_positions_say():
    chance = random.Random(2)
    bits = chance.randbytes(256)
    some = ["".join(chance.choices(ascii_lowercase, k=chance.randint(1, 9))) for _ in range(5_000)]
    expected = [
        word for word in some if all(bits[at >> 3] >> (at & 7) & 1 for at in positions(word, 2_048))
    ]

    assert [word for word in some if word in BloomFilter(bits)] == expected
    assert expected


@pytest.mark.parametrize("word", ["pppuutta", "aa", "abba", "puta", "xaabbaax", "aab"])
def test_forms_of_a_word_are_what_is_left_without_each_letter(word):
    left = {squeeze(word[:at] + word[at + 1 :]) for at in range(len(word))}

    assert set(misspellings._without_a_letter(word)) == left


def test_repeated_letters_of_short_and_long_texts_are_left_out_alike():
    text = "puuuta  que pariu, aab1122 çç"
    assert squeeze(text) == squeeze(text * 4)[: len(squeeze(text))] == "puta  que pariu, ab1122 çç"
    assert not has_double("puta")


@pytest.mark.parametrize(
    "text", ["", "!", "a", " ab, c--d ", "a1b2", "(x)", "çá ã\u200b b", "ab\n"]
)
def test_letters_have_their_places(text):
    reading = words(fold(text))

    for at, letter in enumerate(reading.text.strip(" ") and reading.text[1:-1], start=1):
        if letter != " ":
            start, end = reading.original(at, at + 1)
            assert letter in fold(text[start:end]).text
    assert len(reading.offsets) == max(2, len(reading.text))


STEPS = """
import random
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.work import Work

chance, work = random.Random(5), Work()
words, tokens = (["".join(chance.choices("aeborst", k=7)) for _ in range(2_000)] for _ in "ab")
read = Lexicon(dict.fromkeys(words, True)).misspellings
for token in tokens:
    list(read.of(token, work))
print(work.steps)
"""


@pytest.mark.proves("R301")
def test_as_many_steps_are_counted_in_every_process():
    steps = {
        subprocess.run(
            [sys.executable, "-c", STEPS],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(steps) == 1
    assert int(steps.pop()) > 0
