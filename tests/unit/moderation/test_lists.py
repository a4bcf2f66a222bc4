"""What the lists that ship with the product make of ordinary and of offensive sentences."""

import tomllib
import uuid
from pathlib import Path

import pytest

from moderado.moderation.decide import CompiledPolicy, decide
from moderado.moderation.normalize.vocabulary import is_ordinary
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.rules import pack
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.matcher import Matcher
from moderado.moderation.types import PREVIOUS_TEXTS, Category, Content, Outcome, Usage

ALLOW, FLAG, HOLD, BLOCK = Outcome
LISTS = BlocklistProvider()
SENTENCES = Path(__file__).resolve().parents[2] / "data"


NAMES = ("ordinary", "offensive")


def sentences(name):
    kinds = tomllib.loads((SENTENCES / f"{name}_sentences.toml").read_text("utf-8"))["kind"]
    return [
        pytest.param(text, kind.get("least"), kind.get("most", kind.get("outcome")), id=text)
        for kind in kinds
        for text in kind["sentences"]
    ]


def outcome(text, provider=LISTS):
    content = Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)
    policy = CompiledPolicy(rules=[provider.effects])
    return decide(provider.assess([content]), [], policy, content).outcome


@pytest.mark.proves("R79")
@pytest.mark.parametrize("text, least, most", sentences("ordinary"))
def test_ordinary_sentence_is_neither_held_nor_blocked(text, least, most):
    assert outcome(text).severity <= Outcome((most or "flag").upper()).severity


@pytest.mark.proves("R79")
@pytest.mark.parametrize("text, least, most", sentences("offensive"))
def test_offensive_sentence_is_held_or_blocked(text, least, most):
    found = outcome(text)

    assert found.severity >= Outcome(least.upper()).severity
    assert found.severity <= Outcome((most or "block").upper()).severity


def test_files_hold_enough_sentences_and_none_twice():
    ordinary, offensive = ([case.values[0] for case in sentences(name)] for name in NAMES)

    assert len({*ordinary}) == len(ordinary) >= 300
    assert len({*offensive}) == len(offensive) >= 150


@pytest.mark.proves("R137")
@pytest.mark.parametrize(
    "text, name",
    [
        ("falei com {} ontem", "Kike"), ("o {} chegou tarde", "Mariquinhas"),
        ("jantei com Ana {}", "Porras"), ("Mr. {} called", "Prat"), ("{} Hernández played", "Kike"),
        ("moro em {}", "Marconia"), ("we drove to {}", "Schio"), ("oi {}, tudo bem?", "Kike"),
    ],
)  # fmt: skip
def test_name_is_a_name_by_its_capital_and_its_place(text, name):
    assert outcome(text.format(name)) is ALLOW
    assert outcome(f"you {name}").severity >= outcome(f"you {name.lower()}").severity


@pytest.mark.proves("R176")
@pytest.mark.parametrize(
    "mild, grave",
    [
        ("gangs that kill journalists must face trial", "we should kill all journalists"),
        ("sorry for calling you an idiot", "I am calling you an idiot"),
        ("don't be stupid, take a coat", "don't be stupid, you moron"),
        ("you are delusional.", "you are trash"),
        ("afraid of pissing off.", "piss off."),
        ("let him rot in hell", "rot in hell"),
        ("I love you, bitch", "I don't love you, bitch"),
        ("eu te amo, seu babaca", "não te amo, seu babaca"),
    ],
)
def test_milder_use_is_flagged_at_most(mild, grave):
    assert outcome(mild).severity <= FLAG.severity
    assert outcome(grave).severity >= HOLD.severity


