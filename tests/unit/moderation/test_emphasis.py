"""Signs beside ordinary words mark them; signs in disguised words hide letters."""

import pytest

from tests.unit.moderation.test_ordinary_writing import hits

WORDS = [
    *("you", "good", "long", "nice", "day", "who", "for", "pick", "rule", "food", "keen", "loss"),
    *("seu", "que", "como", "pode", "preço", "bem", "todo", "via", "tri", "casa", "tempo", "mesmo"),
]
SIGNS = ("*", "**", "~", "~~", "_", "__")


@pytest.mark.proves("R131")
@pytest.mark.parametrize("word", WORDS)
def test_emphasized_word_is_read_as_it_stands(word):
    for signs in SIGNS:
        marked = f"{signs}{word}{signs}"
        for text in (marked, f"é {marked}.", f"({marked})"):
            assert hits(text) == hits(word), text


@pytest.mark.proves("R131")
@pytest.mark.parametrize("word", WORDS)
def test_footnote_or_price_is_no_beginning_of_a_phrase(word):
    for signs in ("$$$", "???", "!?!?", "~~", "__"):
        assert hits(f"{word}{signs} ok") == hits(f"{word} ok"), f"{word}{signs}"
    for asterisks in ("*", "**", "***"):  # which do hide the end of one word: "via**"
        assert not any(" " in rule for rule, *_ in hits(f"{word}{asterisks} ok"))


@pytest.mark.proves("R131")
@pytest.mark.parametrize(
    "text",
    [
        *("PETR4..???", "PETR4***", "QUAL11!?!?", "VALE3**", "see you**", "good???done"),
        *("good***deal", "casa~~tempo", "MGLU3?!", "preço seu***"),
    ],
)
def test_codes_and_pairs_of_ordinary_words_hide_nothing(text):
    assert hits(text) == []


@pytest.mark.proves("R131")
@pytest.mark.parametrize(
    "text",
    [
        *("put*", "via**", "p*ta", "c*ralho", "filhodap***", "vaisef***", "f**k", "b**ch", "sh*t"),
        *("arromb***", "vagab****", "p#@%!", "m3rd*", "idi0t*", "**p*ta**", "__sh*t__", "as$hole"),
        *("c4r4lh*", "pu**ta", "f~~o~~da", "vi**ado", "b***h", "**fdp**", "~~put@~~"),
        *(
            "merd4!!!",
            "caralh0!",
            "pv7@",
            "put4***",
            "m3rd4?!",
            "put@!!",
            "caralh0...",
            "put*!!!",
            "via**?",
            "(put*)",
        ),
    ],
)
def test_signs_in_place_of_letters_hide_them(text):
    assert hits(text)
