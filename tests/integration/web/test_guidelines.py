"""The public page of guidelines, made from the policy in force."""

import pytest
from django.test import Client

from moderado.moderation.category_rules import CATEGORY_RULES
from moderado.moderation.services import policies
from moderado.moderation.services.policy_assignments import Assignments, assign
from moderado.moderation.services.policy_documents import parse_document
from tests.factories import make_room

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_identity_sentences")]

WORDS = ["jabuticabada", "compre seguidores"]
DOCUMENT = {
    "name": "casa",
    "thresholds": {"harassment": {"flag": 0.6173, "hold": 0.8273}},
    "rules": [
        {"id": "secreta", "words": WORDS[:1], "category": "insult", "outcome": "block"},
        {
            "id": "aberta",
            "words": WORDS[1:],
            "category": "spam",
            "outcome": "hold",
            "must_hold": ["Compre seguidores agora"],
            "public_examples": True,
        },
    ],
}


@pytest.fixture
def casa():
    policies.create_policy(actor_id=None, document=parse_document(document=DOCUMENT))
    policies.enable(actor_id=None, name="casa", number=1, confirm_fairness=True)
    assign(actor_id=None, wanted=Assignments(server="casa"))


def page(path="/regras/", language="pt-br"):
    return Client(headers={"accept-language": language}).get(path)


def test_page_says_what_the_policy_does_and_none_of_its_words(casa):
    answer = page()
    shown = answer.content.decode()

    assert answer.status_code == 200
    assert set(answer.headers["Cache-Control"].split(", ")) == {"max-age=300", "public"}
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
    assert "Set-Cookie" not in answer.headers
    for category in ("insult", "spam", "harassment"):
        assert f'<section id="{category}">' in shown
    assert '<section id="hate">' not in shown
    for category in CATEGORY_RULES:  # a statement of a moderator may name any, and links to it
        assert shown.count(f' id="{category.value}">') == 1
    for secret in ("jabuticabada", "secreta", "aberta", "0.6173", "0,6173", "0.8273", "blocklist"):
        assert secret not in shown
    assert "Compre seguidores agora" in shown


def test_page_speaks_the_language_of_its_reader(casa):
    portuguese, english = page().content.decode(), page(language="en").content.decode()

    assert '<html lang="pt-br">' in portuguese
    assert "Como recorrer" in portuguese
    assert '<html lang="en">' in english
    assert "How to appeal" in english
    assert '<html lang="en">' in page("/regras/?language=en").content.decode()


def test_room_has_the_guidelines_of_its_own_policy(casa):
    room = make_room(name="Jardim")
    own = {"name": "jardim", "rules": [
        {"id": "x", "words": ["zzz"], "category": "hate", "outcome": "block"},
    ]}  # fmt: skip
    policies.create_policy(actor_id=None, document=parse_document(document=own))
    policies.enable(actor_id=None, name="jardim", number=1, confirm_fairness=True)
    assign(actor_id=None, wanted=Assignments(server="casa", rooms={room.id: "jardim"}))

    shown = page(f"/regras/?room={room.id}").content.decode()

    assert "Jardim" in shown
    assert '<section id="hate">' in shown
    assert '<section id="insult">' not in shown


@pytest.mark.parametrize("room", ["x", "0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f", "private"])
def test_private_and_unknown_rooms_have_no_page(room):
    if room == "private":
        room = str(make_room(is_private=True).id)

    assert page(f"/regras/?room={room}").status_code == 404


def test_page_without_a_stored_policy_shows_the_configured_lists(settings):
    backend = "moderado.moderation.providers.blocklist.BlocklistProvider"
    settings.MODERATION_PROVIDERS = [{"BACKEND": backend, "OPTIONS": {"packs": ["pt-BR/hate"]}}]

    assert '<section id="hate">' in page().content.decode()


def test_sign_in_and_notices_link_to_the_guidelines():
    assert 'href="/denuncia/"' in page().content.decode()
    assert 'href="/regras/"' in page("/denuncia/").content.decode()
    assert 'href="/regras/"' in page("/sign-in/").content.decode()
