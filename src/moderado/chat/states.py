"""States of a message, the inputs that change them, and what a change requires.

Frozen values for `chat.lifecycle`, whose table says which input leads from which state to which.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from moderado.chat.events import ChangeKind, Notice
from moderado.moderation.types import Outcome


class Mode(StrEnum):
    """When a text is shown: after approval, before it, or without moderation.

    A room of mode `optimistic` has no mode here: each text has one (`services.modes`).
    """

    PRE = "pre"
    POST = "post"
    OFF = "off"


class Phase(StrEnum):
    """What holds for one revision. A new message starts without one, as ABSENT."""

    ABSENT = "ABSENT"
    PENDING = "PENDING"  # hidden, must be judged
    UNJUDGED = "UNJUDGED"  # visible, must be judged: mode `post`
    APPROVED = "APPROVED"  # visible
    HELD = "HELD"  # hidden, waits for a moderator
    REJECTED = "REJECTED"  # hidden
    REMOVED = "REMOVED"  # deleted; the row is a tombstone


VISIBLE = frozenset({Phase.UNJUDGED, Phase.APPROVED})
WAITING = frozenset({Phase.PENDING, Phase.UNJUDGED})


class State(msgspec.Struct, frozen=True):
    """The revisions in a message's row. An edit always has the higher revision number."""

    phase: Phase
    revision: int = 1
    edit: Phase | None = None  # PENDING, HELD or REJECTED
    edit_revision: int = 0
    is_published: bool = False  # whether any revision was ever visible

    @property
    def awaits(self) -> int | None:
        """The revision that must be judged next, or None: what is shown before what waits."""
        if self.phase in WAITING:
            return self.revision
        return self.edit_revision if self.edit is Phase.PENDING else None

    @property
    def is_visible(self) -> bool:
        """Whether the room sees the main revision."""
        return self.phase in VISIBLE

    @property
    def newest(self) -> int:
        """The highest revision number that the message ever had."""
        return self.edit_revision or self.revision


NEW = State(Phase.ABSENT, revision=0)


class Posted(msgspec.Struct, frozen=True):
    """The author posts the message into a room of this mode."""

    mode: Mode


class Edited(msgspec.Struct, frozen=True):
    """The author replaces the text; the room has this mode now."""

    mode: Mode


class Deleted(msgspec.Struct, frozen=True):
    """The author or a moderator of the room deletes the message."""


class Verdict(msgspec.Struct, frozen=True):
    """The automatic verdict on one revision."""

    revision: int
    outcome: Outcome


class Ruling(msgspec.Struct, frozen=True):
    """A moderator's decision on one revision: ALLOW or BLOCK.

    BLOCK also ends a held revision whose room is deleted: no moderator can decide any more.
    """

    revision: int
    outcome: Outcome


class Undone(msgspec.Struct, frozen=True):
    """A moderator takes a ruling on one revision back, soon after it.

    `phase` is that of the revision before the ruling; `was_edit`: it was an edit then.
    """

    revision: int
    phase: Phase
    was_edit: bool = False


class Restored(msgspec.Struct, frozen=True):
    """A moderator brings a deleted message back, as it was.

    `phase` and `edit` are those before the deletion; without the edit if its text was erased.
    """

    phase: Phase
    edit: Phase | None = None
    edit_revision: int = 0


Input = Posted | Edited | Deleted | Verdict | Ruling | Undone | Restored


class Decision(msgspec.Struct, frozen=True):
    """Why a verdict or ruling hides a text: a stable code, and what was found in it."""

    reason: str = ""
    categories: Sequence[str] = ()


NO_DECISION = Decision()


class Kept(msgspec.Struct, frozen=True):
    """A revision that was replaced, with its phase: PENDING, APPROVED, HELD or REJECTED."""

    revision: int
    phase: Phase


class History(msgspec.Struct, frozen=True):
    """What is known of a message beyond its row. Needed if `needs_history` says so."""

    kept: tuple[Kept, ...] = ()
    judged: frozenset[int] = frozenset()  # revisions that have a verdict or a ruling

    def acceptable_before(self, revision: int) -> int:
        """The newest earlier revision that was visible and not blocked since; 0 if none."""
        earlier = [each.revision for each in self.kept if each.revision < revision]
        return max(filter(self.is_acceptable, earlier), default=0)

    def is_acceptable(self, revision: int) -> bool:
        """Whether a kept revision was visible and was not blocked since."""
        phases = {each.phase for each in self.kept if each.revision == revision}
        return phases == {Phase.APPROVED}


NO_HISTORY = History()


class Transition(msgspec.Struct, frozen=True):
    """The next state, and what services must do about it."""

    state: State
    change: ChangeKind | None = None  # what the room sees happen
    notice: Notice | None = None  # what the author is notified of
    refused: int = 0  # the revision that the verdict or ruling hides, and that its notice is about
    keeps: tuple[Kept, ...] = ()  # revisions that leave the row
    restores: int = 0  # the kept revision that returns to the row
    rejects: int = 0  # the kept revision that is blocked from now on
    accepts: int = 0  # the kept revision that is not blocked any more
    is_applied: bool = True  # false: the input names no revision that it could change
    requeues: bool = False  # a revision must be judged that was not the awaited one before
