"""Patterns over classes of words, and the texts that they read."""

import re

import pytest

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.folding import words
from moderado.moderation.rules import pack
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.matcher import Matcher
from moderado.moderation.rules.rule import Match
from moderado.moderation.rules.word_classes import Classed, class_of, spelled_out, telling

NAMES = re.compile(r"[A-Z]{2,}")
WORDS = re.compile(r"(?<![\\a-z\[])[a-z]{2,}(?![a-z?\[(])")
ESCAPES = re.compile(r"\\[a-z]")
PATTERNS = [
    pytest.param(rule.text, id=rule.id)
    for name in ("pt-BR", "en")
    for rule in pack.load(name).rules
    if rule.match is Match.PATTERN and NAMES.search(rule.text)
]
GROUP = {"id": "own", "category": "hate", "severity": 1, "action": "hold"}


def classed(text):
    return Classed(words(fold(text)), text)


def found(pattern, text):
    hits = Matcher(rules=rules_of({**GROUP, "patterns": [pattern]})).find(text)
    return [text[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_of_a_pack_names_a_telling_class_and_no_unknown_one(pattern):
    assert telling(pattern)
    assert all(class_of(name) or name == "NUMBER" for name in NAMES.findall(spelled_out(pattern)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_of_a_pack_has_no_word_that_is_read_as_a_class(pattern):
    spelled = ESCAPES.sub(" ", spelled_out(pattern))

    assert [word for word in WORDS.findall(spelled) if classed(word).text != f" {word} "] == []


@pytest.mark.parametrize(
    "text, read",
    [
        ("Haitianos são RATOS!", " PEOPLE sao VICE "),
        ("sou mãe, tenho 2 filhas de 12 e 31", " sou KIN tenho NUMBER KIN de MINOR e NUMBER "),
        ("14yo", " MINOR AGE "), ("3 ou 7", " NUMBER ou MINOR "), ("", "  "),
    ],
)  # fmt: skip
def test_text_is_read_as_words_classes_and_numbers(text, read):
    assert classed(text).text == read


@pytest.mark.proves("R336")
@pytest.mark.parametrize(
    "text, read",
    [
        ("gente de pele escura é tudo burra", " PEOPLE e tudo CONTEMPT "),
        ("2 pessoas da favela e quem reza pra Meca", " NUMBER PEOPLE e PEOPLE "),
        ("black people, poor women", " PEOPLE PEOPLE "),
        ("poor thing, a black cat", " NEEDY thing a BLACK cat "),
        ("gente de bem, com a pele boa", " gente de bem com a SHADE boa "),
    ],
)
def test_described_group_is_read_as_one_word(text, read):
    assert classed(text).text == read


@pytest.mark.proves("R336")
def test_described_group_has_its_place_in_the_original():
    text = "hm, 3 vezes: gente de *pele escura*, é   burra, e quem mora na favela fede."

    assert found(r"\bPEOPLE (?:e|sao) SCORN\b", text) == ["gente de *pele escura*, é   burra"]
    assert found(r"\bPEOPLE fede\b", text) == ["quem mora na favela fede"]


def test_match_has_its_place_in_the_original():
    text = "ontem: os *haitianos*, são   ratos. hoje não"

    assert found(r"\bPEOPLE (?:e|sao)(?: LINK)* SCORN\b", text) == ["haitianos*, são   ratos"]
    assert found(r"\bMINOR (?:de )?YOUNG\b", "são 12 novinhas aqui") == ["novinhas"]


def test_class_is_read_through_disguise():
    assert found(r"\bPEOPLE sao SCORN\b", "h4it14nos são r4tos") == ["h4it14nos são r4tos"]


def test_capitals_that_name_no_class_match_nothing():
    assert telling(r"\bNOTHING LINK YOU\b") == frozenset()
    assert found(r"\bNOTHING\b", "nothing NOTHING") == []
