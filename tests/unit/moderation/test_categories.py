"""The names of categories in sentences."""

import pytest
from django.utils import translation

from moderado.moderation.categories import category_list


@pytest.mark.parametrize(
    ("language", "codes", "sentence"),
    [
        ("pt-br", [], ""),
        ("pt-br", ["insult"], "ofensas"),
        ("pt-br", ["insult", "harassment"], "ofensas e assédio"),
        ("en", ["insult", "threat", "hate"], "insults, a threat and hate against a group"),
    ],
)
def test_categories_are_listed_as_a_sentence_lists_them(language, codes, sentence):
    with translation.override(language):
        assert category_list(codes) == sentence
