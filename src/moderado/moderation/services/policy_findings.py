"""What a version of a policy does with its own examples, and with identity sentences.

Examples are tests: a version cannot be enabled while a `must_hold` passes or a `must_pass` is
held. They are judged by the local providers, as the messages of an established member. The
exceptions of a policy (`allow`, `without`) excuse examples of the policies that it extends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.moderation.compiled import encode_thresholds
from moderado.moderation.help_lines import codes
from moderado.moderation.models import Policy, PolicyVersion
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.policies.documents import read_json
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.services.fairness import identity_sentences
from moderado.moderation.services.policy_lookup import (
    compiled,
    compiled_documents,
    runtime_of,
    versions_of,
)
from moderado.moderation.services.screening import judge
from moderado.moderation.types import AuthorFacts, Content, Outcome

MEMBER = AuthorFacts(age_days=365, approved=100)
_HELD = (Outcome.HOLD, Outcome.BLOCK)
_HOLD = "hold"  # what an example expects
FAIRNESS_LIMIT = 0.03  # share of neutral identity sentences that may be held or blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingExample:
    """An example with another outcome than its rule demands."""

    rule: str
    text: str
    expected: str  # `hold` or `pass`
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """How many neutral sentences about identities are held or blocked."""

    sentences: int
    held: int
    enabled_held: int | None  # by the version that is enabled now
    limit: float = FAIRNESS_LIMIT

    @property
    def share(self) -> float:
        return self.held / self.sentences

    @property
    def is_worse(self) -> bool:
        """Whether the share exceeds the limit and that of the enabled version."""
        before = self.enabled_held
        return self.share > self.limit and (before is None or self.held > before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in a version. `fairness` is None without sentences."""

    examples: Sequence[FailingExample] = ()
    fairness: Fairness | None = None
    mistakes: Sequence[str] = field(default_factory=tuple)


def findings_of(version: PolicyVersion) -> Findings:
    """Return what is wrong with a version, together with the policies that it extends.

    Raises:
        InvalidPolicy: This release cannot compile it: an earlier one saved it.
    """
    versions = versions_of(version)
    enabled = version.policy.enabled
    before = None
    if enabled is not None and enabled != version:
        before = runtime_of([enabled, *versions[1:]])
    return findings(compiled(versions), [read_json(each.document) for each in versions], before)


def findings_of_document(document: PolicyDocument) -> Findings:
    """Return what is wrong with a document that is not stored; what it extends is in force.

    Raises:
        NotFound: There is no policy that it extends.
        InvalidPolicy: Its rules cannot be compiled together.
    """
    below = Policy.objects.filter(name=document.extends, deleted_at=None).first()
    if document.extends is not None and below is None:
        raise NotFound
    chain = below.in_force if below else []
    stored = PolicyVersion.objects.in_bulk(chain)
    documents = [document, *(read_json(stored[each].document) for each in chain)]
    return findings(compiled_documents(documents), documents)


def findings(
    runtime: Runtime, documents: Sequence[PolicyDocument], before: Runtime | None = None
) -> Findings:
    """Return what is wrong with a compiled policy.

    Args:
        runtime: The compiled policy.
        documents: Its documents; the examples of all of them are tried.
        before: The version that is enabled now.
    """
    return Findings(
        examples=_failing_examples(runtime, documents),
        fairness=_fairness(runtime, before),
        mistakes=_mistakes(runtime),
    )


def _mistakes(compiled: Runtime) -> list[str]:
    """Return what works otherwise than the document says, or by what it does not say."""
    found = [
        gettext("provider “%(name)s” is not configured") % {"name": name}
        for name in compiled.missing
    ]
    rows = compiled.policy.thresholds.values()
    found += [
        gettext("resources “%(name)s” is unknown: %(known)s")
        % {"name": row.resources, "known": ", ".join(sorted(codes()))}
        for row in rows
        if row.resources and row.resources not in codes()
    ]
    proposed = encode_thresholds(compiled.policy.fallback)
    return found + [
        gettext("no threshold for “%(name)s”: what providers propose applies, %(steps)s")
        % {"name": name, "steps": steps}
        for name, row in proposed.items()
        if (steps := ", ".join(f"{step} {value}" for step, value in row.items()))
    ]


def _failing_examples(
    compiled: Runtime, documents: Sequence[PolicyDocument]
) -> list[FailingExample]:
    failing: list[FailingExample] = []
    for depth, document in enumerate(documents):
        found = _failing(_examples_of(document), compiled)
        if any(each.expected == _HOLD for each in found) and _have_exceptions(documents[:depth]):
            found = _without_excused(found, documents, depth)
        failing += found
    return failing


def _examples_of(document: PolicyDocument) -> list[tuple[str, str, str]]:
    return [
        (rule.id, expected, text)
        for rule in document.rules
        for expected, texts in ((_HOLD, rule.must_hold), ("pass", rule.must_pass))
        for text in texts
    ]


def _failing(examples: Sequence[tuple[str, str, str]], compiled: Runtime) -> list[FailingExample]:
    outcomes = _outcomes([text for _, _, text in examples], compiled)
    return [
        FailingExample(rule=rule, text=text, expected=expected, outcome=outcome)
        for (rule, expected, text), outcome in zip(examples, outcomes, strict=True)
        if (outcome in _HELD) != (expected == _HOLD)
    ]


def _have_exceptions(documents: Sequence[PolicyDocument]) -> bool:
    return any(each.allow or each.without for each in documents)


def _without_excused(
    failing: Sequence[FailingExample], documents: Sequence[PolicyDocument], depth: int
) -> list[FailingExample]:
    """Leave out examples that pass only by the exceptions of policies that extend theirs.

    Args:
        failing: Failing examples of one document.
        documents: The whole chain.
        depth: The place of that document in the chain.
    """
    bare = [each.model_copy(update={"allow": (), "without": ()}) for each in documents[:depth]]
    plain = compiled_documents([*bare, *documents[depth:]])
    held = [each for each in failing if each.expected == _HOLD]
    outcomes = _outcomes([each.text for each in held], plain)
    excused = [each for each, outcome in zip(held, outcomes, strict=True) if outcome in _HELD]
    return [each for each in failing if each not in excused]


def _fairness(compiled: Runtime, before: Runtime | None) -> Fairness | None:
    sentences = identity_sentences()
    if not sentences:
        return None
    return Fairness(
        sentences=len(sentences),
        held=_held(sentences, compiled),
        enabled_held=None if before is None else _held(sentences, before),
    )


def _held(texts: Sequence[str], compiled: Runtime) -> int:
    return sum(outcome in _HELD for outcome in _outcomes(texts, compiled))


def _outcomes(texts: Sequence[str], compiled: Runtime) -> list[Outcome]:
    contents = [
        Content(subject_type="text", subject_id=new_id(), revision=1, text=text, author=MEMBER)
        for text in texts
    ]
    return [verdict.outcome for verdict in judge(contents, compiled)]
