"""Frozen foldings: the digests of blocked texts stay what they are, whatever a release folds."""

from uuid import UUID

import pytest

from moderado.moderation.normalize import folding, frozen
from moderado.moderation.services.blocked_texts import digests_of

pytestmark = pytest.mark.proves("R57")

# A digest that differs here lets blocked texts of earlier releases return. Add a version instead.
DIGESTS = {
    "você é feio": "c716f0d5347778003fae16ba6009bf92",
    "VOCÊ é féio!!": "c716f0d5347778003fae16ba6009bf92",
    "ｖｏｃｅ ѕоu": "a8b5394c756cf87c8e1382e4dc038edf",
    "v0cê 1diota": "d61dd4958447eda452b45204fd6c0f96",
    "🖕🖕": "7e847287b52936526adb7b4c837217aa",
    "١٢٣ мир": "332987ec65e555584b10af2802e2d8de",
    "\u202eoief\u202c": "9a0870c84d92488dca2a4fa4f204d3f5",
    "ǆ İ ß ﬁ": "02341bda1d33f544a6d5ba00bfa1266d",
    "𝓯𝓮𝓲𝓸": "9a0870c84d92488dca2a4fa4f204d3f5",
    "日本語 ガ": "d85e8cb5330e6c6b4f0d7753c667e15e",
}


def digest(text):
    return digests_of(scope_id=UUID(int=1), author_id=UUID(int=2), text=text)[0].hex()


@pytest.mark.parametrize(("text", "stored"), DIGESTS.items())
def test_digest_of_the_first_folding_never_changes(text, stored):
    assert digest(text) == stored


def test_digests_do_not_depend_on_the_folding_of_the_release(monkeypatch):
    before = [digest(text) for text in DIGESTS]
    monkeypatch.setattr(folding, "TABLE", dict.fromkeys(range(0x110000), "x"))

    assert [digest(text) for text in DIGESTS] == before


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("Você é FEIO!", "voceefeio"),
        ("v\u200bo\u00adc\u0302ê\ufe0f", "voce"),
        ("ѵоⅽê", "voce"),
        ("\u202eoief\u202c, sim", "feiosim"),
        ("🖕\ufe0f🖕", "🖕🖕"),
        ("\u3164", "\u3164"),
    ],
)
def test_letters_of_a_text(text, letters):
    assert frozen.letters_of(text, 1) == letters
