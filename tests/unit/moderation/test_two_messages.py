"""Which words in two messages are read together."""

import pytest

from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.joined import across
from moderado.moderation.rules.matcher import Matcher
from moderado.moderation.types import Outcome, Usage

OWN = {"id": "own", "category": "insult", "severity": 0.9, "action": "block"}
WORDS = ["zarlumo", "corno", "cornoe", "vai brelhar", "paedo", "tla", "perna de pau"]
MATCHER = Matcher(rules=rules_of(OWN | {"words": WORDS}))


@pytest.mark.parametrize(
    "previous, text, end",
    [
        (["zar"], "lumo", 4),
        (["zar"], "lumo!", 4),
        (["olha o zar"], "lumo", 4),
        (["z a r l"], "u m o", 5),
        (["z", "a", "r", "l", "u", "m"], "o", 1),
        (["bom dia", "zar"], "lumo", 4),
        (["vai"], "brelhar", 7),
        (["cor"], "no", 2),
    ],
)
def test_word_in_two_messages_is_found_in_the_second(previous, text, end):
    hits = across(previous, text, MATCHER.find)

    assert {(hit.start, hit.end) for hit in hits} == {(0, end)}
    assert {(hit.reading, hit.is_certain) for hit in hits} == {("two messages", False)}


@pytest.mark.proves("R235")
@pytest.mark.parametrize(
    "previous, text",
    [
        (["qual a cor"], "no azul"),
        (["zarlumo"], "oi"),
        (["oi"], "zarlumo"),
        (["ele disse vai"], "brelhar é verbo"),
        (["bom"], "dia"),
        (["o pai"], "do menino"),
        (["que corno"], "e burro"),
        (["isn't"], "tla"),
    ],
)
def test_messages_with_words_of_their_own_are_not_joined(previous, text):
    assert across(previous, text, MATCHER.find) == []


@pytest.mark.proves("R235")
@pytest.mark.parametrize(
    "previous, text, usage",
    [
        (["zar"], "lumo", Usage.AIMED),
        (["ela é zar"], "lumo", Usage.AIMED),
        (["z a r l"], "u m o", Usage.AIMED),
        (["zarlum"], "o", Usage.AIMED),  # "zarlum" alone is a misspelling
        (["Z4r"], "lum0", Usage.AIMED),
        (["cor"], "no", Usage.PLAIN),  # two words
        (["vai"], "brelhar", Usage.PLAIN),  # a phrase, no cut word
    ],
)
def test_word_that_is_surely_cut_counts_as_aimed(previous, text, usage):
    assert {hit.usage for hit in across(previous, text, MATCHER.find)} == {usage}


def test_outcome_of_a_cut_word_is_hold_at_most():
    (hit,) = across(["zar"], "lumo", MATCHER.find)

    assert hit.outcome is Outcome.BLOCK
    assert not hit.is_certain


def test_ordinary_texts_before_a_short_one_are_read_twice():
    read = []

    def find(text):
        read.append(text)
        return MATCHER.find(text)

    # The first one is cut where a space stands, and the last one ends with no word.
    earlier = ["x" * 5 + " " + "palavras " * 4 + "abc", "sala 12"]

    assert across(earlier, "ok", find) == []
    assert read == ["sala 12ok", f"{'palavras ' * 4}abc sala 12 ok"]