@pytest.mark.proves("R181")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        ("calma, a sua hora vai chegar", "a tua hora tá chegando"),
        ("o porco vai virar presunto", "você vai virar presunto"),
        ("say goodbye to dandruff", "say goodbye to your kneecaps"),
        ("autistas não são doentes", "autistas são doentes"),
        ("dizer que gays são uma doença é crime", "gays são uma doença"),
        ("pobre tem que morrer na fila do SUS?", "pobre tem que morrer"),
        ("some migrants are criminals, most are not", "migrants are criminals"),
        ("manda um vídeo do cachorro tomando banho", "manda um vídeo seu tomando banho"),
        ("don't tell your mom about the party", "don't tell your mom about us"),
        ("cut deeper into the wood next time", "just cut deeper next time"),
        ("este cabo não serve pra nada", "tu não serve pra nada"),
        ("you have the mind of an engineer", "you have the mind of a slug"),
    ],
)
def test_offence_without_a_listed_word_is_held_and_its_like_is_not(ordinary, offensive):
    assert outcome(ordinary) is ALLOW
    assert outcome(offensive) is HOLD


@pytest.mark.proves("R182")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        ("o endereço da festa é rua das Flores 120", "o endereço dela é rua das Flores 120"),
        ("o telefone da loja é 3333-4444, liguem", "o telefone do vizinho é 3333-4444, liguem"),
        ("o cpf do titular segue abaixo", "o cpf do titular é este, façam a festa"),
        ("lugar de preto é na universidade", "lugar de preto é na senzala"),
        ("not all immigrants are criminals", "all immigrants are criminals"),
        ("claims that Jews are vermin were lies", "Jews are vermin"),
        ("quem diz que preto não presta mente", "preto não presta"),
        ("vou te matar no x1 hoje", "vou te matar hoje"),
    ],
)
def test_denial_place_or_game_is_no_offence(ordinary, offensive):
    assert outcome(ordinary) is ALLOW
    assert outcome(offensive).severity >= HOLD.severity


@pytest.mark.parametrize("text", ["falei com kike ontem", "falei com KIKE ontem", "FALEI COM KIKE"])
def test_word_without_the_capital_of_a_name_is_none(text):
    assert outcome(text) is BLOCK


def usages(text, **group):
    defaults = {"id": "own", "category": "insult", "severity": 0.5, "action": "flag"}
    rules = rules_of({**defaults, "aimed": "block", "words": ["zorro"], **group})
    return [hit.usage for hit in Matcher(rules=rules).find(text)]


@pytest.mark.parametrize(
    "text, usage",
    [
        ("um zorro passou", Usage.PLAIN),
        ("seu zorro", Usage.AIMED),
        ("s3u z0rr0", Usage.AIMED),
        ("você é um zorro", Usage.AIMED),
        ("you are such a zorro", Usage.AIMED),
        ("@ana zorro", Usage.AIMED),
        ("@ana zorro vai ao ar hoje", Usage.PLAIN),
        ("ele é um zorro", Usage.ABOUT),
        ("você não é um zorro", Usage.PLAIN),
        ("seu zorro kkkkk", Usage.JOKED),
        ('"zorro"', Usage.QUOTED),
        ('você é um "zorro"', Usage.QUOTED),
        ('ouvi "zorro" duas vezes hoje', Usage.REPORTED),
        ("ele me chamou de zorro", Usage.REPORTED),
        ("someone called me a zorro", Usage.REPORTED),
    ],
)
def test_use_of_a_word_is_read_from_its_surroundings(text, usage):
    language = "en" if text.isascii() and ("you" in text or "called" in text) else "pt-BR"

    assert usages(text, about="hold", language=language) == [usage]


def used(text):
    content = Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)
    (signal,) = LISTS.assess([content])
    return {(match.rule, match.usage) for match in signal.matches}


@pytest.mark.parametrize(
    "text, rule",
    [
        ("porra, que dia", "pt-swearing/porra"),
        ("caralhooo, que dia", "pt-swearing/caralho"),
        ("puta que pariu, que dia", "pt-insult-puta/puta"),
        ("that was a fucking great day", "en-swearing/fucking"),
    ],
)
def test_expletive_is_recorded_and_nothing_follows(text, rule):
    assert (rule, Usage.EXPLETIVE) in used(text)
    assert outcome(text) is ALLOW


