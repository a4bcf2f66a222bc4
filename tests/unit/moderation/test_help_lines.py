"""The author of a hidden text about self-harm is shown where to find help."""

import pytest

from moderado.moderation.compiled import CompiledPolicy, Threshold
from moderado.moderation.decide import decide
from moderado.moderation.help_lines import codes, help_lines, marked, without_mark
from moderado.moderation.types import Category, Content, Signal

CONTENT = Content(subject_type="message", subject_id=None, revision=1, text="oi")


def verdict(score, **row):
    policy = CompiledPolicy(thresholds={Category.SELF_HARM: Threshold(**row)})
    signal = Signal(provider="p", scores={Category.SELF_HARM: score})
    return decide([signal], [], policy, CONTENT)


@pytest.mark.proves("R94")
def test_policy_names_the_help_of_a_hidden_text():
    assert verdict(0.6, hold=0.5, resources="cvv").resources == "cvv"
    assert verdict(0.4, hold=0.5, resources="cvv").resources == ""
    assert verdict(0.6, flag=0.5, resources="cvv").resources == ""


@pytest.mark.proves("R94")
@pytest.mark.parametrize(
    "categories, language, phones",
    [
        (["self_harm", "help:cvv"], "en", ["188"]),
        (["self_harm"], "pt-br", ["188", ""]),
        (["self_harm"], "en", ["988", "988", "116 123", "13 11 14", ""]),
        (["self_harm", "help:none"], "pt-br", []),
        (["hate", "help:auto"], "pt-br", ["188", ""]),
        (["hate"], "pt-br", []),
        (["self_harm", "help:gone"], "en", ["988", "988", "116 123", "13 11 14", ""]),
    ],
)
def test_help_is_that_of_the_policy_or_of_the_language(categories, language, phones):
    assert [line.phone for line in help_lines(categories, language)] == phones


def test_code_is_no_category():
    assert without_mark(marked(["self_harm"], "cvv")) == ("self_harm",)
    assert marked(["self_harm"], "") == ["self_harm"]
    assert {"cvv", "988", "auto", "none"} <= codes()
