"""The strikes that verdicts gave or would give, for backtests."""

from collections.abc import Collection, Mapping
from functools import cache
from uuid import UUID

from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.evaluation.strikes import Strike
from moderado.moderation.services.policy_lookup import Chain
from moderado.moderation.services.strike_policies import (
    StrikePolicy,
    strikes_of_policy,
    strikes_under,
)
from moderado.moderation.services.subject_texts import Subject, authors_of
from moderado.moderation.types import Outcome, Verdict

Strikes = tuple[Strike | None, Strike | None]
_SHOWING = (Outcome.ALLOW, Outcome.FLAG)


class Striking:
    """Tells for a batch of decisions which strikes they gave, and would give.

    As decided, the policies of the decisions count, by their versions that are in force now.
    """

    def __init__(self, batch: Collection[PastDecision]) -> None:
        self._authors: Mapping[Subject, UUID] = authors_of(
            (each.subject_type, each.subject_id) for each in batch
        )
        self._named = cache(strikes_of_policy)

    def of(
        self,
        decision: PastDecision,
        verdict: Verdict,
        *,
        chain: Chain,
        ruling: Outcome | None,
    ) -> Strikes:
        """Return the strikes of a decision as it was made, and by the other verdict.

        Args:
            decision: What was decided.
            verdict: What the other policy says.
            chain: The versions that say it.
            ruling: What a person ruled: one that shows the text takes the strike away.
        """
        if ruling in _SHOWING or Outcome.BLOCK not in (decision.outcome, verdict.outcome):
            return None, None
        before = self._named(decision.policy) if decision.outcome is Outcome.BLOCK else None
        after = strikes_under(chain) if verdict.outcome is Outcome.BLOCK else None
        return (
            self._strike(decision, before, str(decision.basis.get("category") or "")),
            self._strike(decision, after, str(verdict.category or "")),
        )

    def _strike(
        self, decision: PastDecision, policy: StrikePolicy | None, category: str
    ) -> Strike | None:
        author = self._authors.get((decision.subject_type, decision.subject_id))
        if policy is None or author is None or not policy.rules.is_machine:
            return None
        return Strike(
            author=author,
            scope=decision.scope_id,
            policy=policy.name,
            rules=policy.rules,
            category=category,
            at=decision.created_at,
        )
