"""Evaluations: request, cancel and find them. `services.evaluation_runs` runs them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.accounts.services.client_keys import first_result
from moderado.core import clock
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.staff_actions import StaffActed
from moderado.moderation.errors import EvaluationEnded, TooManyEvaluations
from moderado.moderation.events import EvaluationQueued
from moderado.moderation.models import Evaluation, Policy, PolicyVersion
from moderado.moderation.services.evaluation_kinds import KINDS
from moderado.moderation.services.policies import get_policy, get_version

log = structlog.get_logger(__name__)

DEFAULT_SPAN = timedelta(days=30)
MAX_LIMIT = 10_000_000  # decisions
MAX_OPEN = 20  # evaluations that wait or run

State = Evaluation.State
OPEN = (State.QUEUED, State.RUNNING)
_NAMES = {"scope_id": "room"}  # of fields of `EvaluationRequest`, for people


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What to evaluate.

    Attributes:
        kind: One of `KINDS`.
        policy: The name of a policy.
        version: The number of its version; it need not be enabled.
        since: From when on decisions are read; `DEFAULT_SPAN` before `until` if None.
        until: Until when, exclusively; now if None.
        scope_id: Only decisions of this room.
        limit: Only the newest decisions, so many.
        options: What only this kind reads.
    """

    kind: str
    policy: str | None = None
    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    scope_id: UUID | None = None
    limit: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def request_evaluation(
    *, actor_id: UUID | None, request: EvaluationRequest, client_id: str | None = None
) -> Evaluation:
    """Store an evaluation and wake a worker. A repeat returns the first evaluation, as it is now.

    Args:
        actor_id: Who asks for it; None for the command line.
        request: What to evaluate.
        client_id: The actor's own id of the evaluation, for repeats.

    Raises:
        Conflict: `client_id` was used for another evaluation.
        NotFound: There is no such policy or version.
        Invalid: A field is missing or wrong.
        TooManyEvaluations: `MAX_OPEN` wait or run.
    """
    evaluation_id = new_id()
    with transaction.atomic():
        first_id = first_result(
            owner_id=actor_id,
            kind="evaluation",
            client_id=client_id,
            content=asdict(request),
            result_id=evaluation_id,
        )
        if first_id is not None:
            return get_evaluation(first_id)
        since, until = _window(request)
        policy, version = check(request)
        evaluation = Evaluation.objects.create(
            id=evaluation_id,
            kind=request.kind,
            policy=policy,
            version=version,
            since=since,
            until=until,
            scope_id=request.scope_id,
            limit=request.limit,
            options=dict(request.options),
            requested_by_id=actor_id,
        )
        publish(EvaluationQueued(evaluation_id=evaluation.id))
        _audit(actor_id, "evaluation_requested", evaluation)
    log.info("evaluation_requested", evaluation_id=str(evaluation.id), kind=request.kind)
    return evaluation


@transaction.atomic
def cancel(*, actor_id: UUID | None, evaluation_id: UUID) -> Evaluation:
    """End an evaluation that waits or runs. What it has found so far stays readable.

    Raises:
        NotFound: There is no such evaluation.
        EvaluationEnded: It has ended.
    """
    ended = Evaluation.objects.filter(pk=evaluation_id, state__in=OPEN).update(
        state=State.CANCELLED, ended_at=Now(), lease_until=None, fence=F("fence") + 1
    )
    evaluation = get_evaluation(evaluation_id)
    if not ended:
        raise EvaluationEnded
    _audit(actor_id, "evaluation_cancelled", evaluation)
    log.info("evaluation_cancelled", evaluation_id=str(evaluation_id))
    return evaluation


def _audit(actor_id: UUID | None, action: str, evaluation: Evaluation) -> None:
    publish(
        StaffActed(
            actor_id=actor_id,
            action=action,
            subject_type="evaluation",
            subject_id=evaluation.pk,
            details={"kind": evaluation.kind},
        )
    )


def get_evaluation(evaluation_id: UUID) -> Evaluation:
    """Return the evaluation. Raises NotFound."""
    found = Evaluation.objects.select_related("policy", "version__policy", "requested_by")
    evaluation: Evaluation | None = found.filter(pk=evaluation_id).first()
    if evaluation is None:
        raise NotFound
    return evaluation


def check(request: EvaluationRequest) -> tuple[Policy | None, PolicyVersion | None]:
    """Check a request without storing it.

    Returns:
        The policy and the version that it names.

    Raises:
        NotFound: There is no such policy or version.
        Invalid: A field is missing or wrong.
        TooManyEvaluations: `MAX_OPEN` wait or run.
    """
    named = _named(request)
    _check(request)
    if Evaluation.objects.filter(state__in=OPEN).count() >= MAX_OPEN:
        raise TooManyEvaluations
    return named


def _window(request: EvaluationRequest) -> tuple[datetime, datetime]:
    until = request.until or clock.estimated()
    try:
        return request.since or until - DEFAULT_SPAN, until
    except OverflowError:  # there are no times before the year 1
        return until, until


def _named(request: EvaluationRequest) -> tuple[Policy | None, PolicyVersion | None]:
    name, number = request.policy, request.version
    if name is None:
        if number is not None:
            raise Invalid(fields={"policy": _("Name the policy of this version.")})
        return None, None
    return get_policy(name), get_version(name, number) if number is not None else None


def _check(request: EvaluationRequest) -> None:
    wrong: dict[str, Any] = {}
    since, until = _window(request)
    kind = KINDS.get(request.kind)
    if kind is None:
        wrong["kind"] = _("Choose one of: %(kinds)s.") % {"kinds": ", ".join(KINDS)}
    elif kind.needs_version and request.version is None:
        wrong["version"] = _("Name a policy and the number of its version.")
    elif unknown := sorted(set(request.options) - kind.options):
        wrong[unknown[0]] = _("This kind of evaluation does not read this field.")
    elif unread := [name for name in kind.ignores if getattr(request, name) is not None]:
        wrong |= {_NAMES.get(name, name): _("This kind of evaluation does not read this field.")
                  for name in unread}  # fmt: skip
    if not 0 < request.options.get("rate", 0.5) < 1:
        wrong["rate"] = "0 < rate < 1"
    if since >= until:
        wrong["since"] = _("It must be before `until`.")
    if request.limit is not None and not 1 <= request.limit <= MAX_LIMIT:
        wrong["limit"] = _("From 1 to %(most)d.") % {"most": MAX_LIMIT}
    if wrong:
        raise Invalid(fields=wrong)
