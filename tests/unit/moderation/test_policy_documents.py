"""Policy documents: read as text, typed, and every mistake told at once with its line."""

import pytest
from django.utils.translation import override

from moderado.moderation.policies.conditions import Condition
from moderado.moderation.policies.documents import read_json, read_yaml, to_json, write_yaml
from moderado.moderation.policies.mistakes import InvalidDocument
from moderado.moderation.types import AuthorFacts, Category, Content, Signal

WHOLE = """\
name: default
extends: null
providers:
  - use: blocklist
  - use: openai
    when: scores.any >= 0.2 and scores.any < 0.9
    on_error: next
    on_unknown: hold
    budget: {calls_per_day: 5000}
    shadow: no
thresholds:
  any: {hold: 0.8}
  self_harm: {hold: 0.5, resources: cvv}
rules:
  - id: slurs
    words: [no, on, 12:30h, null, "a b", 1e3]
    match: phrase
    aimed_only: yes
    category: hate
    outcome: block
    when: author.age_days < 30
    must_hold: ["seu no"]
    must_pass: ["no, thanks"]
  - {id: lists, pack: pt-BR}
  - {id: links, links: {allow: [example.org]}, category: spam, outcome: hold}
  - {id: flood, flood: {messages: 8, seconds: 10}, category: spam, outcome: hold}
  - {id: odd, condition: length > 3000, category: spam, outcome: flag}
allow: [off]
exempt: {roles: [MODERATOR]}
"""


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


def mistakes(text):
    with pytest.raises(InvalidDocument) as refused:
        read_yaml(text)
    return [(each.line, each.path, each.message) for each in refused.value.mistakes]


def test_document_is_read_and_written_without_loss():
    document = read_yaml(WHOLE)

    assert document.rules[0].words == ("no", "on", "12:30h", "null", "a b", "1e3")
    assert document.rules[0].aimed_only is True
    assert (document.providers[1].shadow, document.extends) == (False, None)
    assert document.providers[1].budget.calls_per_day == 5000
    assert read_yaml(write_yaml(document)) == document
    assert read_json(to_json(document)) == document


def test_all_mistakes_are_told_with_path_and_line():
    wrong = WHOLE.replace("on_error: next", "on_error: nexxt").replace("{hold: 0.8}", "{hold: 1.8}")
    wrong = wrong.replace("category: hate", "category: rude").replace("age_days", "age")

    found = mistakes(wrong)

    assert [(line, path) for line, path, _ in found] == [
        (7, "providers[1].on_error"),
        (12, "thresholds.any.hold"),
        (19, "rules[0].category"),
        (21, "rules[0].when"),
    ]
    assert "Unknown field “age”" in found[3][2]


@pytest.mark.parametrize(
    "text, place, said",
    [
        ("name: x\nname: y\n", (2, "name"), "twice"),
        ("name: x\nfoo: 1\n", (2, "foo"), "Unknown field"),
        ("name: Não\n", (1, "name"), "the form"),
        ("name: x\nrules:\n  - id: a\n", (3, "rules[0]"), "one of these"),
        ("name: x\nrules:\n  - {id: a, words: [b], outcome: hold}\n", (3, "rules[0]"), "category"),
        ("name: x\nrules:\n  - {id: a, pack: pt-BR/none}\n", (3, "rules[0].pack"), "no category"),
        (
            "name: x\nrules:\n  - {id: a, patterns: ['('], category: spam, outcome: hold}\n",
            (3, "rules[0].patterns[0]"),
            "is missing",
        ),
        ("name: x\nthresholds: {rude: {hold: 1}}\n", (2, "thresholds.rude"), "A row is one of"),
        ("name: x\nthresholds: {any: {flag: 0.9, hold: 0.5}}\n", (2, "thresholds.any"), "ascend"),
        ("name: x\nextends: x\n", (1, ""), "extend itself"),
        ("name: [\n", (2, ""), "valid YAML"),
        ("- x\n", (1, ""), "must have fields"),
        ("name: x\nrules:\n- ? [a, b]\n  : c\n", (3, "rules[0]"), "The name of a field is a text"),
        ("name: x\nproviders: [{use: a}, {use: a}]\n", (1, ""), "named twice"),
    ],
)
def test_mistake_has_its_place(text, place, said):
    (line, path, message), *_ = mistakes(text)

    assert (line, path) == place
    assert said in message


def test_text_of_yaml_makes_no_objects():
    assert mistakes("name: !!python/object/apply:os.system [x]\n")


