"""The value types of moderation: plain and frozen, shared by all layers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec


def _empty_mapping() -> Mapping[Any, Any]:
    return MappingProxyType({})


class Outcome(StrEnum):
    """What happens to content, from mildest to severest."""

    ALLOW = "ALLOW"
    FLAG = "FLAG"  # visible, and a case is opened
    HOLD = "HOLD"  # waits for a moderator
    BLOCK = "BLOCK"

    @property
    def severity(self) -> int:
        """0 for ALLOW to 3 for BLOCK."""
        return _SEVERITY[self]


_SEVERITY = {outcome: severity for severity, outcome in enumerate(Outcome)}


class Category(StrEnum):
    """What content may be judged for. Every provider maps its own categories onto these."""

    PROFANITY = "profanity"  # swearing that is not aimed at a person
    INSULT = "insult"  # aimed at a person
    HARASSMENT = "harassment"
    HATE = "hate"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    THREAT = "threat"
    SELF_HARM = "self_harm"
    CHILD_SAFETY = "child_safety"  # never part of `sexual`
    EXTREMISM = "extremism"
    SPAM = "spam"
    SCAM = "scam"
    PERSONAL_DATA = "personal_data"
    ILLICIT = "illicit"


class Reason(StrEnum):
    """Why content is not shown: stable public codes for its author."""

    POLICY = "policy"  # a rule or a provider found a category; see `categories`
    REVIEW = "review"  # held for a moderator: the verdict was uncertain, or asked for review
    UNJUDGED = "unjudged"  # held because no provider could judge it
    MODERATOR = "moderator"  # a moderator ruled
    AUTHOR_REMOVED = "author_removed"  # the author was removed or deactivated while it waited
    ROOM_DELETED = "room_deleted"  # the room was deleted while it waited
    REMOVED = "removed"  # a moderator removed a text that was public: by deletion or by a ruling


class CloseReason(StrEnum):
    """Why a case was closed: its subject, a revision, ended before a moderator decided."""

    DELETED = "deleted"
    REPLACED = "replaced"  # by an edit
    ROOM_DELETED = "room_deleted"
    MERGED = "merged"  # an undone ruling opened an earlier case of the same revision again


class AuthorFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a policy may ask about an author. Unknown authors count as new ones."""

    role: str = "MEMBER"
    age_days: int = 0  # of the account
    approved: int = 0  # messages that were allowed, as far as they are counted
    strikes: int = 0
    is_bot: bool = False


AUDIENCES = ("adults", "mixed", "minors")  # whom a place is for


class RoomFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a policy may ask about the place of a text. The default is the server itself."""

    type: str = ""  # `public`, `private`
    mode: str = ""  # `pre`, `optimistic`, `post`, `off`
    audience: str = "mixed"  # of `AUDIENCES`


UNKNOWN_AUTHOR = AuthorFacts()
SERVER = RoomFacts()


MAX_CALLS = 50  # to one provider at once, of one worker process
# In a content's context: what its author wrote just before; and that others saw the text when it
# was judged, in a room where its mode does not tell.
PREVIOUS_TEXTS = "previous_texts"
WAS_SHOWN = "was_shown"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The content to judge. `scope_id` groups subjects that share moderators, such as a room."""

    subject_type: str
    subject_id: UUID
    revision: int
    text: str
    scope_id: UUID | None = None
    author_id: UUID | None = None
    author: AuthorFacts = UNKNOWN_AUTHOR
    room: RoomFacts = SERVER
    lang_hint: str = ""
    counts: Mapping[str, int] = msgspec.field(default_factory=_empty_mapping)
    # The versions of the policy in force for its room: its own, then those that it extends.
    # Empty: the policy that the configuration describes.
    policy: tuple[UUID, ...] = ()
    context: Mapping[str, Any] = msgspec.field(default_factory=_empty_mapping)