@pytest.mark.parametrize(
    "text, usage",
    [
        ("p0rra, que dia", Usage.PLAIN),
        ("pOrra, que dia", Usage.PLAIN),
        ("pórrá, que dia", Usage.PLAIN),
        ("porra", Usage.PLAIN),
        ("poorrra, que dia", Usage.PLAIN),
        ("o dia porra acabou", Usage.PLAIN),
        ("você é uma porra!", Usage.AIMED),
    ],
)
def test_word_that_is_disguised_out_of_place_or_aimed_is_no_expletive(text, usage):
    assert ("pt-swearing/porra", usage) in used(text)


@pytest.mark.proves("R149")
@pytest.mark.parametrize(
    "text, rule, usage, most",
    [
        ("ouvi o porteiro gritar porra", "pt-swearing/porra", Usage.EXPLETIVE, ALLOW),
        ("the intern wrote shit in a comment", "en-swearing/shit", Usage.EXPLETIVE, ALLOW),
        ("ouvi o porteiro gritar p0rra", "pt-swearing/porra", Usage.REPORTED, FLAG),
        ("ele me chamou de imbecil", "pt-insult/imbecil", Usage.REPORTED, FLAG),
        ("perdi a senha de novo vtnc", "pt-curse/vtnc", Usage.EXPLETIVE, ALLOW),
        ("@lia vtnc", "pt-curse/vtnc", Usage.AIMED, BLOCK),
        ("if you skip the manual twice, you are a moron", "en-insult/moron", Usage.PLAIN, FLAG),
        ("skip the manual twice, you moron", "en-insult/moron", Usage.AIMED, BLOCK),
        ("quando você corre no gelo, você é um imbecil", "pt-insult/imbecil", Usage.PLAIN, FLAG),
        ("you are a bigot", "en-insult-claim/bigot", Usage.AIMED, FLAG),
    ],
)  # fmt: skip
def test_swearing_and_insults_that_hit_no_reader_are_not_stopped(text, rule, usage, most):
    assert (rule, usage) in used(text)
    assert outcome(text) is most


@pytest.mark.proves("R150")
@pytest.mark.parametrize(
    "text, expected",
    [
        ("a arte da cu-linária", ALLOW), ("his gr ass is green", ALLOW), ("as-sume it", ALLOW),
        ("look at that big ass", FLAG), ("a cu-zão of a day", FLAG), ("what an ass-hole", FLAG),
        ("o cu-xyzzy dele", FLAG), ("xq ass", FLAG),
    ],
)  # fmt: skip
def test_part_of_a_broken_word_is_no_listed_word(text, expected):
    assert outcome(text) is expected


def test_word_without_an_outcome_for_expletives_is_none():
    swear = {"shape": "swear", "language": "pt-BR", "words": ["porra"]}

    assert usages("porra, que dia", **swear) == [Usage.PLAIN]
    assert usages("porra, que dia", expletive="flag", **swear) == [Usage.EXPLETIVE]


def test_word_cut_in_two_messages_is_no_expletive():
    content = Content(
        subject_type="message",
        subject_id=uuid.uuid4(),
        revision=1,
        text="ra, que dia",
        context={PREVIOUS_TEXTS: ["por"]},
    )
    (signal,) = LISTS.assess([content])

    assert {match.usage for match in signal.matches} == {Usage.AIMED}


@pytest.mark.parametrize("text", ["sou zorro porque sim", "my zorro", "como zorro eu discordo"])
def test_word_said_of_oneself_is_not_aimed(text):
    assert usages(text) == [Usage.OWN]
    assert usages(text, action="ignore") == []


@pytest.mark.parametrize("text", ["sou zorro", "I'm a zorro", "eu sou muito zorro, que raiva"])
def test_name_that_the_author_calls_themselves_means_nothing(text):
    assert usages(text) == []


@pytest.mark.parametrize("text", ["sou z0rr0", "não sou zorro como você", "sou alto, seu zorro"])
def test_self_mockery_excuses_no_disguise_and_no_one_else(text):
    assert usages(text) != []


def test_word_with_a_stretched_letter_is_in_no_vocabulary():
    """The filter takes three words in a thousand for known ones: "caraaalho" was one of them."""
    assert not any(map(is_ordinary, ("caraaalho", "ooolho", "aaabre")))


