"""Gives every content the same signal: for tests, demonstrations, and rooms that only log."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from moderado.moderation.types import Category, Content, Outcome, Signal


class StaticProvider:
    """Recommends `outcome`, with `category` at `score` if a category is given."""

    remote: ClassVar[Literal[False]] = False

    def __init__(
        self,
        *,
        name: str = "static",
        outcome: str = "ALLOW",
        category: str | None = None,
        score: float = 1.0,
    ) -> None:
        self.name = name
        scores = {Category(category): float(score)} if category else {}
        self._answer = Signal(provider=name, recommendation=Outcome(outcome), scores=scores)

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [self._answer] * len(contents)
