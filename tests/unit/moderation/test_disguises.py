"""Generated disguises are read, and nothing else is (row S30, R77)."""

import random

import pytest

from moderado.moderation.labels import DISGUISES
from moderado.moderation.normalize.vocabulary import is_ordinary
from moderado.moderation.rules import pack
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.matcher import Matcher
from tests.disguises import CORE, HARD
from tests.identifiers import KINDS

# Invented words: the disguises are tested, not a list.
_TERMS = (
    "zarlumo bolvenho tracudo purvela fasquito merlanga chistredo gorpinho vascalho rumbeta"
    " dolvarto sanfurda catrufo brelhaco pintolha xabucado furbesto gralmida tolpeco nicastro"
    " blunkard skelfish drongot trumwich plackery snorvel fidgark quornish crabulet wimperon"
)
TERMS = _TERMS.split()
ROUNDS = 3  # of all terms: chance decides where a disguise changes a term
SENTENCES = (
    "bom dia, pessoal, a reunião mudou para as 14h30 na sala 3",
    "esse {} não veio ontem",
    "olha só, {} de novo aqui no grupo",
    "you are such a {} and everybody knows",
    "{} que dia longo foi esse",
    "quem levou o carregador? {}",
    "I told the {} to wait outside",
)
CLEAN = (
    "bom dia! a reunião é às 14h30, na sala 3-B, com o João e a D. Maria.",
    "o pix é 11 98765-4321, me avisa quando cair, tá?",
    "comprei 2 kg de arroz, 1,5 kg de feijão e 3 latas de atum por R$ 58,90",
    "segue o link: https://loja.example/produtos/cadeira-de-praia?cor=azul",
    "hahahaha kkkkkkk rsrsrs não acredito nisso!!!",
    "ele/ela pode vir; o guarda-chuva e o bem-te-vi ficam",
    "a) casa; b) conta; c) curso... qual você prefere?",
    "C U R S O de inglês: inscrições abertas de 2ª a 6ª",
    "def f(y): yield y * 2  # dobra o valor",
    "**importante**: leia o _regulamento_ antes de postar `código`",
    "the password must have 8+ characters, e.g. upper & lower case",
    "see you at 5 p.m., gate B12, flight AD4067",
    "Cuba 🇨🇺 x Brasil 🇧🇷 às 20h, quem assiste?",
    "привет, как дела? всё хорошо, спасибо",
    "καλημέρα σε όλους, τι κάνετε;",
    "今日はいい天気ですね、散歩に行きましょう",
    "50% off em tudo, só hoje!! use o cupom VERAO10",
    "parabéns pelo bebê, 3,2 kg e 49 cm, que lindo ❤️❤️",
    "x = (a + b) * c / d - e, certo?",
    "w.w.w. não precisa, é só digitar o nome",
)


@pytest.fixture(scope="module")
def matcher():
    group = {"id": "own", "category": "insult", "severity": 0.9, "action": "block"}
    return Matcher(rules=rules_of(group | {"words": TERMS}))


@pytest.fixture(scope="module")
def shipped():
    packs = [pack.load(name) for name in ("pt-BR", "en")]
    return Matcher(
        rules=[rule for each in packs for rule in each.rules],
        allow=[word for each in packs for word in each.allow],
    )


def recall(matcher, disguise, dice):
    """Return how many disguised terms of how many are found, at the place where they stand."""
    found = tried = 0
    for term in TERMS:
        written = disguise(term, dice)
        if written is None or written == term:
            continue
        text = dice.choice(SENTENCES[1:]).format(written)
        at = text.index(written)
        tried += 1
        hits = matcher.find(text)
        found += any(hit.start < at + len(written) and hit.end > at for hit in hits)
        assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    return found, tried


@pytest.mark.proves("S30")
def test_core_disguises_are_read(matcher):
    dice, found, tried = random.Random(1), 0, 0
    for name, disguise in CORE.items():
        rounds = [recall(matcher, disguise, dice) for _ in range(ROUNDS)]
        hits, terms = map(sum, zip(*rounds, strict=True))
        assert terms, name
        assert hits >= 0.95 * terms, f"{name}: {hits} of {terms}"
        found, tried = found + hits, tried + terms

    assert found >= 0.98 * tried


@pytest.mark.proves("S30")
@pytest.mark.parametrize("name", HARD)
def test_hard_disguises_are_read_mostly(matcher, name):
    hits, terms = recall(matcher, HARD[name], random.Random(2))

    assert hits >= 0.6 * terms


@pytest.mark.proves("S30")
@pytest.mark.parametrize("text", [*CLEAN, *SENTENCES[:1]])
def test_clean_text_is_not_read_as_a_disguise(matcher, shipped, text):
    assert matcher.find(text) == []
    assert shipped.find(text) == []


def test_terms_are_no_ordinary_words():
    assert not any(map(is_ordinary, TERMS))


def test_hit_names_its_reading(matcher):
    readings = {
        "zarlumo": ("", True),
        "z4rlum0": ("leet", True),
        "z.a.r.l.u.m.o": ("separators", True),
        "z*rlumo": ("masks", True),
        "zar<b>lumo</b>": ("markup", True),
        "zaarluumoo": ("repeats", True),
        "zArLumo": ("case", True),
        "zаrlumо": ("characters", True),
        "karlumo zralumo": ("swapped", False),
        "omulraz": ("backwards", False),
    }
    for text, expected in readings.items():
        assert {(hit.reading, hit.is_certain) for hit in matcher.find(text)} == {expected}, text
    assert {reading for reading, _ in readings.values()} <= {"", *DISGUISES}


@pytest.mark.proves("S30")
@pytest.mark.parametrize("text", ["you are a bI|tCh", "what a bi|tch"])
def test_sign_for_the_letter_before_it_is_no_ordinary_writing(shipped, text):
    (hit,) = shipped.find(text)

    assert hit.reading == "separators"


@pytest.mark.proves("S30")
@pytest.mark.parametrize("text", ["que arregaço", "conheci uma bixete", "ACCGGA", "NGU6UR"])
def test_ordinary_word_that_resembles_a_changed_one_is_not_read(shipped, text):
    assert shipped.find(text) == []


@pytest.mark.proves("S30")
@pytest.mark.parametrize(
    ("text", "reading"),
    [
        *(("que tratralolo é esse", "added syllables"), ("zazarlurlumomo", "added syllables")),
        *(("que lotra é esse", "pig latin"), ("os lotras daqui", "pig latin")),
        *(("que tratrala é esse", ""), ("que loltra é esse", "")),
    ],
)
def test_doubled_and_swapped_syllables_are_read(text, reading):
    group = {"id": "own", "category": "insult", "severity": 1, "action": "hold"}
    matcher = Matcher(rules=rules_of({**group, "words": ["tralo", "zarlumo"]}))

    found = {(hit.reading, hit.is_certain) for hit in matcher.find(text)}

    assert found == ({(reading, False)} if reading else set())


def flagged(matcher, identify, count):
    dice = random.Random(3)
    texts = (f"segue {identify(dice)} aqui" for _ in range(count))
    return [text for text in texts if matcher.find(text)]


@pytest.mark.proves("R77")
@pytest.mark.parametrize("kind", KINDS)
def test_identifiers_are_not_read(shipped, kind):
    assert flagged(shipped, KINDS[kind], 300) == []


@pytest.mark.long
@pytest.mark.proves("R77")
@pytest.mark.parametrize("kind", KINDS)
def test_one_identifier_in_ten_thousand_is_read_at_most(shipped, kind):
    assert len(flagged(shipped, KINDS[kind], 100_000)) <= 10
