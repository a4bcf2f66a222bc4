"""The evaluation `replay`: every stored decision is decided again, from its stored signals.

The same signals and facts give the same verdict under the same policy version. Any difference is a
fault: a line that was changed, or a decision that depended on something that is not stored.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from moderado.moderation import registry
from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.evaluation.replay import decided_again, differences, other_lists
from moderado.moderation.evaluation.steps import Place, Step, place_of
from moderado.moderation.models import ErasableText, Evaluation, Policy, PolicyVersion
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.services.past_decisions import count, decisions
from moderado.moderation.services.policy_lookup import runtime
from moderado.moderation.services.recording import verdict_columns

MAX_EXAMPLES = 50

EQUAL = "equal"
DIFFERENT = "different"
ERASED = "erased"
UNREPLAYABLE = "unreplayable"

# Why a line cannot be decided again.
NO_POLICY = "no_policy"  # decided without a policy: a room without moderation, an older release
RESTRICTION = "restriction"  # of the chat: a text blocked before, an author who was removed
UNKNOWN_VERSION = "unknown_version"  # of a policy, or of the configuration of that time
OTHER_LISTS = "other_lists"  # its lists have other rules today
MISSING_FACTS = "missing_facts"  # an older release did not store what a condition reads

_RESTRICTIONS = frozenset({"blocked_before", "ordered_removal", "author_removed", "room_deleted"})


def run(evaluation: Evaluation, state: Mapping[str, Any]) -> Iterator[Step]:
    """Replay the decisions of an evaluation; with a policy, only those that it decided."""
    tally = _Tally(state)
    runtimes = Runtimes()
    total = state["total"] if state else count(evaluation)
    place = place_of(state.get("place"))
    done = state.get("done", 0)
    for batch in decisions(evaluation, place):
        erased = _erased(batch)
        for decision in batch:
            if decision.id in erased and _is_wanted(decision, evaluation):
                tally.add(decision, ERASED, [])
            elif _is_wanted(decision, evaluation):
                tally.add(decision, *replay(decision, runtimes))
        done += len(batch)
        where = Place(batch[-1].created_at, batch[-1].id).stored()
        stored = tally.state() | {"done": done, "total": total, "place": where}
        yield Step(done=done, total=total, state=stored, results=tally.results())
    yield Step(done=done, total=total, state=state, results=tally.results(), is_last=True)


class _Tally:
    """Counts what was found, from the state of the last step on."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._counts = Counter(state.get("counts", {}))
        self._causes = Counter(state.get("causes", {}))
        self._examples: list[dict[str, Any]] = list(state.get("examples", ()))

    def add(self, decision: PastDecision, found: str, why: Sequence[str]) -> None:
        self._counts[found] += 1
        if found == UNREPLAYABLE:
            self._causes[why[0]] += 1
        if found == DIFFERENT and len(self._examples) < MAX_EXAMPLES:
            self._examples.append(_example(decision, why))

    def state(self) -> dict[str, Any]:
        return {"counts": self._counts, "causes": self._causes, "examples": self._examples}

    def results(self) -> dict[str, Any]:
        return {
            "decisions": self._counts.total(),
            EQUAL: self._counts[EQUAL],
            "differences": self._counts[DIFFERENT],
            ERASED: self._counts[ERASED],
            UNREPLAYABLE: self._counts[UNREPLAYABLE],
            "causes": dict(self._causes),
            "examples": self._examples,
        }


def replay(decision: PastDecision, runtimes: "Runtimes") -> tuple[str, Sequence[str]]:
    """Decide a stored decision again.

    Returns:
        `EQUAL`; `DIFFERENT` with the columns that differ; `UNREPLAYABLE` with the cause.
    """
    if not decision.policy:
        return UNREPLAYABLE, [NO_POLICY]
    if decision.decided_by in _RESTRICTIONS:
        return UNREPLAYABLE, [RESTRICTION]
    compiled = runtimes.named(decision.policy, decision.policy_version)
    if compiled is None:
        return UNREPLAYABLE, [UNKNOWN_VERSION]
    if "length" not in decision.facts and compiled.names & {"length", "counts"}:
        return UNREPLAYABLE, [MISSING_FACTS]
    verdict = decided_again(decision, compiled)
    changed = list(differences(decision, verdict, verdict_columns))
    if changed and other_lists(decision, compiled):
        return UNREPLAYABLE, [OTHER_LISTS]
    return (DIFFERENT if changed else EQUAL), changed


def _erased(batch: Sequence[PastDecision]) -> set[UUID]:
    """Return the decisions whose texts, such as answers of providers, were erased."""
    with_texts = [each.id for each in batch if each.commitment is not None]
    erased = ErasableText.objects.filter(pk__in=with_texts, erased_at__isnull=False)
    return set(erased.values_list("id", flat=True)) if with_texts else set()


class Runtimes:
    """Finds what decided, by the names in the log; remembers it for one slice."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Runtime | None] = {}

    def named(self, policy: str, version: str) -> Runtime | None:
        """Return what decided under these names; None if it is not known any more.

        Args:
            policy: The name of a policy.
            version: As the log names it (`policy_lookup.version_name`), or the digest of a
                configuration.
        """
        key = (policy, version)
        if key not in self._found:
            self._found[key] = self._look_up(policy, version)
        return self._found[key]

    def _look_up(self, policy: str, version: str) -> Runtime | None:
        configured = registry.configured_policy()
        if (policy, version) == (configured.name, configured.version):
            return runtime(())
        chain = _chain_of(policy, version)
        return runtime(chain) if chain else None


def _chain_of(policy: str, version: str) -> tuple[UUID, ...]:
    """Return the ids of the versions that a line names; empty if one does not exist."""
    own: Policy | None = Policy.objects.filter(name=policy).first()
    chain: list[UUID] = []
    for number in version.split("/"):
        if own is None or not number.isdecimal():
            return ()
        if number != "0":  # a policy of which no version was enabled
            found = PolicyVersion.objects.filter(policy=own, number=number).first()
            if found is None:
                return ()
            chain.append(found.id)
        own = own.extends
    return tuple(chain)


def _is_wanted(decision: PastDecision, evaluation: Evaluation) -> bool:
    if evaluation.policy is None:
        return True
    number = evaluation.version.number if evaluation.version else None
    own = decision.policy_version.partition("/")[0]
    return decision.policy == evaluation.policy.name and number in (None, _number(own))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _example(decision: PastDecision, changed: Sequence[str]) -> dict[str, Any]:
    return {
        "log": str(decision.id),
        "subject_type": decision.subject_type,
        "subject": str(decision.subject_id),
        "revision": decision.revision,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "differs": list(changed),
    }
