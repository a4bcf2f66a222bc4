"""Links in texts."""

import random

import pytest

from moderado.moderation.rules.links import links

LETTERS = "abcdefghijklmnopqrstuvwxyzáéíõçßжя日本語ア0123456789-.@/: "


def test_links_are_found_with_and_without_a_scheme():
    text = "veja https://ana@Exemplo.com.br/x, café-da-manhã.org e nada.nada"

    assert [domain for *_, domain in links(text)] == ["exemplo.com.br", "café-da-manhã.org"]


def test_domain_has_labels_of_any_length():
    domain = f"{'a' * 80}.example.com"

    assert [found for *_, found in links(f"https://{domain}/ {domain}")] == [domain, domain]


@pytest.mark.proves("R173")
def test_re2_has_the_memory_to_find_links(capfd):
    chance = random.Random(1)
    for _ in range(200):
        list(links("".join(chance.choice(LETTERS) for _ in range(500))))

    assert capfd.readouterr().err == ""  # RE2 says there that it falls back to a slow search
