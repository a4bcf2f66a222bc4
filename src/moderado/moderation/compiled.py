"""A policy version, compiled: the values by which `decide` decides."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from moderado.moderation.effects import Condition, Effect
from moderado.moderation.types import Category, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The scores from which on a category is flagged, held or blocked. None: never."""

    flag: float | None = None
    hold: float | None = None
    block: float | None = None
    resources: str = ""  # where the author finds help, as a code

    def crossed(self, score: float) -> tuple[Outcome, float] | None:
        """Return the severest outcome that `score` reaches, with its threshold."""
        steps = ((Outcome.BLOCK, self.block), (Outcome.HOLD, self.hold), (Outcome.FLAG, self.flag))
        for outcome, least in steps:
            if least is not None and score >= least:
                return outcome, least
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """How far a policy trusts a provider.

    Attributes:
        on_error: What a failure means: `next` (the others decide), `hold`, `reject`, or `approve`,
            which counts only without any signal or other step.
        on_unknown: `hold`: a call of unknown outcome also holds the content.
        follows: Whether a recommendation counts. It then stands in place of the thresholds.
        is_shadow: Measured and logged, without effect.
    """

    on_error: str = "next"
    on_unknown: str = "next"
    follows: bool = True
    is_shadow: bool = False


def encode_thresholds(rows: Mapping[str, Threshold]) -> dict[str, dict[str, float | str]]:
    """Return thresholds as JSON, without the steps that they do not have."""
    return {
        name: {step: value for step, value in asdict(row).items() if value not in (None, "")}
        for name, row in rows.items()
    }


def decode_thresholds(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Threshold]:
    """Return stored thresholds."""
    return {name: Threshold(**row) for name, row in stored.items()}


_ANY_PROVIDER = ProviderTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRule:
    """A rule about facts and signals instead of words, such as a flood."""

    rule: str
    condition: Condition
    category: Category
    severity: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
    """A policy version, ready to decide.

    Attributes:
        rules: What follows from a rule, by its id or by the group before the first slash. The
            first table that has the rule decides, so that a room's table overrides the server's.
        conditions: Rules that read no text.
        thresholds: By category.
        any_threshold: For categories without a row.
        fallback: By category or `any`: rows that providers propose, where the policy has none. They
            depend on the configuration, so each log line keeps those of its verdict (ADR 0070).
        exempt_roles: Roles whose messages pass. Bots are never exempt.
        reads_facts: Whether equal signals may have different verdicts, by author or room.
    """

    name: str = "default"
    version: str = ""
    rules: Sequence[Mapping[str, Effect]] = ()
    conditions: Sequence[ConditionRule] = ()
    thresholds: Mapping[Category, Threshold] = field(default_factory=dict)
    any_threshold: Threshold | None = None
    fallback: Mapping[str, Threshold] = field(default_factory=dict)
    providers: Mapping[str, ProviderTerms] = field(default_factory=dict)
    exempt_roles: frozenset[str] = frozenset()
    reads_facts: bool = False

    def effect(self, rule: str) -> Effect | None:
        """Return what follows from a rule; None if the policy does not know it."""
        group = rule.partition("/")[0]
        for table in self.rules:
            if found := table.get(rule) or table.get(group):
                return found
        return None

    def terms(self, provider: str) -> ProviderTerms:
        """Return how far `provider` is trusted."""
        return self.providers.get(provider, _ANY_PROVIDER)

    def threshold(self, category: Category) -> Threshold | None:
        """Return the row of `category`."""
        own = self.thresholds.get(category, self.any_threshold)
        if own is not None or not self.fallback:
            return own
        return self.fallback.get(category) or self.fallback.get("any")
