"""Which words in two messages are read together."""

import pytest

from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.joined import across
from moderado.moderation.rules.matcher import Matcher

OWN = {"id": "own", "category": "insult", "severity": 0.9, "action": "block"}
MATCHER = Matcher(rules=rules_of(OWN | {"words": ["zarlumo", "corno", "vai brelhar"]}))


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


@pytest.mark.parametrize(
    "previous, text",
    [
        (["qual a cor"], "no azul"),
        (["zarlumo"], "oi"),
        (["oi"], "zarlumo"),
        (["ele disse vai"], "brelhar é verbo"),
        (["bom"], "dia"),
    ],
)
def test_messages_with_words_of_their_own_are_not_joined(previous, text):
    assert across(previous, text, MATCHER.find) == []
