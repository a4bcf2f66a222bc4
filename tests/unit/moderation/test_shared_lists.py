"""Rule sets share the packs that they have in common, and find what one list would find."""

from itertools import product
from string import ascii_lowercase

import pytest

from moderado.core.ids import new_id
from moderado.moderation.policies.compile import compile_policy
from moderado.moderation.policies.documents import read_json
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.rules import compiled_list, pack
from moderado.moderation.rules.group import MAX_PATTERNS, rules_of
from moderado.moderation.rules.matcher import Matcher
from moderado.moderation.types import Content

TEXT = "zorrocdiiiiix, seu otario"
OWN = {"id": "own", "category": "insult", "severity": 0.9, "action": "block"}
PACKS = ({"id": "pt", "pack": "pt-BR"}, {"id": "en", "pack": "en"})


@pytest.fixture
def compiled(monkeypatch):
    """Return the number of rules of each list that is compiled."""
    sizes, compile_list = [], compiled_list.CompiledList.__init__

    def counted(self, rules, *others):
        sizes.append(len(rules))
        compile_list(self, rules, *others)

    monkeypatch.setattr(compiled_list.CompiledList, "__init__", counted)
    return sizes


@pytest.mark.proves("R227")
def test_versions_compile_their_own_words_alone(compiled):
    configured = (ConfiguredProvider(provider=BlocklistProvider()),)
    del compiled[:]  # the packs, if no other test has compiled them
    for number in range(5):
        words = [f"zorr{letter}{'o' * number}" for letter in "abc"]
        rule = {"id": f"own-{number}", "words": words, "category": "spam", "outcome": "hold"}
        fields = {"allow": ["puta merda"], "without": [rule["id"], "nothing"]}
        document = read_json({"name": "default", "rules": [*PACKS, rule], **fields})
        compile_policy([document], version=str(number), configured=configured)

    assert compiled == [3] * 5


@pytest.mark.proves("R227")
def test_equal_selections_of_packs_are_compiled_once(compiled):
    left_out = next(rule.id for rule in pack.load("en").rules)
    for word in ("zorro", "pira"):
        rules = [OWN | {"words": [word]}]
        BlocklistProvider(packs=["en"], without=[left_out], rules=rules)

    assert sorted(compiled)[:2] == [1, 1]
    assert len(compiled) == 3


WORDS = ["zorro", "pirado", "lixeira", "vai pirar"]
TEXTS = [
    "seu z0rr0 idiota",
    "z.o.r.r.o e p.u.t.a",
    "seu idi0ta zooorro",
    "zor ro, seu otar io",
    "z*rro p*ta",
    "orroz atup",
    "vai p1rar, seu m3rd4",
    "lixeria, porrra",
    "você é um pirado do caralho",
    "puta que pariu, zorro",
    "bom dia, gente",
]


def found_by(matcher, text):
    return [(hit.rule.id, hit.start, hit.end, hit.usage.value) for hit in matcher.find(text)]


@pytest.mark.proves("R227")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("allow", [[], ["puta"], ["zorro"]])
def test_shared_packs_find_what_one_list_finds(text, allow):
    packs, own = pack.load("pt-BR"), rules_of(OWN | {"words": WORDS})
    base = Matcher(rules=packs.rules, allow=packs.allow)
    shared = Matcher(rules=own, allow=allow, base=base)
    one = Matcher(rules=[*packs.rules, *own], allow=[*packs.allow, *allow])

    assert sorted(found_by(one, text)) == sorted(found_by(shared, text))


@pytest.mark.proves("R227")
@pytest.mark.parametrize(
    "text, words, places",
    [
        ("zorroputa", {"zorro", "puta"}, {(0, 5), (5, 9)}),
        ("putazorro", {"zorro", "puta"}, {(0, 4), (4, 9)}),
        ("putazor", {"zor", "puta"}, {(0, 4), (4, 7)}),
        ("p*ta", {"peta", "puta"}, {(0, 4)}),
    ],
)
def test_no_word_of_a_list_hides_a_disguised_one_of_another(text, words, places):
    base = Matcher(rules=pack.load("pt-BR").rules)

    rules = rules_of(OWN | {"words": ["zorro", "zor", "peta"]})
    found = Matcher(rules=rules, base=base).find(text)

    assert {hit.rule.text for hit in found} == words
    assert {(hit.start, hit.end) for hit in found} == places


@pytest.mark.proves("R342")
def test_patterns_of_packs_are_not_counted_among_the_own_ones():
    """Not even the largest ones: each set is compiled with memory for its patterns."""
    tail = "(?:" + "|".join(f"{letter * 5}x" for letter in ascii_lowercase * 2) + ")"
    names = ["zorro" + "".join(pair) for pair in product(ascii_lowercase, repeat=2)]
    patterns = [name + tail for name in names[:MAX_PATTERNS]]

    own = {"id": "own", "patterns": patterns, "category": "spam", "outcome": "hold"}
    document = read_json({"name": "default", "rules": [*PACKS, own]})
    configured = (ConfiguredProvider(provider=BlocklistProvider()),)
    runtime = compile_policy([document], version="1", configured=configured)

    (configured,) = runtime.providers
    content = Content(subject_type="text", subject_id=new_id(), revision=1, text=TEXT)
    (signal,) = configured.provider.assess([content])
    assert {each.rule.partition("/")[0] for each in signal.matches} == {"own", "pt-insult"}


def test_own_patterns_of_options_are_limited():
    patterns = [f"a{number}" for number in range(MAX_PATTERNS + 1)]

    with pytest.raises(ValueError, match="501 patterns"):
        BlocklistProvider(rules=[OWN | {"patterns": patterns}])
