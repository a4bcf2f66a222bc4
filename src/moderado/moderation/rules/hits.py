"""A place where a rule matched."""

from dataclasses import dataclass

from moderado.moderation.rules.rule import Rule
from moderado.moderation.types import Category, Outcome, Usage


@dataclass(frozen=True, slots=True)
class Hit:
    """`rule` matched the code points `[start, end)` of the original text.

    `reading` names the disguise that was read; empty for a word as it is written. A match through
    a reading that is not `is_certain` may be chance: it holds a text at most.
    """

    rule: Rule
    start: int
    end: int
    reading: str = ""
    is_certain: bool = True
    usage: Usage = Usage.PLAIN

    @property
    def outcome(self) -> Outcome:
        return self.rule.effect.of(self.usage)

    @property
    def category(self) -> Category:
        return self.rule.category_of(self.usage)

    @property
    def severity(self) -> float:
        return self.rule.severity_of(self.usage)
