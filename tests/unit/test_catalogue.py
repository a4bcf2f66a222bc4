"""Whatever the server says to a person, it can say in Portuguese. `make messages` mends this."""

import io

import pytest
from babel.messages.mofile import write_mo

from scripts.catalogue import PO, known, said


@pytest.fixture(scope="module")
def catalogue():
    return known()


def test_every_sentence_has_a_translation(catalogue):
    missing = set()
    for sentence, where in said():
        entry = catalogue.get(sentence if isinstance(sentence, str) else sentence[0])
        if not entry or not entry.string or not all(entry.string):
            missing.add(f"{where}: {sentence}")

    assert not missing


def test_no_translation_is_a_guess_or_left_over(catalogue):
    sentences = {sentence for sentence, _ in said()}
    entries = [message for message in catalogue if message.id]

    assert not [message.id for message in entries if message.fuzzy]
    assert not [message.id for message in entries if message.id not in sentences]


def test_translations_take_the_same_values(catalogue):
    assert not [(error, message.id) for message, errors in catalogue.check() for error in errors]


def test_the_compiled_catalogue_is_the_readable_one(catalogue):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)

    assert PO.with_suffix(".mo").read_bytes() == compiled.getvalue()
