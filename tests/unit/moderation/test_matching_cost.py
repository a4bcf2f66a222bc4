"""What a text costs does not grow with the list of words or with earlier texts."""

import random
import re
from operator import itemgetter
from string import ascii_lowercase
from uuid import uuid4

import msgspec
import pytest
from ahocorasick_rs import AhoCorasick

from moderado.moderation.normalize import confusables, fold
from moderado.moderation.normalize.folding import words
from moderado.moderation.normalize.repeats import squeeze as squeezed_letters
from moderado.moderation.normalize.repeats import squeezed
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.rules import addresses, lexicon, matcher, misspellings
from moderado.moderation.rules import work as work_of_texts
from moderado.moderation.rules.beginnings import FEW, FewBeginnings
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.masks import MaskedWords
from moderado.moderation.rules.matcher import MAX_HITS
from moderado.moderation.rules.needles import MANY, MOST_INNER, FewNeedles, evenly, needles
from moderado.moderation.rules.stretched import Stretched
from moderado.moderation.rules.work import Work
from moderado.moderation.types import PREVIOUS_TEXTS, Content, Outcome
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
def test_few_of_many_nested_needles_are_found_at_a_place():
    longest = 200
    texts = ["a" * length for length in range(1, longest + 1)]

    places = needles(texts).find_matches_as_indexes("b" + "a" * 4_000, overlapping=True)

    assert len(places) <= 4_000 * (MOST_INNER + 2)
    assert (longest - 1, 1, 1 + longest) in places
    assert {which for which, _, _ in places} == set(range(longest))


@pytest.mark.proves("S45")
def test_of_nested_needles_the_longest_of_the_gravest_is_found():
    texts = ["a" * length for length in range(1, 12)]
    grave = {5, 7}  # six letters, and eight
    found = needles(texts, lambda which: {"": float(which in grave)})

    ends = {
        end: [which for which, _, at in places if at == end and which > MOST_INNER]
        for places in [found.find_matches_as_indexes("a" * 11, overlapping=True)]
        for end in (6, 7, 8, 11)
    }

    assert ends == {6: [5], 7: [5], 8: [7], 11: [7]}


@pytest.mark.proves("S45")
def test_nested_needle_is_found_behind_another_beginning():
    texts = [*("a" * length for length in range(1, 8)), "c" + "a" * 7, "aaaab"]
    found = needles(texts).find_matches_as_indexes("bcaaaaaaabaaaaaaa", overlapping=True)

    assert {(7, 1, 9), (8, 5, 10), (6, 10, 17)} <= set(found)


@pytest.mark.proves("S45")
def test_selection_has_each_kind_and_its_last_item():
    items = [("mild", at) for at in range(5_000)] + [("grave", 0)] + [("mild", 5_000)]

    kept = evenly(items, 100, itemgetter(0), lambda _: 0)

    assert len(kept) <= 100
    assert {("mild", 0), ("grave", 0), ("mild", 5_000)} <= set(kept)


@pytest.mark.proves("S45")
def test_selection_from_too_many_kinds_has_the_gravest():
    items = [(kind, at) for at in range(3) for kind in range(1_000)]

    kept = evenly(items, 10, itemgetter(0), itemgetter(0))

    assert [kind for kind, _ in kept] == [*range(999, 989, -1)]


@pytest.mark.proves("S45")
def test_allowed_words_excuse_a_flood():
    provider = BlocklistProvider(
        packs=[], rules=[own("block", 0.9, "cu") | {"match": "anywhere"}], allow=["cuca"]
    )
    flood = "cuca " * (MANY + 500)

    assert not provider.assess([content(flood)])[0].matches
    assert verdict_of(provider, flood + "cu").outcome is Outcome.BLOCK


@pytest.mark.proves("S45")
@pytest.mark.parametrize("place", [0, 700, 1_300])
def test_flood_of_plain_words_does_not_hide_an_aimed_one(place):
    rules = [own("flag", 0.3, "xu") | {"aimed": "block", "language": "pt-BR"}]
    provider = BlocklistProvider(packs=[], rules=rules)
    words = ["xu."] * 1_400
    words[place] = "seu xu."

    assert verdict_of(provider, " ".join(["xu."] * 1_400)).outcome is Outcome.FLAG
    assert verdict_of(provider, " ".join(words)).outcome is Outcome.BLOCK


NESTED = {
    "phrases": (["a"], " ", "whole"),
    "phrases of two letters": (["ab"], " ", "whole"),
    "anywhere": (["a"], "", "anywhere"),
    "anywhere, two letters": (["ab"], "", "anywhere"),
}


