"""Whatever the server says to a person, it can say in Portuguese. `make messages` mends this."""

import io

import pytest
from babel.messages.mofile import write_mo
from django.utils import translation

from scripts.catalogue import MISTRANSLATED, PO, current_catalogue, source_texts


@pytest.fixture(scope="module")
def catalogue():
    return current_catalogue()


@pytest.fixture(scope="module")
def texts():
    return list(source_texts())


def test_every_text_has_a_translation(catalogue, texts):
    missing = set()
    for sentence, where in texts:
        entry = catalogue.get(sentence if isinstance(sentence, str) else sentence[0])
        if not entry or not entry.string or not all(entry.string):
            missing.add(f"{where}: {sentence}")

    assert not missing


def test_no_translation_is_fuzzy_or_obsolete(catalogue, texts):
    sentences = {sentence for sentence, _ in texts}
    entries = [message for message in catalogue if message.id]

    assert not [message.id for message in entries if message.fuzzy]
    assert not [message.id for message in entries if message.id not in sentences]


def test_translations_use_the_same_placeholders(catalogue):
    assert not [(error, message.id) for message, errors in catalogue.check() for error in errors]


def test_compiled_catalogue_matches_its_source(catalogue):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)

    assert PO.with_suffix(".mo").read_bytes() == compiled.getvalue()


def test_third_party_sentences_say_the_same_in_portuguese(catalogue):
    """Django REST framework says "pode não estar": that a field may be left blank."""
    found = [message.string for message in catalogue if message.id in MISTRANSLATED]

    assert len(found) == len(MISTRANSLATED)
    with translation.override("pt-br"):
        shown = [translation.gettext(sentence) for sentence in MISTRANSLATED]
    assert not [sentence for sentence in shown if "pode não" in sentence or "mais de" in sentence]
    assert sorted(shown) == sorted(found)
