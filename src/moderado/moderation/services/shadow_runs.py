"""Lets shadows judge a sample of what the log says was decided and delivered.

Nothing here runs before a verdict is committed, in its transaction, or with a lock that judging
needs. One process at a time looks for new lines, for a fraction of a second. Remote calls are made
in the background, with a budget and a breaker of their own, and at most once: a call of a worker
that died is not repeated.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from itertools import count
from uuid import UUID

import msgspec
import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import Q

from moderado.core import clock
from moderado.moderation.models import (
    ModerationLog,
    Policy,
    ProviderCall,
    ShadowProgress,
    ShadowResult,
)
from moderado.moderation.services import ledger
from moderado.moderation.services.event_loop import provider_loop
from moderado.moderation.services.ledger import Call
from moderado.moderation.services.policy_lookup import runtime
from moderado.moderation.services.sampling import is_drawn
from moderado.moderation.services.screening import call_provider
from moderado.moderation.services.shadows import (
    Comparison,
    Shadow,
    begin,
    result_of,
    shadowed_policies,
    shadows_of,
)
from moderado.moderation.services.subject_texts import texts_of
from moderado.moderation.types import AuthorFacts, Content, Failure, RoomFacts, Signal

log = structlog.get_logger(__name__)

LAG = timedelta(seconds=3)  # lines of transactions that last longer are left out of the sample
OLDEST = timedelta(minutes=10)  # lines that waited longer are left out
LINES = 500  # read at once
TIME = 0.25  # seconds of measuring in one run
IN_FLIGHT = 32  # comparisons of one process that wait for calls

_waiting: "set[Future[None]]" = set()


def run_shadows() -> int:
    """Compare the next decided texts with what the shadows say.

    Returns:
        How many comparisons were begun.
    """
    policies = shadowed_policies()
    if not policies:
        return 0
    with transaction.atomic():
        progress = _locked_progress()
        if progress is None:
            return 0
        begun = _begin_new(progress, policies)
        _reserve(begun)
        _store([each for each in begun if not each.calls])
    for each in begun:
        if each.calls:
            _ask(each)
    if begun:
        log.debug("shadows_compared", comparisons=len(begun))
    return len(begun)


def wait_for_calls(seconds: float = 10) -> None:
    """Wait until the calls of this process are answered and stored."""
    for each in list(_waiting):
        each.result(seconds)


def _locked_progress() -> ShadowProgress | None:
    """Lock the progress; None if another process has it."""
    start = clock.estimated() - LAG
    ShadowProgress.objects.bulk_create(
        [ShadowProgress(pk=1, at=start, line_id=UUID(int=0))], ignore_conflicts=True
    )
    rows = ShadowProgress.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    found = rows.filter(pk=1).first()
    if found is not None and found.at < clock.estimated() - OLDEST:
        found.at, found.line_id = start, UUID(int=0)
    return found


def _begin_new(progress: ShadowProgress, policies: Sequence[Policy]) -> list[Comparison]:
    """Begin comparisons until time or room for calls runs out; move the progress on."""
    deadline = time.monotonic() + TIME
    shadows = {policy.name: (policy, shadows_of(policy)) for policy in policies}
    begun: list[Comparison] = []
    while lines := _next_lines(progress, list(shadows)):
        drawn = [(line, each) for line in lines for each in _drawn(line, *shadows[line.policy])]
        if not _begin_each(drawn, progress, begun, deadline):
            break
        progress.at, progress.line_id = lines[-1].created_at, lines[-1].id
    progress.save(force_update=True)
    return begun


def _begin_each(
    drawn: Sequence[tuple[ModerationLog, Shadow]],
    progress: ShadowProgress,
    begun: list[Comparison],
    deadline: float,
) -> bool:
    """Add the comparisons of these lines to `begun`. False: time or room for calls ran out."""
    texts = texts_of((line.subject_type, line.subject_id, line.revision) for line, _ in drawn)
    for line, shadow in drawn:
        asking = len(_waiting) + sum(bool(each.wanted) for each in begun)
        if time.monotonic() > deadline or asking >= IN_FLIGHT:
            return False
        text = texts.get((line.subject_type, line.subject_id, line.revision))
        one = begin(shadow, line, content_of(line, text)) if text else None
        if one is not None:
            begun.append(one)
        progress.at, progress.line_id = line.created_at, line.id
    return time.monotonic() <= deadline


def _next_lines(progress: ShadowProgress, policies: Sequence[str]) -> list[ModerationLog]:
    after = Q(created_at__gt=progress.at) | Q(created_at=progress.at, id__gt=progress.line_id)
    lines = ModerationLog.objects.filter(
        after,
        created_at__gte=progress.at,
        created_at__lte=clock.estimated() - LAG,
        actor=None,
        policy__in=policies,
    )
    return list(lines.order_by("created_at", "id")[:LINES])


def _drawn(line: ModerationLog, policy: Policy, shadows: Sequence[Shadow]) -> list[Shadow]:
    """Return the shadows whose sample has this line; none if another version decided it."""
    if line.policy_version != runtime(tuple(policy.in_force)).policy.version:
        return []
    return [
        each
        for each in shadows
        if is_drawn(each.purpose, line.subject_id, line.revision, each.rate)
    ]


def content_of(line: ModerationLog, text: str) -> Content:
    """Return what was judged, with the facts as they were known then."""
    return Content(
        subject_type=line.subject_type,
        subject_id=line.subject_id,
        revision=line.revision,
        text=text,
        scope_id=line.scope_id,
        author=msgspec.convert(line.facts.get("author", {}), AuthorFacts),
        room=msgspec.convert(line.facts.get("room", {}), RoomFacts),
        counts=line.facts.get("counts", {}),
    )


def _reserve(begun: Sequence[Comparison]) -> None:
    wanted = [(each, configured) for each in begun for configured in each.wanted]
    known = ledger.reserve(
        [(each.content, configured) for each, configured in wanted],
        purpose=ProviderCall.Purpose.SHADOW,
    )
    made: dict[int, list[Call]] = {}
    for (each, _), found in zip(wanted, known, strict=True):
        if isinstance(found, Call):
            made.setdefault(id(each), []).append(found)
        else:
            each.answers.append(found)
    for each in begun:
        each.calls = made.get(id(each), [])


def _ask(one: Comparison) -> None:
    """Make the calls without waiting for them; the last answer stores the comparison."""
    answers = [
        asyncio.run_coroutine_threadsafe(call_provider(call), provider_loop()) for call in one.calls
    ]
    stored: Future[None] = Future()
    _waiting.add(stored)
    left = count(len(answers) - 1, -1)  # one atomic step for each answer

    def answered(_: object) -> None:
        if next(left) == 0:
            _writer().submit(_finish, one, answers, stored)

    for each in answers:
        each.add_done_callback(answered)


def _finish(
    one: Comparison, answers: "Sequence[Future[Signal | Failure]]", stored: "Future[None]"
) -> None:
    """Record the answers and the verdict of the shadow, in the thread that writes."""
    try:
        close_old_connections()
        found = [each.result() for each in answers]
        ledger.settle(zip(one.calls, found, strict=True))
        one.answers += found
        _store([one])
    except Exception:
        log.exception("shadow_lost", policy=one.shadow.policy.name)
    finally:
        connection.close()
        _waiting.discard(stored)
        stored.set_result(None)


@cache
def _writer() -> ThreadPoolExecutor:
    """Return the thread that stores answers; created after the worker process was forked."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="shadows")


def _store(finished: Sequence[Comparison]) -> None:
    if finished:
        rows = [result_of(each) for each in finished]
        ShadowResult.objects.bulk_create(rows, ignore_conflicts=True)
