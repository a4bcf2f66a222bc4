"""The document of a policy, as people write it: typed and checked by pydantic."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from moderado.moderation.policies.conditions import condition
from moderado.moderation.rules import pack
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.patterns import Patterns
from moderado.moderation.types import Category

MAX_RULES = 500
MAX_WORDS = 20_000
MAX_EXAMPLES = 200
MAX_TEXT = 4_000
MAX_POINTS = 10_000  # of strikes
MAX_WEIGHT = 100
MAX_STEPS = 20
MAX_DAYS = 3_660

_KINDS = ("words", "patterns", "pack", "links", "flood", "condition")


def _absent(value: Any) -> Any:
    """YAML is read as text: `null` and nothing are no value."""
    return None if isinstance(value, str) and value.strip() in {"", "null", "~"} else value


def _checked_condition(source: str) -> str:
    condition(source)
    return source


def _is_row(name: str) -> str:
    if name != ANY and name not in set(Category):
        raise ValueError(f"a row is {ANY} or a category: {', '.join(Category)}")
    return name


ANY = "any"  # the row of categories without one
Row = Annotated[str, AfterValidator(_is_row)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=9, allow_inf_nan=False)]
Condition = Annotated[str, Field(max_length=500)]
OutcomeName = Literal["allow", "flag", "hold", "block"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
Entry = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of a document: unknown fields are mistakes, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(Part):
    """What a provider may cost. Money is written as text, so that it stays exact."""

    calls_per_day: Annotated[int | None, BeforeValidator(_absent)] = Field(default=None, ge=0)
    tokens_per_minute: Annotated[int | None, BeforeValidator(_absent)] = Field(default=None, ge=0)
    cost_per_day: Annotated[Money | None, BeforeValidator(_absent)] = None
    cost_per_call: Annotated[Money | None, BeforeValidator(_absent)] = None

    @model_validator(mode="after")
    def _limits_something(self) -> "Budget":
        if not self.model_fields_set - {"cost_per_call"}:
            raise ValueError("name calls_per_day, tokens_per_minute or cost_per_day")
        return self


class ProviderUse(Part):
    """How a configured provider takes part."""

    use: Annotated[str, StringConstraints(min_length=1, max_length=48)]
    when: Annotated[Condition | None, BeforeValidator(_absent)] = None
    on_error: Literal["next", "hold", "approve", "reject"] = "next"
    on_unknown: Annotated[Literal["next", "hold", "repeat"] | None, BeforeValidator(_absent)] = None
    recommendation: Literal["follow", "ignore"] = "follow"
    budget: Annotated[Budget | None, BeforeValidator(_absent)] = None
    shadow: bool = False
    sample: Share = 0.1  # of the decided texts, judged by a shadow

    @field_validator("when")
    @classmethod
    def _is_condition(cls, value: str | None) -> str | None:
        return value if value is None else _checked_condition(value)


class ThresholdRow(Part):
    """The scores from which on a category is flagged, held or blocked."""

    flag: Share | None = None
    hold: Share | None = None
    block: Share | None = None
    resources: Annotated[str, StringConstraints(max_length=32)] = ""

    @model_validator(mode="after")
    def _ascend(self) -> "ThresholdRow":
        steps = [each for each in (self.flag, self.hold, self.block) if each is not None]
        if steps != sorted(steps):
            raise ValueError("flag, hold and block ascend")
        return self


class Links(Part):
    """Which links a rule matches: all but those to `allow`, or those to `deny` alone."""

    allow: tuple[Entry, ...] = ()
    deny: tuple[Entry, ...] = ()


class Flood(Part):
    """How many messages of one author in one room, within so many seconds, are a flood."""

    messages: int = Field(ge=2, le=1_000)
    seconds: Literal[10, 60]

    @field_validator("seconds", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdigit() else value


class RuleGroup(Part):
    """What a rule finds, and what follows."""

    id: RuleId
    words: tuple[Entry, ...] = ()
    patterns: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = ()
    pack: Entry | None = None
    links: Annotated[Links | None, BeforeValidator(_absent)] = None
    flood: Flood | None = None
    condition: Condition | None = None
    match: Literal["word", "prefix", "anywhere", "phrase"] = "word"
    aimed_only: bool = False
    category: Category | None = None
    severity: Share | None = None
    outcome: OutcomeName | None = None
    aimed: OutcomeName | None = None
    when: Annotated[Condition | None, BeforeValidator(_absent)] = None
    must_hold: Annotated[tuple[Text, ...], Field(max_length=MAX_EXAMPLES)] = ()
    must_pass: Annotated[tuple[Text, ...], Field(max_length=MAX_EXAMPLES)] = ()
    public_examples: bool = False  # whether the page of guidelines shows `must_hold`

    @field_validator("when", "condition")
    @classmethod
    def _is_condition(cls, value: str | None) -> str | None:
        return value if value is None else _checked_condition(value)

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        check_patterns(patterns)
        return patterns

    @field_validator("pack")
    @classmethod
    def _exists(cls, name: str | None) -> str | None:
        if name is not None:
            groups_of(name)
        return name

    @model_validator(mode="after")
    def _is_whole(self) -> "RuleGroup":
        kinds = [name for name in _KINDS if getattr(self, name)]
        if self.links is not None and "links" not in kinds:
            kinds.append("links")
        if not kinds or (len(kinds) > 1 and set(kinds) != {"words", "patterns"}):
            raise ValueError(f"a rule has one of {', '.join(_KINDS)}")
        if self.pack is None and self.category is None:
            raise ValueError("category is missing")
        if self.pack is None and self.outcome is None:
            raise ValueError("outcome is missing")
        return self


class Exempt(Part):
    """Whose messages pass. Bots are never exempt."""

    roles: tuple[Literal["MEMBER", "MODERATOR", "ADMIN"], ...] = ()


class StrikeThreshold(Part):
    """The sanction that so many points lead to. Without a term, it has no end."""

    points: int = Field(ge=1, le=MAX_POINTS)
    sanction: Literal["warning", "slow", "mute", "ban"]
    term_seconds: Annotated[int | None, BeforeValidator(_absent)] = Field(
        default=None, ge=1, le=MAX_DAYS * 86_400
    )


class Strikes(Part):
    """What strikes count by category, for how long, and what they lead to."""

    window_days: int = Field(default=90, ge=1, le=MAX_DAYS)
    weights: dict[Row, Annotated[int, Field(ge=0, le=MAX_WEIGHT)]] = Field(default_factory=dict)
    thresholds: Annotated[tuple[StrikeThreshold, ...], Field(max_length=MAX_STEPS)] = ()
    machine: bool = False  # whether an automatic verdict that blocks gives a strike, too

    @model_validator(mode="after")
    def _ascend(self) -> "Strikes":
        points = [each.points for each in self.thresholds]
        if points != sorted(set(points)):
            raise ValueError("the points of thresholds ascend")
        return self


class PolicyDocument(Part):
    """A policy."""

    name: Name
    extends: Annotated[Name | None, BeforeValidator(_absent)] = None
    providers: tuple[ProviderUse, ...] | None = None
    thresholds: dict[Row, ThresholdRow] = Field(default_factory=dict)
    rules: Annotated[tuple[RuleGroup, ...], Field(max_length=MAX_RULES)] = ()
    allow: tuple[Entry, ...] = ()
    without: tuple[Entry, ...] = ()
    exempt: Exempt = Exempt()
    strikes: Annotated[Strikes | None, BeforeValidator(_absent)] = None

    @model_validator(mode="after")
    def _is_consistent(self) -> "PolicyDocument":
        ids = [rule.id for rule in self.rules]
        for each in ids:
            if ids.count(each) > 1:
                raise ValueError(f"two rules have the id {each!r}")
        uses = [each.use for each in self.providers or ()]
        for use in uses:
            if uses.count(use) > 1:
                raise ValueError(f"provider {use!r} is named twice")
        if sum(len(rule.words) for rule in self.rules) > MAX_WORDS:
            raise ValueError(f"at most {MAX_WORDS} words")
        if self.extends == self.name:
            raise ValueError("a policy does not extend itself")
        return self


def check_patterns(patterns: tuple[str, ...]) -> None:
    """Raise ValueError if RE2 refuses one of the patterns."""
    if patterns:
        group = {"id": "rule", "category": "spam", "severity": 1, "action": "hold"}
        Patterns(rules_of(group | {"patterns": list(patterns)}))


def groups_of(name: str) -> tuple[str, frozenset[str]]:
    """Return the pack of `NAME` or `NAME/PART`, and its groups that are meant.

    A part is a category or a group.

    Raises:
        ValueError: There is no such pack or part.
    """
    whole, _, part = name.partition("/")
    rules = pack.load(whole).rules
    groups = frozenset(re.split("/", rule.id, maxsplit=1)[0] for rule in rules)
    if not part:
        return whole, groups
    if part in groups:
        return whole, frozenset({part})
    found = frozenset(rule.id.partition("/")[0] for rule in rules if rule.category.value == part)
    if not found:
        raise ValueError(f"pack {whole!r} has no category or group {part!r}")
    return whole, found
