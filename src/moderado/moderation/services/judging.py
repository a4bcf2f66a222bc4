"""Judge texts without a subject: for other systems, for trying a policy, for audits.

Local providers answer; nothing is stored. The database is read only to find the policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.moderation.decide import CompiledPolicy
from moderado.moderation.errors import PolicyNotEnabled
from moderado.moderation.models import Policy
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.services.policy_lookup import CONFIGURED, Chain, in_force
from moderado.moderation.services.screening import judge, screen
from moderado.moderation.types import (
    SERVER,
    UNKNOWN_AUTHOR,
    AuthorFacts,
    Content,
    RoomFacts,
    Verdict,
)

TEXT = "text"  # the subject type of a text without a subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who writes the texts, and where."""

    author: AuthorFacts = UNKNOWN_AUTHOR
    room: RoomFacts = SERVER


NO_FACTS = Facts()


def judge_texts(
    texts: Sequence[str], *, policy: str | Chain | None = None, facts: Facts = NO_FACTS
) -> list[Verdict]:
    """Return one verdict for each text, in order.

    Args:
        texts: The texts; each is judged alone.
        policy: The name of a policy, or its versions; None: the one of the server. `CONFIGURED`
            reads no database.
        facts: What the policy may ask about author and room.

    Raises:
        NotFound: There is no such policy.
        PolicyNotEnabled: No version of it is enabled.
    """
    chain = policy if isinstance(policy, tuple) else chain_of(policy)
    return screen([content_of(text, facts, chain) for text in texts])


def judge_at_once(texts: Sequence[str]) -> list[Verdict]:
    """Return one verdict for each text, which cannot wait for a remote provider.

    The built-in lists judge what no local provider of the server's policy has judged.

    Args:
        texts: The texts; each is judged alone.
    """
    verdicts = judge_texts(texts)
    if all(each.signals or each.failures for each in verdicts):
        return verdicts
    return judge([content_of(text, NO_FACTS) for text in texts], _built_in_lists())


@cache
def _built_in_lists() -> Runtime:
    provider = BlocklistProvider()
    return Runtime(
        policy=CompiledPolicy(version=provider.version, rules=[provider.effects]),
        providers=(ConfiguredProvider(provider=provider),),
        conditions={},
    )


def chain_of(policy: str | None) -> Chain:
    """Return the versions in force of a named policy, or of the server's.

    Raises:
        NotFound: There is no such policy.
        PolicyNotEnabled: No version of it is enabled.
    """
    if policy is None:
        return in_force()
    if "\x00" in policy:  # no name has one, and PostgreSQL refuses to look for it
        raise NotFound
    stored = Policy.objects.filter(name=policy, deleted_at=None).first()
    if stored is None:
        raise NotFound
    if not stored.in_force:
        raise PolicyNotEnabled
    return tuple(stored.in_force)


def content_of(text: str, facts: Facts, chain: Chain = CONFIGURED) -> Content:
    """Return a text as content without a subject."""
    return Content(
        subject_type=TEXT,
        subject_id=new_id(),
        revision=1,
        text=text,
        author=facts.author,
        room=facts.room,
        policy=chain,
    )
