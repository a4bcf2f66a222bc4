"""What a text costs does not grow with the list of words or with earlier texts."""

import random
import re
from string import ascii_lowercase
from uuid import uuid4

import pytest
from ahocorasick_rs import AhoCorasick

from moderado.moderation.normalize import confusables, fold
from moderado.moderation.normalize.folding import words
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.rules import lexicon
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.masks import MaskedWords
from moderado.moderation.rules.matcher import MAX_HITS
from moderado.moderation.rules.needles import MANY, MANY_OF_ONE, FewNeedles, first_of_each, needles
from moderado.moderation.rules.stretched import Stretched
from moderado.moderation.types import Content, Outcome
from tests.providers import verdict_of


def some_words(number, *, seed=1):
    chance = random.Random(seed)
    words = set()
    while len(words) < number:
        words.add("p" + "".join(chance.choices(ascii_lowercase, k=chance.randint(3, 11))))
    return sorted(words)


def some_masked(words, number, *, seed=2):
    chance = random.Random(seed)
    for word in chance.choices(words, k=number):
        hidden = set(chance.sample(range(1, len(word)), chance.randint(1, len(word) // 2)))
        yield "".join("*" if at in hidden else letter for at, letter in enumerate(word))


def expected(masked_word, words):
    """The rule in words: one mask for one letter, a run for one up to one more than its length."""

    def run(match):
        length = len(match.group())
        return "[a-z]" if length == 1 else f"[a-z]{{1,{length + 1}}}"

    visible = len(masked_word) - masked_word.count("*")
    pattern = re.compile(re.sub(r"\*+", run, masked_word))
    return [word for word in words if len(word) <= 2 * visible and pattern.fullmatch(word)]


def test_index_finds_the_words_that_the_masked_word_stands_for():
    words = some_words(600)
    masks = MaskedWords(words)

    for masked_word in some_masked(words, 2_000):
        assert sorted(masks.under(masked_word)) == expected(masked_word, words), masked_word


@pytest.mark.proves("S45")
def test_masked_word_is_compared_with_few_words_of_a_long_list(monkeypatch):
    words = some_words(4_800)  # of one first letter
    masks, compared = MaskedWords(words), []
    between = masks._between
    monkeypatch.setattr(
        masks, "_between", lambda *args: compared.append(found := [*between(*args)]) or found
    )
    masked = [*some_masked(words, 500)]

    for masked_word in masked:
        masks.under(masked_word)

    assert sum(map(len, compared)) < len(masked) * len(words) / 40


@pytest.mark.proves("S45")
def test_rare_characters_do_not_keep_others_out_of_the_table():
    rare = "".join(map(chr, range(0x10000, 0x10000 + 3 * confusables._CACHE_LIMIT)))
    fold(rare)
    assert len(confusables.TABLE) <= confusables._CACHE_LIMIT

    fold("😀é")

    assert ord("😀") in confusables.TABLE
    assert len(confusables.TABLE) <= confusables._CACHE_LIMIT
    assert {ord("a"), ord("é")} <= set(confusables.TABLE)


def content(text):
    return Content(subject_type="message", subject_id=uuid4(), revision=1, text=text)


def own(action, severity, *words):
    return {
        "id": action,
        "category": "profanity",
        "severity": severity,
        "action": action,
        "words": words,
    }


@pytest.mark.proves("S45")
@pytest.mark.parametrize("mild", ["feio", "fe1o", "f.e.i.o", "fe*o"])
def test_many_mild_words_do_not_hide_a_severe_one(mild):
    provider = BlocklistProvider(
        packs=[], rules=[own("flag", 0.2, "feio"), own("block", 0.9, "terrivel")]
    )
    text = f"{mild}, " * (MAX_HITS + 10) + "terrivel"

    found = verdict_of(provider, text)

    assert found.outcome is Outcome.BLOCK
    assert found.categories == {"profanity": 0.9}
    assert len(found.signals[0].matches) == MAX_HITS


def test_most_severe_hit_of_each_category_is_kept():
    rules = [
        own("flag", 0.1, "feio"),
        {**own("flag", 0.8, "ameaca"), "category": "threat"},
        own("flag", 0.7, "pior"),
        own("hold", 0.3, "grave"),
    ]
    provider = BlocklistProvider(packs=[], rules=rules)
    text = "feio " * (MAX_HITS + 10) + "ameaca pior grave"

    found = verdict_of(provider, text)

    assert found.outcome is Outcome.HOLD
    assert found.categories == {"profanity": 0.7, "threat": 0.8}


WORDS = ["pira", "pirapora", "ana", "aa", "lula"]


@pytest.mark.parametrize("text", [" pira ", " xpirapora anana aaaa lula", "", " aaa pirapirapora "])
def test_few_needles_are_found_as_by_the_automaton(text):
    texts = [form for word in WORDS for form in (f" {word} ", word, f" seu{word} ", f"{word}s ")]
    automaton = AhoCorasick(texts, store_patterns=False)

    few = needles(texts).find_matches_as_indexes(text, overlapping=True)

    assert isinstance(needles(texts), FewNeedles)
    assert sorted(few) == sorted(automaton.find_matches_as_indexes(text, overlapping=True))


@pytest.mark.proves("S45")
def test_matches_of_nested_words_are_counted_once_for_each_word_and_place():
    nested = [(which, at, at + which + 3) for at in range(4_000) for which in range(38)]

    kept = first_of_each(nested)

    assert len(kept) == 38 * MANY_OF_ONE
    assert kept[:38] == nested[:38]


@pytest.mark.proves("S45")
def test_more_nested_words_keep_fewer_places_of_each():
    nested = [(which, at, at + which + 3) for at in range(40) for which in range(MANY - 1)]

    assert first_of_each(nested) == nested[: MANY - 1]


@pytest.mark.proves("S45")
def test_words_that_are_squeezed_alike_are_searched_for_once():
    texts = [f" {'a' * length} " for length in range(3, 200)] + [" puta "]
    stretched = Stretched(texts)

    assert len(stretched._alike) == 2
    reading = words(fold("aaaaaa puuuta"))
    assert [
        (texts[which].strip(), reading.text[at:to].strip())
        for which, at, to in stretched.find(reading)
    ] == [
        ("aaa", "aaaaaa"),
        ("aaaa", "aaaaaa"),
        ("aaaaa", "aaaaaa"),
        ("puta", "puuuta"),
    ]


@pytest.mark.proves("S45")
def test_walks_along_the_list_end_after_a_fixed_number_of_steps(monkeypatch):
    words = some_words(4_800)
    small, large = (Lexicon(dict.fromkeys(each, True)) for each in (words[:50], words))
    steps = 0

    def counted(layer, prefix, state):
        nonlocal steps
        steps += 1
        keep(layer, prefix, state)

    keep = lexicon._keep
    monkeypatch.setattr(lexicon, "_keep", counted)
    for piece in ("p*a4@|u_t" * 7, "****" * 16, "p.a.r.t.e" * 7):
        for each in (small, large):
            steps = 0
            each.spelled(piece)
            assert steps <= len(piece) * lexicon.MAX_STATES * 30
