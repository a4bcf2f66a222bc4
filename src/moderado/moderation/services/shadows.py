"""Which shadows a policy has, and how one judges a text that was decided already.

A shadow is a provider with `shadow: true`, or a version named as the shadow of the enabled one. It
has no effect: no verdict, case or notice follows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from moderado.core.errors import Invalid
from moderado.moderation.decide import decide
from moderado.moderation.models import ModerationLog, Policy, PolicyChange, ShadowResult
from moderado.moderation.policies.compile import MISSING, Runtime, fallback_of
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import ConfiguredProvider, is_local
from moderado.moderation.services.ledger import Call
from moderado.moderation.services.policies import get_policy, get_version, lock_policies
from moderado.moderation.services.policy_history import record_change
from moderado.moderation.services.policy_lookup import runtime
from moderado.moderation.signals import decode, encode_measured
from moderado.moderation.types import Content, Failure, Fault, Signal

# Policies in force with a shadow version, or with a document whose providers have a shadow.
_SHADOWED = """
    SELECT id FROM moderation_policy policy
     WHERE deleted_at IS NULL AND in_force <> '{}'
       AND (shadow_id <> enabled_id OR EXISTS (
            SELECT 1 FROM moderation_policyversion version
             WHERE version.id = ANY (policy.in_force)
               AND version.document @? '$.providers[*].shadow ? (@ == true)'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A shadow of a policy: one of its providers, or another version.

    Attributes:
        policy: The policy.
        provider: The provider, or empty.
        version: The number of the version, or empty.
        rate: The share of the decided texts that it judges.
        runtime: What measures and decides in it.
    """

    policy: Policy
    provider: str = ""
    version: str = ""
    rate: float
    runtime: Runtime

    @property
    def purpose(self) -> str:
        """Name the sample, so that each shadow draws its own."""
        return f"shadow.{self.policy.name}.{self.provider}.{self.version}"


@dataclass(slots=True)
class Comparison:
    """A decided text before a shadow: what it measured so far, and calls to make."""

    shadow: Shadow
    line: ModerationLog
    content: Content
    answers: list[Signal | Failure]
    wanted: Sequence[ConfiguredProvider] = ()
    calls: Sequence[Call] = ()


def choose_shadow(
    *, actor_id: UUID | None, name: str, number: int | None, sample: float, reason: str = ""
) -> Policy:
    """Let a version judge a sample beside the enabled one. None ends it.

    Raises:
        NotFound: There is no such policy or version.
        Invalid: The version is enabled, or the share is not within 0..1.
    """
    if not 0 < sample <= 1:
        raise Invalid(fields={"sample": _("A share is more than 0 and at most 1.")})
    version = None if number is None else get_version(name, number)
    with transaction.atomic():
        lock_policies()
        policy = get_policy(name)
        if version is not None and version == policy.enabled:
            raise Invalid(fields={"version": _("This version is enabled: it decides already.")})
        policy.shadow, policy.shadow_sample = version, sample
        policy.save(update_fields=["shadow", "shadow_sample"])
        record_change(
            policy,
            PolicyChange.Action.SHADOWED,
            actor_id=actor_id,
            reason=reason,
            version=version,
            details={"sample": sample} if version else {},
        )
    return policy


def shadowed_policies() -> list[Policy]:
    """Return the policies in force that have a shadow."""
    with connection.cursor() as cursor:
        cursor.execute(_SHADOWED)
        ids = [row[0] for row in cursor.fetchall()]
    found = Policy.objects.filter(pk__in=ids) if ids else Policy.objects.none()
    return list(found.select_related("enabled", "shadow"))


def shadows_of(policy: Policy) -> list[Shadow]:
    """Return the shadows of a policy in force."""
    chain = tuple(policy.in_force)
    deciding = runtime(chain)
    found = [
        Shadow(policy=policy, provider=each.name, rate=rate, runtime=_alone(deciding, each))
        for each, rate in deciding.shadows
    ]
    if policy.shadow is not None and policy.shadow_id != policy.enabled_id:
        found.append(
            Shadow(
                policy=policy,
                version=str(policy.shadow.number),
                rate=policy.shadow_sample,
                runtime=runtime((policy.shadow.id, *chain[1:])),
            )
        )
    return found


def begin(shadow: Shadow, line: ModerationLog, content: Content) -> Comparison | None:
    """Measure what needs no call; None if the shadow's own condition does not ask for this text."""
    stored = _stored_signals(line)
    one = Comparison(shadow, line, content, [])
    one.answers += [
        Failure(provider=name, error=MISSING, fault=Fault.NOT_ASKED)
        for name in shadow.runtime.missing
        if not shadow.provider
    ]
    wanted = []
    for configured in sorted(shadow.runtime.providers, key=lambda each: each.provider.remote):
        seen = list(stored.values()) if shadow.provider else _signals(one)
        when = shadow.runtime.conditions.get(configured.name)
        if when is not None and not when(content, seen):
            continue
        provider = configured.provider
        if is_local(provider):
            one.answers += calls.assess_locally(configured, provider, [content])
        elif not shadow.provider and configured.name in stored:
            one.answers.append(stored[configured.name])  # bought already
        elif not shadow.provider and (failed := _stored_failure(line, configured.name)):
            one.answers.append(failed)
        else:
            wanted.append(configured)
    one.wanted = wanted
    return one if one.answers or wanted else None


def result_of(one: Comparison) -> ShadowResult:
    """Return what the shadow would have decided, as a row that is not stored yet."""
    signals = _signals(one)
    failures = [each for each in one.answers if isinstance(each, Failure)]
    verdict = decide(signals, failures, one.shadow.runtime.policy, one.content)
    silent = next((each.error for each in failures), "") if not signals else ""
    line = one.line
    return ShadowResult(
        policy=one.shadow.policy.name,
        policy_version=line.policy_version,
        provider=one.shadow.provider,
        version=one.shadow.version,
        line_id=line.id,
        subject_type=line.subject_type,
        subject_id=line.subject_id,
        revision=line.revision,
        scope_id=line.scope_id,
        decided=line.verdict,
        decided_categories=sorted(line.categories),
        outcome="" if silent else verdict.outcome.value,
        categories=[] if silent else sorted(each.value for each in verdict.categories),
        score=verdict.score,
        signals={each.provider: encode_measured(each) for each in signals},
        error=silent,
        latency=sum(each.latency for each in one.answers),
        cost=sum(each.cost for each in signals),
    )


def _alone(deciding: Runtime, shadow: ConfiguredProvider) -> Runtime:
    """Return a runtime in which the shadow alone decides, by the terms of the policy."""
    terms = replace(deciding.policy.terms(shadow.name), is_shadow=False)
    own = deciding.conditions.get(shadow.name)
    return Runtime(
        policy=replace(
            deciding.policy,
            providers={**deciding.policy.providers, shadow.name: terms},
            conditions=(),
            fallback=fallback_of([shadow], deciding.policy),
        ),
        providers=(shadow,),
        conditions={shadow.name: own} if own else {},
    )


def _signals(one: Comparison) -> list[Signal]:
    return [each for each in one.answers if isinstance(each, Signal)]


def _stored_signals(line: ModerationLog) -> dict[str, Signal]:
    return {
        provider: decode(
            provider,
            {**numbers, "matches": [m for m in line.matches if m.get("provider") == provider]},
        )
        for provider, numbers in line.signals.items()
    }


def _stored_failure(line: ModerationLog, provider: str) -> Failure | None:
    for each in line.failures:
        if each["provider"] == provider:
            fault = Fault(each.get("fault", Fault.UNKNOWN))
            return Failure(provider=provider, error=each["error"], fault=fault)
    return None
