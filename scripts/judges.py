"""The judges that `make evaluate` compares: ours, and two public libraries in the same run."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from better_profanity import profanity
from glin_profanity import Filter

from moderado.moderation.classifier.score import Scorer
from moderado.moderation.decide import CompiledPolicy, Threshold, decide
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.providers.classifier import ClassifierProvider
from moderado.moderation.types import Category, Content, Outcome

_LANGUAGES = {"pt": "portuguese", "en": "english"}


class Judge(NamedTuple):
    """A judge by its name. A library only says yes or no: it does not decide, it flags."""

    name: str
    judge: Callable[[str], Outcome]
    decides: bool = False


def ours(name: str, *providers: Any) -> Judge:
    """Return our providers, decided by the policy that they propose."""
    thresholds: dict[Category, Threshold] = {}
    for each in providers:
        for category, row in getattr(each, "default_thresholds", {}).items():
            thresholds[Category(category)] = Threshold(**row)
    policy = CompiledPolicy(
        rules=[getattr(each, "effects", {}) for each in providers], thresholds=thresholds
    )

    def judge(text: str) -> Outcome:
        content = Content(subject_type="text", subject_id=UUID(int=0), revision=1, text=text)
        signals = [signal for each in providers for signal in each.assess([content])]
        return decide(signals, [], policy, content).outcome

    return Judge(name, judge, decides=True)


def all_judges() -> list[Judge]:
    """Return the judges, ours first, as they are configured by default."""
    lists, classifier = BlocklistProvider(), ClassifierProvider()
    glin = Filter({"languages": list(_LANGUAGES.values()), "detect_leetspeak": True})
    profanity.load_censor_words()
    return [
        ours("lists and classifier", lists, classifier),
        ours("lists", lists),
        ours("classifier", classifier),
        Judge("glin-profanity", lambda text: _flagged(glin.is_profane(text))),
        Judge("better-profanity", lambda text: _flagged(profanity.contains_profanity(text))),
    ]


def scores_of(scorer: Scorer, texts: Sequence[str]) -> list[float]:
    """Return the scores of texts."""
    return list(map(scorer.score, texts))


def _flagged(found: object) -> Outcome:
    return Outcome.FLAG if found else Outcome.ALLOW
