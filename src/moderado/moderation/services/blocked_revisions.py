"""Tells which texts machines blocked, where the policy gives strikes for that."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from moderado.core.events import publish
from moderado.moderation.events import BlockedRevision, RevisionsBlocked
from moderado.moderation.services.strike_policies import strikes_under
from moderado.moderation.types import Content, Outcome, Verdict


def publish_blocked(judged: Sequence[tuple[Content, Verdict]], line_ids: Iterable[UUID]) -> None:
    """Publish the blocked ones of `judged`. Costs nothing where no policy gives strikes.

    Args:
        judged: Contents with their automatic verdicts.
        line_ids: Of the lines of the log, in the same order.
    """
    found = tuple(_blocked(judged, line_ids))
    if found:
        publish(RevisionsBlocked(blocked=found))


def _blocked(
    judged: Sequence[tuple[Content, Verdict]], line_ids: Iterable[UUID]
) -> Iterator[BlockedRevision]:
    for (content, verdict), line_id in zip(judged, line_ids, strict=True):
        if verdict.outcome is not Outcome.BLOCK or content.author_id is None:
            continue
        if not content.policy or not strikes_under(content.policy).rules.is_machine:
            continue
        yield BlockedRevision(
            line_id=line_id,
            subject_id=content.subject_id,
            revision=content.revision,
            scope_id=content.scope_id,
            author_id=content.author_id,
            policy=verdict.policy,
            category=verdict.category or "",
        )