class Usage(StrEnum):
    """How a word is used where a rule matched it."""

    PLAIN = "plain"
    AIMED = "aimed"  # at the reader: "seu …", "you are such a …"
    ABOUT = "about"  # of another person: "ele é um …", "she is such a …"
    JOKED = "joked"  # aimed, with laughter
    QUOTED = "quoted"  # in quotation marks, but aimed, or without other words
    REPORTED = "reported"  # reported: "ele me chamou de …", "what does … mean"
    OWN = "own"  # of the author: "sou …", "as a …"
    FOREIGN = "foreign"  # in a text of another language
    HYPERBOLE = "hyperbole"  # a threat about something trivial: "if you forget the milk, …"
    EXPLETIVE = "expletive"  # a swear word that adds force, said to no person: "porra, que dia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule matched the code points `[start, end)` of the original text.

    What follows from the rule is the policy's business (`decide.CompiledPolicy.rules`).
    """

    start: int
    end: int
    rule: str
    category: Category
    severity: float = 1.0  # 0..1
    usage: Usage = Usage.PLAIN
    reading: str = ""  # how the text was read where it is disguised; "" as it stands
    is_certain: bool = True  # False: the reading may be chance; the text is held at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What one provider measured in one content. It decides nothing: `decide.decide` does.

    `scores` are 0..1; the policy's thresholds apply to them. A provider that cannot measure, such
    as a webhook, may recommend an outcome; the policy says how far the recommendation counts.
    """

    provider: str
    model: str = ""
    scores: Mapping[Category, float] = field(default_factory=_empty_mapping)
    matches: tuple[Match, ...] = ()
    recommendation: Outcome | None = None
    cost: float = 0.0  # in the provider's currency unit
    latency: float = 0.0  # seconds
    raw: Mapping[str, Any] = field(default_factory=_empty_mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A match in an `Assessment`. Deprecated: return a `Match`."""

    start: int
    end: int
    rule: str
    category: Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The answer of a provider written for an older release. Deprecated: return a `Signal`.

    `providers.legacy` reads it as a signal that recommends `outcome`.
    """

    provider: str
    outcome: Outcome
    model: str = ""
    categories: Mapping[Category, float] = field(default_factory=_empty_mapping)
    spans: tuple[Span, ...] = ()
    cost: float = 0.0
    latency: float = 0.0
    raw: Mapping[str, Any] = field(default_factory=_empty_mapping)


class Fault(StrEnum):
    """What is known about a call without a signal."""

    NOT_ASKED = "not_asked"  # no call was made: spent budget, open breaker, provider's rest period
    NOT_DONE = "not_done"  # certainly not carried out
    BUSY = "busy"  # certainly not carried out; the provider asks for a rest period
    EXHAUSTED = "exhausted"  # certainly not carried out; the quota is spent, so a retry is futile
    UNKNOWN = "unknown"  # may have been carried out and billed
    NO_OPINION = "no_opinion"  # answered without a signal
    ABSTAINED = "abstained"  # answered that it has none for this text


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A provider without a signal. Logged with the verdict, never read as one.

    `retry_after`: seconds after which this content may be sent again; None: not again.
    """

    provider: str
    error: str
    fault: Fault = Fault.UNKNOWN
    latency: float = 0.0  # seconds
    retry_after: float | None = None


class Ground(StrEnum):
    """What kind of step decided a verdict."""

    NOTHING = "nothing"  # nothing was found
    RULE = "rule"
    THRESHOLD = "threshold"
    RECOMMENDATION = "recommendation"
    FAILURE = "failure"  # of a provider, by the policy's rule for it
    EXEMPT = "exempt"  # the author's role is exempt
    UNJUDGED = "unjudged"  # no provider gave a signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The step that decided: which rule, or which score and threshold."""

    ground: Ground = Ground.NOTHING
    provider: str = ""
    rule: str = ""
    category: Category | None = None
    score: float | None = None
    threshold: float | None = None


NO_BASIS = Basis()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The policy's decision.

    `categories` are those that were found: of rules that matched, of scores beyond a threshold and
    of recommendations that count. `score` is the highest of them, 0..1.
    """

    outcome: Outcome
    score: float = 0.0
    categories: Mapping[Category, float] = field(default_factory=_empty_mapping)
    reason: Reason | None = None  # None when the content is shown
    policy: str = ""  # its name
    policy_version: str = ""
    decided_by: str = ""  # the deciding step: a provider's name, `unjudged`, `off`, …
    basis: Basis = NO_BASIS
    signals: tuple[Signal, ...] = ()
    consequences: tuple[Outcome, ...] = ()  # of each match, in the order of the signals
    resources: str = ""  # where the author finds help, as a code
    fallback: Mapping[str, Any] = field(default_factory=_empty_mapping)  # rows besides the policy's
    failures: tuple[Failure, ...] = ()

    def matches(self) -> Iterator[tuple[str, Match, Outcome]]:
        """Yield each match with its provider and what followed from it."""
        found = [(each.provider, match) for each in self.signals for match in each.matches]
        for (provider, match), outcome in zip(found, self.consequences, strict=True):
            yield provider, match, outcome

    @property
    def category(self) -> Category | None:
        """The category that decided; the highest one where no category did."""
        if self.basis.category is not None:
            return self.basis.category
        return max(self.categories, key=self.categories.__getitem__, default=None)
