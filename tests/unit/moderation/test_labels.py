"""The words for codes are there in both languages."""

from django.utils import translation

from moderado.enforcement import labels as enforcement
from moderado.moderation import labels as moderation
from moderado.moderation.categories import CATEGORY_NAMES
from moderado.moderation.labels import DISGUISES
from moderado.moderation.normalize.codes import _CODES
from moderado.moderation.normalize.variants import whole_word_ciphers
from moderado.moderation.rules.joined import READING

SAME = {"spam"}  # in both languages
MISSPELLED = {"drawn", "ending", "glued", "keys", "missing", "sounds", "swapped", "vowels"}
FOUND = {
    *(name for name, *_ in _CODES),
    *(name for name, _ in whole_word_ciphers("orrapay")),
    *MISSPELLED,
    READING,
}


def labels() -> dict[str, object]:
    """Return all words of the modules of labels, by place."""
    found: dict[str, object] = {f"category {code}": name for code, name in CATEGORY_NAMES.items()}
    for module in (moderation, enforcement):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, (dict, list)):
                pairs = value.items() if isinstance(value, dict) else value
                found |= {f"{name} {pair[0]}": pair[1] for pair in pairs if len(pair) == 2}
    return found


def spoken(word: object, language: str) -> str:
    with translation.override(language):
        return str(word)


def test_each_name_is_there_in_both_languages():
    missing = {
        place: english
        for place, word in labels().items()
        if (english := spoken(word, "en")) not in SAME
        and (not english or spoken(word, "pt-br") in {"", english})
    }

    assert missing == {}


def test_each_disguise_has_a_name():
    assert set(DISGUISES) >= FOUND
