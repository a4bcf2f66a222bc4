"""Every mistake of a policy document is found when it is written, and explained to its reader."""

from string import ascii_lowercase

import pytest
from django.utils.translation import override

from moderado.moderation.policies.documents import read_json, read_yaml
from moderado.moderation.policies.mistakes import InvalidDocument
from moderado.moderation.policies.schema import PolicyDocument, RuleGroup


def rule(**fields):
    return {"id": "own", "category": "spam", "outcome": "hold", **fields}


WRONG = [None, 7, 0.5, "ç!", "", "\0", "x" * 5_000, [], [None], ["", "\0", "!"], {"zz": 1}, True]
PATTERNS = [
    "(",
    ")",
    "[",
    "\\8",
    "\\",
    "[z-a]",
    "*",
    "a**",
    "a{2000}",
    "(?<n",
    "(?=a)",
    "(a{99}){9}",
]
CONDITIONS = ["length >", "length", "zz > 1", "author.zz > 1", "length > 'a'", "zz(1)"]
MONEY = ["x", "-1", "1" * 30, "0." + "1" * 20]
STEPS = {"window_days": "x", "weights": {"zz": 1}, "thresholds": [{}, {"points": 0.5}]}
WRONG_DOCUMENTS = [
    *([], "x", {}, {"name": "own", "extends": "own"}),
    *({"name": "own", field: value} for field in PolicyDocument.model_fields for value in WRONG),
    *(
        {"name": "own", "rules": [rule(**{field: value})]}
        for field in RuleGroup.model_fields
        for value in WRONG
    ),
    *({"name": "own", "rules": [rule(patterns=[each])]} for each in PATTERNS),
    *({"name": "own", "rules": [rule(condition=each)]} for each in CONDITIONS),
    {"name": "own", "rules": [rule(words=["{a,b}" * 40]), rule(words=["a"])]},
    {"name": "own", "rules": [rule(pack="pt-BR/zz"), {"id": "two", "words": ["a"]}]},
    {"name": "own", "rules": [rule(words=["a"])] * 501},
    *({"name": "own", "providers": [{"use": "a", "budget": {"cost_per_day": m}}]} for m in MONEY),
    {"name": "own", "providers": [{"use": "a", "budget": {}, "shadow": "zz", "zz": 1}] * 2},
    {"name": "own", "thresholds": {"any": {"flag": 0.9, "hold": 0.5}, "hate": {"flag": 2}}},
    {"name": "own", "strikes": STEPS},
]


def is_valid(document):
    try:
        read_json(document)
    except InvalidDocument:
        return False
    return True


def said(document, language):
    with override(language), pytest.raises(InvalidDocument) as refused:
        read_json(document)
    return [(each.path, each.message) for each in refused.value.mistakes]


@pytest.mark.proves("R151")
def test_each_mistake_is_a_sentence_of_our_own_in_the_language_of_the_reader():
    general = {"This is not valid.", "RE2 does not accept this pattern."}
    refused = [each for each in WRONG_DOCUMENTS if not is_valid(each)]
    assert len(refused) > 200

    for document in refused:
        english, portuguese = said(document, "en"), said(document, "pt-br")
        assert [path for path, _ in english] == [path for path, _ in portuguese]
        assert not {message for _, message in english} & general, document
        assert not {message for _, message in english} & {message for _, message in portuguese}


@pytest.mark.proves("R151")
@pytest.mark.parametrize(
    "text", ["a: [", "a: &a [*a]", "a: 1\na: 2", "a: \x00", "[" * 99, "a" * 1_000_001]
)
def test_what_is_no_document_is_explained_in_the_language_of_the_reader(text):
    found = []
    for language in ("en", "pt-br"):
        with override(language), pytest.raises(InvalidDocument) as refused:
            read_yaml(text)
        found.append(str(refused.value.mistakes[0]))

    assert found[0] != found[1]


@pytest.mark.proves("R152")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"rules": [rule(words=["ok", "!?"])]}, "rules[0].words[1]"),
        ({"rules": [rule(words=["a{b,}", "{a,!}"])]}, "rules[0].words[1]"),
        ({"rules": [rule(words=["{a,b}" * 40])]}, "rules[0].words[0]"),
        ({"rules": [rule(words=["pi\0ra"])]}, "rules[0].words[0]"),
        ({"rules": [rule(words=["pira"], must_hold=["\0"])]}, "rules[0].must_hold[0]"),
        ({"rules": [rule(words=["pira"], when="author.role == '\0'")]}, "rules[0].when"),
        ({"rules": [rule(patterns=["a\0"])]}, "rules[0].patterns[0]"),
        ({"rules": [rule(links={"deny": ["\0"]})]}, "rules[0].links.deny[0]"),
        ({"allow": ["pirata", "!?"]}, "allow[1]"),
        ({"without": ["\0"]}, "without[0]"),
        ({"providers": [{"use": "\0"}]}, "providers[0].use"),
        ({"thresholds": {"any": {"resources": "\0"}}}, "thresholds.any.resources"),
    ],
)
def test_what_could_not_be_stored_or_compiled_is_a_mistake(fields, path):
    assert [each for each, _ in said({"name": "own", **fields}, "en")] == [path]


@pytest.mark.proves("R152")
def test_words_and_patterns_are_counted_as_they_are_compiled():
    forms = ["{a,b,c,d,e,f,g,h,i,j}{a,b,c,d,e,f,g,h,i,j}" + end for end in ascii_lowercase]
    many = [rule(words=forms, id=f"r{number}") for number in range(8)]

    assert said({"name": "own", "rules": many}, "en") == [("", "At most 20000 words.")]
    patterns = [rule(patterns=["a"] * 251, id=name) for name in "ab"]
    assert said({"name": "own", "rules": patterns}, "en") == [("", "At most 500 patterns.")]