@pytest.mark.parametrize(
    "text",
    ["sou zorro com orgulho", "sou zorro, e daí?", "o orgulho zorro", "I'm a zorro and proud"],
)
def test_reclaimed_word_of_oneself_or_a_community_is_no_hit(text):
    assert usages(text, reclaimed=True) == []


def test_disguised_word_has_no_harmless_meaning():
    unless = {"near": "filme"}

    assert usages("um filme com z.o.r.r.o", unless=unless) == [Usage.PLAIN]


def test_everyday_word_counts_only_in_the_shape_of_an_insult():
    everyday = {"shape": "everyday", "action": "ignore", "aimed": "hold"}

    assert usages("seu zorro é lindo", **everyday) == []
    assert usages("leva o seu zorro", **everyday) == []
    assert usages("seu zorro!", **everyday) == [Usage.AIMED]


def test_word_is_harmless_beside_the_words_of_its_exception():
    unless = {"near": "filme", "after": "(?:de|do) mato", "before": "el"}

    for text in ("zorro do mato", "el zorro", "um filme com o zorro"):
        assert usages(text, unless=unless) == []
    assert usages("um zorro", unless=unless) == [Usage.PLAIN]


def test_native_word_does_not_count_in_another_language():
    french = "je suis très content, mais le zorro est parti"

    assert usages(french, language="en", native=True) == []
    assert usages(french, language="en") == [Usage.FOREIGN]


def test_capitals_make_an_acronym():
    assert usages("a ZORRO fica no centro", acronym=True) == []
    assert usages("A ZORRO FICA NO CENTRO", acronym=True) == [Usage.PLAIN]


def test_rule_without_aimed_outcome_is_not_softened():
    rules = [
        {"id": "own", "category": "spam", "severity": 0.5, "action": "block", "words": ["zorro"]}
    ]
    own = BlocklistProvider(packs=[], rules=rules)

    for text in ("zorro", "seu zorro kkkk", "sou zorro"):
        assert outcome(text, own) is BLOCK
    assert outcome("ele me chamou de zorro", own) is HOLD


def test_pack_can_be_one_topic():
    topic = pack.load("pt-BR/hate")

    assert {rule.category for rule in topic.rules} == {Category.HATE}
    assert topic.allow == pack.load("pt-BR").allow
    assert outcome("porra", BlocklistProvider(packs=["pt-BR/hate"])) is ALLOW
    with pytest.raises(ValueError, match="pt-BR/spells"):
        pack.load("pt-BR/spells")


@pytest.mark.proves("R80")
@pytest.mark.parametrize("name", pack.available())
def test_every_rule_of_a_list_has_category_severity_and_outcome(name):
    for rule in pack.load(name).rules:
        worst = rule.aimed or rule.outcome
        assert 0 < rule.severity <= 1, rule.id
        assert worst is not ALLOW, rule.id
        assert rule.category is not Category.SELF_HARM or rule.outcome is HOLD, rule.id


@pytest.mark.proves("R80")
def test_danger_to_children_is_its_own_category():
    topics = {name.partition("/")[2] for name in pack.available()}

    assert "child_safety" in topics
    for language in ("pt-BR", "en"):
        rules = pack.load(f"{language}/child_safety").rules
        assert {rule.category for rule in rules} == {Category.CHILD_SAFETY}


def test_patterns_are_named_by_their_first_words():
    patterns = [r"\b(?:vende|troca)-se (?:voto)s?", r"\bvende (?:troca) voto\b", r"[0-9]{4}"]
    group = {"id": "house", "category": "spam", "severity": 0.5, "action": "flag"}

    rules = rules_of({**group, "patterns": patterns})

    assert [rule.id for rule in rules] == [
        "house/vende troca se …",
        "house/vende troca voto …",
        "house/pattern",
    ]


def test_each_rule_of_the_lists_has_an_id_of_its_own():
    ids = [rule.id for name in ("pt-BR", "en") for rule in pack.load(name).rules]

    assert len(ids) == len(set(ids))
    assert not [each for each in ids if "\\" in each]
