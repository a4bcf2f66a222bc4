"""What a chain of documents does: rules, thresholds, exceptions, exemptions, conditions."""

import uuid

import pytest

from moderado.moderation.policies.compile import compile_policy
from moderado.moderation.policies.configured import document_of
from moderado.moderation.policies.documents import read_json
from moderado.moderation.providers.base import Budget, ConfiguredProvider
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.services.screening import judge
from moderado.moderation.types import AuthorFacts, Category, Content, Outcome
from tests.providers import Obedient

ALLOW, FLAG, HOLD, BLOCK = Outcome
CONFIGURED = (
    ConfiguredProvider(provider=BlocklistProvider(packs=[])),
    ConfiguredProvider(provider=Obedient()),
)


def rule(outcome="hold", category="spam", **fields):
    return {"id": "own", "category": category, "outcome": outcome, **fields}


def document(*rules, name="own", **fields):
    fields.setdefault("providers", [{"use": "blocklist"}])
    return read_json({"name": name, "rules": list(rules), **fields})


def compiled(*documents):
    return compile_policy(documents, version="1", configured=CONFIGURED)


def outcome(text, *documents, **fields):
    author = AuthorFacts(**fields.pop("author", {}))
    content = Content(
        subject_type="text", subject_id=uuid.uuid4(), revision=1, text=text, author=author, **fields
    )
    (verdict,) = judge([content], compiled(*documents))
    return verdict.outcome


@pytest.mark.parametrize(
    "match, text, expected",
    [
        ("word", "uma pira", HOLD),
        ("word", "uma p.i.r.a", HOLD),
        ("word", "um pirata", ALLOW),
        ("prefix", "um pirata", HOLD),
        ("anywhere", "o compirata", HOLD),
    ],
)
def test_words_match_as_the_rule_says(match, text, expected):
    assert outcome(text, document(rule(words=["pira"], match=match))) is expected


@pytest.mark.parametrize(
    "fields, text, expected",
    [
        ({"aimed": "block"}, "um zorro", HOLD),
        ({"aimed": "block"}, "você é um zorro", BLOCK),
        ({"aimed_only": True}, "um zorro", ALLOW),
        ({"aimed_only": True}, "seu zorro é lindo", ALLOW),
        ({"aimed_only": True}, "seu z0rro!", HOLD),
    ],
)
def test_aimed_word_counts_as_the_rule_says(fields, text, expected):
    assert outcome(text, document(rule(words=["zorro"], **fields))) is expected


def test_phrase_and_pattern_match_across_separators():
    both = document(rule(words=["compre seguidores"], patterns=[r"\bganhe \w+ por dia\b"]))

    assert outcome("compre...  SEGUIDORES!", both) is HOLD
    assert outcome("Ganhe muito por dia", both) is HOLD


@pytest.mark.parametrize(
    "text, links, expected",
    [
        ("veja https://ruim.example/x", {}, HOLD),
        ("veja ruim.com agora", {}, HOLD),
        ("veja https://a.example.org/x", {"allow": ["example.org"]}, ALLOW),
        ("veja https://example.org.ruim.com", {"allow": ["example.org"]}, HOLD),
        ("veja ruim.com", {"deny": ["ruim.com"]}, HOLD),
        ("veja bom.com", {"deny": ["ruim.com"]}, ALLOW),
        ("Sr. Silva, e.g. 3.14 e fim.Amanhã", {}, ALLOW),
    ],
)
def test_links_match_by_domain(text, links, expected):
    assert outcome(text, document(rule(links=links))) is expected


def test_flood_and_conditions_read_counts_and_facts():
    both = document(
        rule(flood={"messages": 8, "seconds": 10}),
        rule("flag", condition="author.age_days < 1 and length > 5", id="new"),
    )

    assert outcome("oi", both, counts={"messages_10s": 8}) is HOLD
    assert outcome("oi", both, counts={"messages_10s": 7}) is ALLOW
    assert outcome("oi, gente", both) is FLAG
    assert outcome("oi, gente", both, author={"age_days": 2}) is ALLOW


def test_condition_of_a_rule_limits_it():
    new = document(rule(words=["pira"], when="author.age_days < 30"))

    assert outcome("pira", new, author={"age_days": 3}) is HOLD
    assert outcome("pira", new, author={"age_days": 30}) is ALLOW


def test_expletives_of_a_pack_pass_unless_the_policy_has_an_outcome():
    swearing = {"id": "swearing", "pack": "pt-BR/profanity"}
    school = {**swearing, "outcome": "flag", "aimed": "block"}
    house = rule("flag", "profanity", words=["porra"])

    assert outcome("porra, que dia", document(swearing)) is ALLOW
    assert outcome("porra, que dia", document(school)) is FLAG
    assert outcome("você é uma porra!", document(school)) is BLOCK
    assert outcome("porra, que dia", document(house)) is FLAG


def test_part_of_a_pack_has_the_outcome_of_the_rule():
    hate = document({"id": "hate", "pack": "pt-BR/hate", "outcome": "flag"})

    assert outcome("que merda", hate) is ALLOW
    assert outcome("macaco imundo", hate) in {ALLOW, FLAG}


