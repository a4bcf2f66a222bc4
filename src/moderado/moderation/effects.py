"""What follows from a rule that matched, by how the word is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moderado.moderation.types import Content, Outcome, Signal, Usage

Condition = Callable[[Content, Sequence[Signal]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What follows from a rule that matched, by how the word is used.

    Attributes:
        outcome: Of a plain use.
        aimed: Aimed at the reader; None: as a plain use. Laughter and quotation marks soften it
            to `HOLD`.
        about: Said of another person; None: as a plain use.
        quoted: At most this where the author tells what others said.
        expletive: Swearing that adds force and is said to no person; None: as a plain use.
        when: A condition on the author, the room and the signals.
    """

    outcome: Outcome
    aimed: Outcome | None = None
    about: Outcome | None = None
    quoted: Outcome = Outcome.HOLD
    expletive: Outcome | None = None
    when: Condition | None = None

    @property
    def gravest(self) -> Outcome:
        """The most that may follow, whatever the usage."""
        some = (self.outcome, self.aimed, self.about, self.expletive)
        return max((each for each in some if each is not None), key=lambda each: each.severity)

    def of(self, usage: Usage) -> Outcome:
        """Return what follows from a match that is used in this way."""
        aimed = self.outcome if self.aimed is None else self.aimed
        match usage:
            case Usage.AIMED:
                return aimed
            case Usage.JOKED | Usage.QUOTED:
                return mildest(aimed, Outcome.HOLD)
            case Usage.REPORTED:
                return mildest(self.outcome, self.quoted)
            case Usage.OWN | Usage.FOREIGN | Usage.HYPERBOLE:
                return mildest(self.outcome, Outcome.FLAG)
            case Usage.PLAIN | Usage.ABOUT | Usage.EXPLETIVE:
                own = {Usage.ABOUT: self.about, Usage.EXPLETIVE: self.expletive}.get(usage)
                return self.outcome if own is None else own


def mildest(*outcomes: Outcome) -> Outcome:
    """Return the mildest of the outcomes."""
    return min(outcomes, key=lambda outcome: outcome.severity)
