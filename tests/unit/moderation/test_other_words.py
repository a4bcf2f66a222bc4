"""Matches are no words where they are parts of passwords and initials, or mean nothing."""

import random
import string

import pytest

from moderado.moderation.providers.classifier import ClassifierProvider
from moderado.moderation.rules.ordinary_uses import without_ordinary_uses
from tests.unit.moderation.test_ordinary_writing import hits

_SIGNS = "!@#$%&*-_+=?."
_LETTERS = string.ascii_letters


def password(dice):
    characters = _LETTERS + string.digits + _SIGNS
    return "".join(dice.choices(characters, k=dice.randint(8, 16)))


def initials(dice):
    count = dice.randint(2, 4)
    return "".join(f"{letter}." for letter in dice.choices(string.ascii_uppercase, k=count))


def dotted(dice):
    return ".".join(dice.choices(string.ascii_letters, k=dice.randint(2, 3)))


def name(dice):
    letters, digits = string.ascii_lowercase, string.digits
    sizes = (dice.randint(2, 4), 2, 1)
    parts = ["".join(dice.choices(letters, k=size)) for size in sizes]
    return f"{'-'.join(parts)}{''.join(dice.choices(digits, k=2))}"


def chords(dice):
    signs = ("", "", "m", "7", "#")
    return " ".join(dice.choice("ABCDEFG") + dice.choice(signs) for _ in range(6)) + " F#"


def found(identify, count):
    dice = random.Random(7)
    return [text for text in (f"anota {identify(dice)} aí" for _ in range(count)) if hits(text)]


@pytest.mark.proves("R209")
def test_random_passwords_and_initials_are_seldom_read():
    assert len(found(password, 2_000)) <= 3
    assert len(found(initials, 2_000)) <= 2
    assert len(found(dotted, 2_000)) <= 3


@pytest.mark.proves("R209")
def test_names_of_machines_and_chords_are_seldom_read():
    assert len(found(name, 2_000)) <= 3
    assert len(found(chords, 2_000)) <= 2


@pytest.mark.proves("R209")
@pytest.mark.parametrize(
    "text",
    [
        *("o processo é do dr. V.F.F.", "sala V.F.F hoje", "use F.C.U no portal", "sala M.L.F"),
        *("senha: xoT*5_?mmk!?j?0", "wifi 2rHW-d_*&n", "sala BXAS às nove", "srv hkr-vx-g2tk caiu"),
        *("a senha é dcc-vgb-ujb", "a variável é cu_qzx", "o host by-sa-s3 caiu", "use zba_bnr"),
        *("a senha é vsdp!p@@v$#", "a senha é ?gtf@=!ye"),
    ],
)
def test_parts_of_codes_are_no_words(text):
    assert hits(text) == []


@pytest.mark.proves("R209")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("ela é p.u.t.a mesmo", "puta"), ("que M.E.R.D.A. de dia", "merda")),
        *(("#QueM3rd4Mesmo", "merda"), ("Que_M3rd@_De_Dia!", "merda"), ("seu v14d0!", "viado")),
        *(("seu_cu_feio", "cu"), ("p_ta que dia", "puta"), ("que p@t@!!", "puta")),
    ],
)
def test_disguised_words_beside_signs_and_words_are_read(text, word):
    assert word in {rule.partition("/")[2] for rule, *_ in hits(text)}


@pytest.mark.proves("R210")
@pytest.mark.parametrize(
    "text",
    [
        *("cu plăcere", "neću, ali ću", "she bought a pussy willow branch", "the pussy hat march"),
        *("a piranha mordeu o dedo do pescador", "o pica-pau fez um buraco no tronco"),
    ],
)
def test_the_classifier_reads_no_listed_word_that_means_nothing(text):
    provider = ClassifierProvider()

    assert provider.score(text) < 0.8
    assert provider._score(text) >= provider.default_thresholds["harassment"]["hold"]
    explained = provider.explain(text)
    assert not {each["word"] for each in explained} & {"cu", "pussy", "piranha", "pica"}


@pytest.mark.proves("R210")
@pytest.mark.parametrize("text", ["sua piranha do caralho", "burro pra caralho", "vai tomar no cu"])
def test_the_classifier_reads_listed_words_that_count(text):
    assert without_ordinary_uses(text) == text