CONTENT = Content(
    subject_type="text",
    subject_id=None,
    revision=1,
    text="oi, tudo bem?",
    author=AuthorFacts(age_days=3, role="MEMBER"),
    counts={"messages_10s": 9},
)
SIGNALS = [Signal(provider="a", scores={Category.HATE: 0.4}), Signal(provider="b")]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("author.age_days < 30", True),
        ("author.age_days < 3 or author.is_bot", False),
        ("not author.is_bot and author.role in ['MEMBER']", True),
        ("scores.any >= 0.2 and scores.any < 0.9", True),
        ("scores.hate > 0.5", False),
        ("matches.exists(m, m.category == 'hate')", False),
        ("counts.messages_10s >= 8", True),
        (
            "'a/b' in matches.map(m, m.rule) or matches.filter(m, m.severity > 0.5).size() > 2",
            False,
        ),
        ("matches.exists(m, m.rule.matches('a|b')) or matches.all(m, m.severity < 0.5)", True),
        ("[scores.hate, scores.threat].exists(each, each > 0.3)", True),
        ("r'\\' != '' and matches.all(m, m.rule != ')')  // it's all(", True),
        ("length > 100", False),
        ("size(author.role) == 6 and author.role.startsWith('MEM')", True),
        ("room.audience == 'mixed' && 'and' != 'or'", True),
    ],
)
def test_condition_reads_facts_and_signals(source, expected):
    assert Condition(source)(CONTENT, SIGNALS) is expected


@pytest.mark.parametrize(
    "source, said",
    [
        ("author.age_days", "true or false"),
        ("author.agee < 3", "Unknown field"),
        ("user.age < 3", "Unknown name “user”"),
        ("author.age_days <", "from character 18 on"),
        ("author.role > 3", "do not fit"),
        ("length > 1 and zz(length)", "no function “zz”"),
        ("length > 1 and (not length > 2", "from character 31 on"),
    ],
)
def test_invalid_condition_is_refused(source, said):
    with pytest.raises(ValueError, match=said):
        Condition(source)


@pytest.mark.proves("S230")
@pytest.mark.parametrize(
    "source",
    [
        "[1, 2].all(a, [1, 2].all(b, a < b))",
        "matches.all(a, size([1].filter(b, true)) > 0)",
        "[1].all(matches, [1] . all\n(matches, true))",
        "matches.all(a, a in matches)",
        "matches.all(a, size(matches + matches) > 2)",
        "['a'].map(a, a + a).map(a, a + a) != []",
        "(['a'].map(a, a + a)).exists(a, ['b'].map(b, b + b) == [a])",
        "[1].all(a, true // '\n && [2].exists(b, a < b)) // '",
        "[1].all(a, r'\\' != '\\'' && [2].all(b, a < b) && '\\'' != r'\\')",
        "[1].all(a, length > 9 or'\\'' != '' && [2].all(b, a < b) or'\\'' != '')",
        '[1].all(a, """\'""" != \'\' && [2].all(b, a < b) && "\'" != \'\')',
        ".all(a, ".join(["[1, 2, 3, 4, 5, 6, 7, 8, 9]"] * 12) + ".all(a, true" + ")" * 12,
    ],
)
def test_condition_that_multiplies_its_cost_is_refused(source):
    with pytest.raises(ValueError, match="no other macro"):
        Condition(source)


def test_condition_says_what_costs_a_query():
    assert Condition("author.approved < 3 or counts.messages_10s > 5").reads == {
        "approved",
        "counts",
    }
    assert Condition("author.age_days < 3").reads == frozenset()


@pytest.mark.parametrize(
    ("strikes", "path"),
    [
        ({"window_days": 0}, "strikes.window_days"),
        ({"weights": {"rudeness": 1}}, "strikes.weights.rudeness"),
        ({"weights": {"hate": 101}}, "strikes.weights.hate"),
        ({"thresholds": [{"points": 3, "sanction": "exile"}]}, "strikes.thresholds[0].sanction"),
        ({"thresholds": [{"points": 3, "sanction": "ban"}] * 2}, "strikes"),
        ({"ladder": []}, "strikes.ladder"),
    ],
)
def test_mistake_in_strikes_is_named_by_its_path(strikes, path):
    with pytest.raises(InvalidDocument) as refusal:
        read_json({"name": "own", "strikes": strikes})
    assert [each.path for each in refusal.value.mistakes] == [path]


def test_strikes_are_written_as_they_are_read():
    written = write_yaml(
        read_yaml(
            "name: own\nstrikes:\n  machine: true\n  weights: {hate: 3}\n"
            "  thresholds:\n    - {points: 3, sanction: mute, term_seconds: 60}\n"
        )
    )
    assert read_yaml(written).strikes.thresholds[0].term_seconds == 60
    assert "window_days" not in written


@pytest.mark.proves("S83")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [*a]", "line 1: Aliases are not allowed"),
        ("a: &a [x, x]\nb: [*a, *a]", "line 2: Aliases are not allowed"),
        ("rules: " + "[" * 600 + "]" * 600, "line 1: Nested too deeply"),
        ("rules: " + "[" * 60_000, "line 1: Nested too deeply"),
        ("rules: " + "{a: " * 600 + "1" + "}" * 600, "line 1: Nested too deeply"),
    ],
)
def test_yaml_that_repeats_or_nests_without_end_is_refused(text, told):
    with pytest.raises(InvalidDocument, match=told):
        read_yaml(text)
