"""The evaluation `backtest`: another version of a policy judges past texts, at no provider's cost.

Local providers measure the stored texts again. Where the version asks a remote provider, its stored
answer counts; without one the text is left out and counted, because no answer is bought.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDay, TruncHour

from moderado.moderation.evaluation.backtest import Tally
from moderado.moderation.evaluation.consequences import DAY, HOUR, MOST_HOURS, Judged, bucket
from moderado.moderation.evaluation.past import PastDecision, content_of
from moderado.moderation.evaluation.steps import Place, Step, place_of
from moderado.moderation.models import Case, Evaluation, ModerationLog
from moderado.moderation.restricted_cases import unrestricted_texts
from moderado.moderation.services.evaluation_places import Places
from moderado.moderation.services.evaluation_strikes import Striking
from moderado.moderation.services.past_decisions import count, decisions
from moderado.moderation.services.past_judging import Past, judge_again
from moderado.moderation.services.policy_lookup import Chain, runtime
from moderado.moderation.services.subject_texts import previous_texts_of, texts_of
from moderado.moderation.types import PREVIOUS_TEXTS, Outcome

RESTRICTIONS = frozenset({"blocked_before", "ordered_removal", "author_removed", "room_deleted"})

# Why a decision is not judged again.
ERASED = "erased"  # its text was erased
ELSEWHERE = "elsewhere"  # another policy is in force for its room
RESTRICTION = "restriction"  # of the chat, which no policy changes
NO_POLICY = "no_policy"  # a room without moderation
MISSING_FACTS = "missing_facts"  # no policy read them then: counts, approved messages

_OPENED_BY_VERDICTS = (Case.Origin.HOLD, Case.Origin.FLAG)

Ruling = tuple[Outcome, datetime]


def run(evaluation: Evaluation, state: Mapping[str, Any]) -> Iterator[Step]:
    """Judge the past decisions of an evaluation by its version."""
    version = evaluation.version
    assert version is not None, "the kind needs one"
    unit = HOUR if evaluation.until - evaluation.since <= MOST_HOURS else DAY
    tally = Tally(state.get("tally", {}), unit)
    places = Places(version)
    total = state["total"] if state else count(evaluation)
    place = place_of(state.get("place"))
    done = state.get("done", 0)
    for batch in decisions(evaluation, place):
        _judge(batch, places, tally)
        done += len(batch)
        where = Place(batch[-1].created_at, batch[-1].id).stored()
        stored = {"tally": tally.state(), "done": done, "total": total, "place": where}
        yield Step(done=done, total=total, state=stored, results=tally.results())
    results = tally.results()
    results["consequences"]["queue"] = _queue(evaluation, places, tally, unit)
    yield Step(done=done, total=total, state=state, results=results, is_last=True)


def _judge(batch: Sequence[PastDecision], places: Places, tally: Tally) -> None:
    groups: dict[Chain, list[PastDecision]] = {}
    texts = texts_of(each.subject for each in batch)
    for decision in batch:
        chain = places.chain_of(decision)
        if cause := _obstacle(decision, chain, texts):
            tally.skip(cause)
        elif chain is not None:
            groups.setdefault(chain, []).append(decision)
    rulings = _rulings([each for group in groups.values() for each in group])
    previous = previous_texts_of(each.subject for group in groups.values() for each in group)
    striking = Striking(batch)
    for chain, group in groups.items():
        past = [
            _past(each, texts[each.subject], previous.get(each.subject), chain) for each in group
        ]
        for decision, again in zip(group, judge_again(past, runtime(chain)), strict=True):
            if again.unknown:
                tally.unknown(again.unknown)
                continue
            ruling = rulings.get(decision.subject)
            judged = Judged(
                decision=decision,
                outcome=again.verdict.outcome,
                cost=sum(each.cost for each in again.verdict.signals),
                ruling=ruling,
                strikes=striking.of(
                    decision, again.verdict, chain=chain, ruling=ruling[0] if ruling else None
                ),
            )
            tally.add(judged, again.verdict)


def _past(decision: PastDecision, text: str, previous: Sequence[str] | None, chain: Chain) -> Past:
    context = {PREVIOUS_TEXTS: tuple(previous)} if previous else {}
    return Past(decision, content_of(decision, text, policy=chain, context=context))


def _obstacle(decision: PastDecision, chain: Chain | None, texts: Mapping[Any, str]) -> str:
    if not decision.policy:
        return NO_POLICY
    if decision.decided_by in RESTRICTIONS:
        return RESTRICTION
    if chain is None:
        return ELSEWHERE
    if decision.subject not in texts:
        return ERASED
    known = {*decision.facts, *decision.facts.get("author", {})}
    return "" if runtime(chain).reads <= known else MISSING_FACTS


def _rulings(batch: Sequence[PastDecision]) -> dict[tuple[str, UUID, int], Ruling]:
    """Return what people ruled on these revisions; the last ruling counts."""
    lines = ModerationLog.objects.filter(
        actor__isnull=False, subject_id__in=[each.subject_id for each in batch]
    )
    columns = ("subject_type", "subject_id", "revision", "verdict", "created_at")
    return {
        (kind, subject_id, revision): (Outcome(verdict), at)
        for kind, subject_id, revision, verdict, at in lines.order_by("created_at").values_list(
            *columns
        )
    }


def _queue(evaluation: Evaluation, places: Places, tally: Tally, unit: str) -> dict[str, Any]:
    """Return the queue by hour, with the decisions that moderators made in that time.

    What leaves the queue is counted among the cases that enter it: those that verdicts opened,
    where the version would judge.
    """
    opened = Case.objects.filter(
        places.rooms(),
        origin__in=_OPENED_BY_VERDICTS,
        sampling=None,  # not drawn from allowed texts
    )
    cases = unrestricted_texts(opened)
    if evaluation.scope_id is not None:
        cases = cases.filter(scope_id=evaluation.scope_id)
    older = cases.filter(created_at__lt=evaluation.since)
    waiting = older.exclude(decided_at__lt=evaluation.since).exclude(closed_at__lt=evaluation.since)
    return tally.cases.queue(
        _ended(cases.filter(state=Case.State.DECIDED), "decided_at", evaluation, unit),
        _ended(cases.filter(state=Case.State.CLOSED), "closed_at", evaluation, unit),
        waiting.count(),
    )


def _ended(
    cases: "QuerySet[Case]", column: str, evaluation: Evaluation, unit: str
) -> dict[str, int]:
    """Return how many cases ended within the window, by the beginning of the hour or day."""
    window = {f"{column}__gte": evaluation.since, f"{column}__lt": evaluation.until}
    truncate: Any = TruncHour if unit == HOUR else TruncDay
    rows = cases.filter(**window).annotate(at=truncate(column)).values_list("at")
    return {bucket(at, unit): number for at, number in rows.annotate(Count("pk")).order_by("at")}
