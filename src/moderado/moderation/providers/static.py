"""Gives every content the same answer: for tests, demonstrations, and rooms that only log."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from moderado.moderation.types import Assessment, Category, Content, Outcome


class StaticProvider:
    """Answers `outcome`, with `category` at `score` if a category is given."""

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
        categories = {Category(category): float(score)} if category else {}
        self._answer = Assessment(provider=name, outcome=Outcome(outcome), categories=categories)

    def assess(self, contents: Sequence[Content]) -> list[Assessment]:
        return [self._answer] * len(contents)
