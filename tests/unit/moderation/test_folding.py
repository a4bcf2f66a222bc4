"""Folded text and its mapping to the original."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.folding import words
from moderado.moderation.normalize.leet import without_leet
from moderado.moderation.normalize.repeats import run_starts, squeezed
from moderado.moderation.normalize.views import View, views
from moderado.moderation.rules.compiled_list import CompiledList
from moderado.moderation.rules.disguises import Disguises
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.replacing import replaced
from moderado.moderation.rules.tokens import unusual_words
from moderado.moderation.rules.work import Work

# Letters, digits, marks, controls, other scripts: what disguises are made of.
DISGUISES = (
    "aeiosç ÁãÊ.-*_@340$!1\u0301\u0336\u200b\u00ad\u202e\u202c\ufe0f\U0001f1f5ﬁßİςａ𝓯рцſ½\ufdfa漢"
)
WORDS = ["puta", "porra", "ase", "cao", "iso", "oao"]
GROUP = {"category": "spam", "severity": 0.5, "action": "hold", "words": WORDS}
LISTED = Disguises([CompiledList(rules_of(GROUP), ())])
texts = st.text(st.one_of(st.sampled_from(DISGUISES), st.characters(codec="utf-8")), max_size=60)


def disguised_parts(folded, tokens, text):
    listed = tokens.split()
    unusual = unusual_words(listed)
    cuts = LISTED.cut.cuts(listed, unusual)
    (parts,) = LISTED.parts(View(folded), tokens, unusual, cuts, text, Work()) or [[]]
    return parts


@pytest.mark.parametrize(
    "written, read",
    [
        ("MERDA", "merda"),
        ("otário", "otario"),
        ("ａｂｃ", "abc"),
        ("𝓯𝓸𝓸", "foo"),
        ("𝕗𝕠𝕠", "foo"),
        ("ⓕⓞⓞ", "foo"),
        ("🅵🅾🅾", "foo"),
        ("🇵🇺", "pu"),
        ("сора", "copa"),  # Cyrillic
        ("ϝυсκ", "fuck"),  # Greek and Cyrillic
        ("ꜱҽх", "sex"),
        ("ϲ", "c"),
        ("ſtop", "stop"),
        ("pu\u200bta", "puta"),
        ("pu\u00adta", "puta"),
        ("pu\u0336t\u0301a", "puta"),
        ("p\u2800u", "p u"),
        ("ﬁm", "fim"),
        ("ß", "ss"),
        ("\u202eatup\u202c oi", "puta oi"),
        ("漢字", "漢字"),
        ("привет"[3:], "bet"),
        ("фоԁег", "foder"),
        ("ᏢႮᎢᎪ", "puta"),
        ("թօɾɾɑ", "porra"),
        ("ⱣꞸŦȺ", "puta"),
    ],
)
def test_folding_reads_disguised_letters(written, read):
    assert fold(written).text == read


@given(texts)
@settings(max_examples=400)
def test_folded_characters_map_to_the_original(text):
    folded = fold(text)

    assert len(folded.offsets) == len(folded.text)
    assert all(0 <= at < len(text) for at in folded.offsets)


@given(texts)
@settings(max_examples=400)
def test_alternative_readings_map_to_the_original(text):
    readings = []
    for view in views(text):
        tokens = words(view.folded).text
        parts = disguised_parts(view.folded, tokens, text)
        readings += [view.folded, *without_leet(view.folded), replaced(view.folded, parts)]
    readings += [words(reading) for reading in readings]
    readings += [squeezed(reading) for reading in readings]

    for reading in readings:
        assert len(reading.offsets) == len(reading.text)
        assert all(0 <= at < max(1, len(text)) for at in reading.offsets)


@given(texts)
@settings(max_examples=400)
def test_words_are_letters_with_single_spaces(text):
    read = words(fold(text)).text

    assert read[0] == read[-1] == " "
    assert "  " not in read.strip(" ")
    assert all(letter == " " or letter.isalnum() for letter in read)


@given(st.text("aab bc ", max_size=30))
def test_squeezed_piece_maps_to_all_its_runs(text):
    reading = words(fold(text))
    short = squeezed(reading).text

    starts = run_starts(reading)
    for start in range(len(short)):
        at, to = starts[start], starts[start + 1]
        assert set(reading.text[at:to]) == {short[start]}


@given(texts)
def test_folding_is_idempotent_for_latin_text(text):
    once = fold(text).text

    assert fold(once).text == once or not once.isascii()


def test_span_covers_hidden_characters():
    text = "oi p\u200bu\u0301ta!"
    folded = fold(text)
    at = folded.text.index("puta")

    assert text[slice(*folded.original(at, at + 4))] == "p\u200bu\u0301ta"


HARD = {
    "one letter": "a",
    "letters apart": "a ",
    "dotted": "p.",
    "masked": "a*",
    "digits": "4",
    "digits and letters": "p4",
    "marks": "a\u0301\u0302",
    "turned": "\u202ea\u202c",
    "expanding": "\ufdfa",
    "emoji": "\N{GRINNING FACE}",
}


@pytest.mark.parametrize("unit", HARD.values(), ids=HARD.keys())
def test_folding_time_is_linear(unit):
    def seconds(length):
        text = (unit * length)[:length]
        best = float("inf")
        for _ in range(5):
            started = time.thread_time()
            for view in views(text):
                plain = words(view.folded)
                for reading in (plain, *without_leet(view.folded)):
                    squeezed(reading)
                disguised_parts(view.folded, plain.text, text)
            best = min(best, time.thread_time() - started)
        return best

    # Eight times the text, in processor time: quadratic would be 64 times as much.
    assert seconds(16_000) < 24 * seconds(2_000) + 0.005