@pytest.mark.proves("S45")
@pytest.mark.parametrize("kind", NESTED)
def test_nested_words_of_a_list_do_not_multiply_the_work(kind, monkeypatch):
    (word,), gap, match = NESTED[kind]
    times = range(1, 1 + 200 // len(word + gap))
    mild = own("flag", 0.2, *(gap.join([word] * time) for time in times)) | {"match": match}
    grave = own("block", 0.9, gap.join([word] * 7)) | {"match": match}
    provider = BlocklistProvider(packs=[], rules=[mild, grave])
    judged_hits = []
    judge = matcher.judged
    monkeypatch.setattr(
        matcher, "judged", lambda hits, *args: judged_hits.append(len(hits)) or judge(hits, *args)
    )

    found = verdict_of(provider, (word + gap) * (4_000 // len(word + gap)))

    assert judged_hits[0] <= matcher._MOST_JUDGED
    assert found.outcome is Outcome.BLOCK
    assert found.categories == {"profanity": 0.9}


@pytest.mark.proves("S45")
def test_words_that_are_squeezed_alike_are_searched_for_once():
    texts = [f" {'a' * length} " for length in range(3, 200)] + [" puta "]
    stretched = Stretched(texts)

    assert len(stretched._alike) == 2
    reading = words(fold("aaaaaa puuuta"))
    assert [
        (texts[which].strip(), reading.text[at:to].strip())
        for which, at, to in stretched.find(reading, squeezed(reading).text)
    ] == [
        ("aaa", "aaaaaa"),
        ("aaaa", "aaaaaa"),
        ("aaaaa", "aaaaaa"),
        ("puta", "puuuta"),
    ]


@pytest.mark.proves("S45")
def test_walks_along_the_list_end_after_a_fixed_number_of_steps():
    words = some_words(4_800)
    small, large = (Lexicon(dict.fromkeys(each, True)) for each in (words[:50], words))
    for piece in ("p*a4@|u_t" * 7, "****" * 16, "p.a.r.t.e" * 7):
        for each in (small, large):
            work = Work()
            each.spelled(piece, work)
            assert 0 < work.readings <= len(piece) * lexicon.MAX_STATES * 30


@pytest.mark.proves("S45")
def test_unknown_word_takes_few_steps_along_a_long_list():
    words = some_words(4_800)
    large, work = Lexicon(dict.fromkeys(words, True)).misspellings, Work()
    unknown = [f"{word[0]}{word[2]}{word[1]}{word[3:]}q" for word in words[:200]]
    for word in unknown:
        list(large.of(word, work))

    assert 0 < work.steps < 19 * len(unknown)


def typing_errors(word):
    """Yield misspellings of a word, with repeated letters before the error and elsewhere."""
    yield f"{word[:2]}{word[3]}{word[2]}{word[4:]}"
    yield f"{word[:2]}{word[3:]}"
    yield f"{word[0]}{word[0]}{word[1:-2]}{word[-1]}"
    yield f"{word[:3]}{min(misspellings.NEIGHBOURS[word[3]])}{word[4:]}"
    yield word[0] + "".join(letter for letter in word[1:] if letter not in "aeiou")


@pytest.mark.proves("S45")
def test_bitmap_hides_no_misspelling():
    chance, words = random.Random(3), set()
    while len(words) < 300:  # of few letters: beside each other the same ones often stand
        words.add("".join(chance.choices("abeporrst", k=chance.randint(6, 10))))
    listed = dict.fromkeys(sorted(words), True)
    quick, slow = Lexicon(listed).misspellings, Lexicon(listed).misspellings
    slow._resembling = None

    tokens = [token for word in listed for token in typing_errors(word)]

    assert all([*quick.of(token, Work())] == [*slow.of(token, Work())] for token in tokens)
    assert sum(bool([*slow.of(token, Work())]) for token in tokens) > len(tokens) / 2


def test_trie_of_a_short_list_is_that_of_a_long_one():
    words = ["arroba", "arro", "babaca", "arruda", "b"]
    few, many = (
        Lexicon(dict.fromkeys(words, True)),
        Lexicon(dict.fromkeys([*words, *some_words(FEW)], True)),
    )

    assert isinstance(few.following, FewBeginnings)
    assert isinstance(many.following, dict)
    for word in words:
        for end in range(1, len(word) + 1):
            assert word[:end] in few.following
            assert few.following[word[:end]] == many.following[word[:end]]
    assert "" in few.following
    assert not any(other in few.following for other in ("c", "az", "arrobas"))


def test_letters_behind_a_beginning_are_listed_once():
    assert Lexicon(dict.fromkeys(["arroba", "arro"], True)).following["arr"] == "o"


def costly_texts(words):
    """Yield what costs much beside a list: texts of 4,000 characters, by name."""
    chance = random.Random(4)

    def text(piece):
        return " ".join(piece(chance.choice(words)) for _ in range(4_000))[:4_000]

    def masked(word):
        return word[0] + "".join(chance.choice(f"*_#{letter}") for letter in word[1:])

    def apart(word):
        return "".join(letter + chance.choice(".-|/_") for letter in word)

    yield "masks", text(masked)
    yield "apart", text(apart)
    yield "unknown", text(lambda word: word[:3] + chance.choice(ascii_lowercase) + word[3:] + "x")


@pytest.fixture(scope="module")
def long_list():
    chance, words = random.Random(3), set()
    while len(words) < 3_000:
        words.add("a" + "".join(chance.choices("aeborst", k=chance.randint(5, 9))))
    return sorted(words)


@pytest.fixture(scope="module")
def provider(long_list):
    rules = [own("flag", 0.2, *long_list), own("block", 0.9, "terrivel")]
    return BlocklistProvider(packs=[], rules=rules)


@pytest.mark.proves("R135")
@pytest.mark.parametrize("kind", ["masks", "apart", "unknown"])
def test_text_that_costs_too_much_is_held(kind, long_list, provider, monkeypatch):
    monkeypatch.setattr(work_of_texts, "MOST_READINGS", 20_000)
    monkeypatch.setattr(work_of_texts, "MOST_STEPS", 3_000)
    costly = dict(costly_texts(long_list))[kind]
    for _ in range(2):  # the second time all pieces are remembered
        work = Work()
        provider._matcher.find(costly, work)
        found = verdict_of(provider, costly)

        assert work.is_spent
        assert work.readings < 20_000 + 160 * lexicon.MAX_STATES * 30  # and one more piece
        assert work.steps < 3_000 + 4 * misspellings.MAX_STEPS  # and one more word
        assert found.outcome is Outcome.HOLD
        assert found.signals[0].raw == {"too_costly": True}


def test_rest_of_a_costly_text_is_read_as_written(long_list, provider, monkeypatch):
    monkeypatch.setattr(work_of_texts, "MOST_READINGS", 20_000)
    costly = dict(costly_texts(long_list))["masks"]

    assert verdict_of(provider, f"{costly} terrivel").outcome is Outcome.BLOCK


@pytest.mark.proves("R135")
def test_word_in_two_messages_of_which_one_is_costly_is_not_overlooked(
    long_list, provider, monkeypatch
):
    costly = dict(costly_texts(long_list))["masks"][:600]
    work = Work()
    provider._matcher.find(costly, work)
    # Enough for the text alone, but not with what its author wrote before.
    monkeypatch.setattr(work_of_texts, "MOST_READINGS", work.readings)
    assert verdict_of(provider, costly).outcome is not Outcome.HOLD

    [signal] = provider.assess(
        [
            msgspec.structs.replace(
                content(costly), context={PREVIOUS_TEXTS: ["a*r#b_s*o|a*e t.e.r.r.i"]}
            )
        ]
    )

    assert signal.recommendation is Outcome.HOLD


def test_remembered_pieces_count_as_new_ones(long_list, provider):
    text = dict(costly_texts(long_list))["unknown"][:1_000] + " a*r*b a.r.b.s.t.o.a"
    first, again = Work(), Work()
    provider._matcher.find(text, first)
    provider._matcher.find(text, again)

    assert first.done == again.done > (0, 0)


def test_words_around_stretched_matches_are_read_once(monkeypatch):
    words = some_words(400, seed=5)
    text = " ".join("".join(letter * 2 for letter in word) for word in words)[:4_000]
    read = []

    def squeeze(word):
        read.append(word)
        return squeezed_letters(word)

    monkeypatch.setattr(addresses, "squeeze", squeeze)
    own = {"category": "spam", "severity": 0.5, "action": "flag", "words": words}
    provider = BlocklistProvider(packs=[], rules=[own])

    (signal,) = provider.assess([content(text)])

    assert {match.reading for match in signal.matches} == {"repeats"}
    # Whole, and cut off where the surroundings begin and end.
    assert 0 < len(read) < 4 * len(text.split())