def test_own_document_adds_overrides_and_excepts():
    general = document(rule("block", words=["pira"]), name="general")
    general_word = document(
        rule("block", words=["pira", "lula"]), {**rule(words=["polvo"]), "id": "more"}
    )
    own = document({**rule(words=["nova"]), "id": "extra"}, extends="general", providers=None)
    milder = document(rule("flag", words=["nova"]), extends="general", providers=None)
    excepting = document(extends="general", allow=["pira boa"], without=["more"], providers=None)

    assert outcome("pira", general) is BLOCK
    assert outcome("pira", own, general) is BLOCK
    assert outcome("uma nova", own, general) is HOLD
    assert outcome("pira", milder, general) is FLAG
    assert outcome("que pira boa", excepting, general_word) is ALLOW
    assert outcome("pira boa e lula", excepting, general_word) is BLOCK
    assert outcome("polvo", general_word) is HOLD
    assert outcome("polvo", excepting, general_word) is ALLOW


def test_thresholds_of_the_own_document_come_first():
    general = document(thresholds={"any": {"hold": 0.5}, "hate": {"block": 0.9}}, name="general")
    own = document(thresholds={"hate": {"flag": 0.1}}, extends="general", providers=None)

    policy = compiled(own, general).policy

    assert policy.threshold(Category.HATE).crossed(1.0) == (FLAG, 0.1)
    assert policy.threshold(Category.SPAM).crossed(0.6) == (HOLD, 0.5)


def test_provider_is_asked_only_where_its_condition_is_met():
    Obedient.asked.clear()
    asking = [{"use": "blocklist"}, {"use": "obedient", "when": "size(matches) > 0"}]
    cascade = document(rule("flag", words=["pira"]), providers=asking)

    assert outcome("BLOCK", cascade) is ALLOW
    assert outcome("pira BLOCK", cascade) is BLOCK
    assert Obedient.asked == ["pira BLOCK"]


def test_shadow_and_ignored_recommendations_have_no_effect():
    for fields in ({"shadow": True}, {"recommendation": "ignore"}):
        quiet = document(providers=[{"use": "blocklist"}, {"use": "obedient", **fields}])
        assert outcome("BLOCK", quiet) is ALLOW


@pytest.mark.proves("R85")
def test_provider_that_is_not_configured_fails():
    missing = document(providers=[{"use": "gone"}])
    strict = document(providers=[{"use": "blocklist"}, {"use": "gone", "on_error": "reject"}])

    assert outcome("oi", missing) is HOLD
    assert outcome("oi", strict) is BLOCK


def test_exempt_roles_pass_but_no_bot():
    lenient = document(rule("block", words=["pira"]), exempt={"roles": ["MODERATOR"]})

    assert outcome("pira", lenient, author={"role": "MODERATOR"}) is ALLOW
    assert outcome("pira", lenient, author={"role": "MODERATOR", "is_bot": True}) is BLOCK


OPTIONS = {
    "packs": ["pt-BR"],
    "allow": ["pirata"],
    "without": ["pt-profanity"],
    "rules": [
        {
            "id": "house",
            "category": "spam",
            "severity": 0.6,
            "action": "hold",
            "words": ["pira"],
            "match": "anywhere",
        },
        {
            "id": "names",
            "language": "pt-BR",
            "category": "insult",
            "severity": 0.5,
            "action": "flag",
            "aimed": "block",
            "about": "hold",
            "quoted": "flag",
            "expletive": "ignore",
            "shape": "swear",
            "unless": {"before": "bairro d[oe]"},
            "words": ["zorro"],
        },
        {
            "id": "tribe",
            "category": "hate",
            "severity": 0.5,
            "action": "hold",
            "reclaimed": True,
            "native": True,
            "acronym": True,
            "language": "pt-BR",
            "words": ["zuca"],
        },
    ],
}
TEXTS = [
    "bom dia", "uma pira", "um pirata", "que merda", "seu idiota", "vou te matar", "1d10t4",
    "você é um zorro!", "ele é um zorro", "zorro, que dia longo", "o bairro do zorro é longe",
    "ele me chamou de zorro", "sou zuca com orgulho", "the zuca is here and you know it",
    "a ZUCA publicou o edital", "seu zuca",
]  # fmt: skip


@pytest.mark.proves("R229")
@pytest.mark.parametrize("text", TEXTS)
def test_document_of_the_configuration_judges_as_the_configuration(text, settings):
    settings.MODERATION_PROVIDERS = []
    provider = BlocklistProvider(**OPTIONS)
    configured = ConfiguredProvider(provider=provider, budget=Budget(calls_per_day=3))
    made = document_of([configured], [OPTIONS])
    content = Content(subject_type="text", subject_id=uuid.uuid4(), revision=1, text=text)

    from_document = compile_policy([made], version="1", configured=[configured])
    (signal,) = provider.assess([content])
    (verdict,) = judge([content], from_document)

    assert verdict.signals[0].matches == signal.matches
    assert {each: from_document.policy.effect(each.rule) for each in signal.matches} == {
        each: provider.effects.get(each.rule) or provider.effects[each.rule.partition("/")[0]]
        for each in signal.matches
    }
    assert from_document.providers[0].budget == Budget(calls_per_day=3)


def test_plain_configuration_leaves_the_choice_of_providers_open():
    plain = ConfiguredProvider(provider=BlocklistProvider(packs=[]))

    made = document_of([plain], [{"packs": []}])

    assert made.providers is None
    assert [each.name for each in compiled(made).providers] == ["blocklist", "obedient"]
