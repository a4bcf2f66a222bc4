"""Overrides of the direction of writing: what a reader sees of the text."""

import pytest

from moderado.moderation.normalize.direction import visual_order
from moderado.moderation.normalize.folding import fold

pytestmark = pytest.mark.proves("R360")

RLE, PDF, LRO, RLO = "\u202b", "\u202c", "\u202d", "\u202e"
LRI, PDI = "\u2066", "\u2069"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"{RLO}cba{PDF} def", "abc def"),
        (f"{RLO}{LRO}abc", "abc"),
        (f"{RLO}{LRI}abc", "abc"),
        (f"{RLO}{RLE}abc", "abc"),
        (f"{RLO}fe{LRO}cd{PDF}ba", "abcdef"),
        (f"{RLO}fed{RLO}cba", "abcdef"),
        (f"{RLO}{PDI}cba{PDF}def", "abcdef"),
        (f"{LRI}{RLO}cba{PDI}def", "abcdef"),
        (f"{LRI}abc{PDF}def{PDI}{RLO}ihg", "abcdefghi"),
        (f"{RLO}cba\n{PDF}def", "abc\ndef"),
        (f"{RLO}\u2029abc", "\u2029abc"),
        (f"{RLO}cba\u2028", "\u2028abc"),
        (f"{LRO * 70}{RLO}abc{PDF * 71}{RLO}fed", "abcdef"),  # 62 levels are the deepest
        (f"{LRO * 62}{LRI}{RLO}abc{PDF}{PDI}{PDF * 62}{RLO}fed", "abcdef"),
    ],
)
def test_text_is_read_as_it_is_displayed(text, seen):
    order = visual_order(text)

    assert order is not None
    assert "".join(text[at] for at in order) == seen
    assert fold(text).text == seen


def test_text_without_an_override_is_read_as_it_is_written():
    assert visual_order(f"{LRO}abc{PDF}") is None
