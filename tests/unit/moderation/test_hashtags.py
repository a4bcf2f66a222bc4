"""Words written together, as in hashtags, are not taken for one listed word by chance."""

import pytest

from tests.unit.moderation.test_ordinary_writing import hits


@pytest.mark.proves("R132")
@pytest.mark.parametrize(
    "text",
    [
        *("#petsounds", "#PetSounds", "petsounds", "#quesacanagem", "#semsacanagem"),
        *("#bomdia", "#beachsounds", "#minhavida", "#tbtdodia", "#partiupraia"),
    ],
)
def test_frequent_words_written_together_are_ordinary(text):
    assert hits(text) == []


@pytest.mark.proves("R132")
@pytest.mark.parametrize(
    "text",
    [
        *("#seuviadinho", "quemerda", "#suaputaria", "seucornao", "filhodaputinha", "#quebosta"),
        *("vaisefoderem", "vaitomarnocu", "#vtnc", "crahlao"),
    ],
)
def test_listed_words_written_together_are_found(text):
    assert hits(text)
