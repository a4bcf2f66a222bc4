"""Bounds what reading one text through its disguises costs, whatever the text and the list."""

# Of one text. The texts of no language and no program come near (ADR 0101).
MOST_READINGS = 60_000
MOST_STEPS = 30_000


class Work:
    """What the disguises of one text have cost.

    Counted, not timed: a text is judged alike on every machine. What is remembered of earlier texts
    counts as if it were read again.

    Attributes:
        readings: Beginnings of words that pieces with signs were read as.
        steps: Of the walks that look for the words of which others may be misspellings.
    """

    __slots__ = ("readings", "steps")

    def __init__(self) -> None:
        self.readings = self.steps = 0

    @property
    def is_spent(self) -> bool:
        """Whether the rest of the text is not to be read through its disguises."""
        return self.readings > MOST_READINGS or self.steps > MOST_STEPS

    @property
    def done(self) -> tuple[int, int]:
        """What may be remembered, so that it can be added again."""
        return self.readings, self.steps

    def add(self, readings: int, steps: int) -> None:
        """Count what was remembered."""
        self.readings += readings
        self.steps += steps

    def since(self, readings: int, steps: int) -> tuple[int, int]:
        """Return what has been done since `done` was read."""
        return self.readings - readings, self.steps - steps
