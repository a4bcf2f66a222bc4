"""The document of a policy, as people write it: typed and checked by pydantic."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from moderado.moderation.policies.fields import (
    Condition,
    Entry,
    Exempted,
    Language,
    MayBeAbsent,
    Money,
    Name,
    OutcomeName,
    Pack,
    Pattern,
    ProviderName,
    Resources,
    Row,
    RuleId,
    Share,
    Surrounding,
    Text,
    Word,
)
from moderado.moderation.rules.group import MAX_PATTERNS, alternatives
from moderado.moderation.types import Category

MAX_RULES = 500
MAX_WORDS = 20_000
MAX_EXAMPLES = 200
MAX_POINTS = 10_000  # of strikes
MAX_WEIGHT = 100
MAX_STEPS = 20
MAX_DAYS = 3_660

# What only words and patterns have.
_OF_WORDS = ("about", "quoted", "expletive", "language", "unless", "reclaimed", "native", "acronym")
_KINDS = ("words", "patterns", "pack", "links", "flood", "condition")


class Part(BaseModel):
    """A part of a document: unknown fields are mistakes, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(Part):
    """What a provider may cost. Money is written as text, so that it stays exact."""

    calls_per_day: Annotated[int | None, MayBeAbsent] = Field(default=None, ge=0)
    tokens_per_minute: Annotated[int | None, MayBeAbsent] = Field(default=None, ge=0)
    cost_per_day: Annotated[Money | None, MayBeAbsent] = None
    cost_per_call: Annotated[Money | None, MayBeAbsent] = None

    @model_validator(mode="after")
    def _limits_something(self) -> "Budget":
        if not self.model_fields_set - {"cost_per_call"}:
            names = "calls_per_day, tokens_per_minute, cost_per_day"
            raise ValueError(_("One of these is needed: %(names)s.") % {"names": names})
        return self


class ProviderUse(Part):
    """How a configured provider takes part."""

    use: ProviderName
    when: Annotated[Condition | None, MayBeAbsent] = None
    on_error: Literal["next", "hold", "approve", "reject"] = "next"
    on_unknown: Annotated[Literal["next", "hold", "repeat"] | None, MayBeAbsent] = None
    recommendation: Literal["follow", "ignore"] = "follow"
    budget: Annotated[Budget | None, MayBeAbsent] = None
    shadow: bool = False
    sample: Share = 0.1  # of the decided texts, judged by a shadow


class ThresholdRow(Part):
    """The scores from which on a category is flagged, held or blocked."""

    flag: Share | None = None
    hold: Share | None = None
    block: Share | None = None
    resources: Resources = ""

    @model_validator(mode="after")
    def _ascend(self) -> "ThresholdRow":
        steps = [each for each in (self.flag, self.hold, self.block) if each is not None]
        if steps != sorted(steps):
            raise ValueError(_("flag, hold and block must ascend."))
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


class Unless(Part):
    """Words around a match that show a harmless meaning: alternatives in RE2 syntax."""

    before: Surrounding = ""
    after: Surrounding = ""
    near: Surrounding = ""


class RuleGroup(Part):
    """What a rule finds, and what follows."""

    id: RuleId
    words: tuple[Word, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    pack: Pack | None = None
    links: Annotated[Links | None, MayBeAbsent] = None
    flood: Flood | None = None
    condition: Condition | None = None
    match: Literal["word", "prefix", "anywhere", "phrase"] = "word"
    aimed_only: bool = False
    category: Category | None = None
    severity: Share | None = None
    outcome: OutcomeName | None = None
    aimed: OutcomeName | None = None
    about: Annotated[OutcomeName | None, MayBeAbsent] = None
    quoted: Annotated[OutcomeName | None, MayBeAbsent] = None
    expletive: Annotated[OutcomeName | None, MayBeAbsent] = None
    language: Language = ""
    shape: Literal["name", "everyday", "swear", "curse"] = "name"
    unless: Annotated[Unless | None, MayBeAbsent] = None
    reclaimed: bool = False
    native: bool = False
    acronym: bool = False
    when: Annotated[Condition | None, MayBeAbsent] = None
    must_hold: Annotated[tuple[Text, ...], Field(max_length=MAX_EXAMPLES)] = ()
    must_pass: Annotated[tuple[Text, ...], Field(max_length=MAX_EXAMPLES)] = ()
    public_examples: bool = False  # whether the page of guidelines shows `must_hold`

    @model_validator(mode="after")
    def _is_whole(self) -> "RuleGroup":
        kinds = [name for name in _KINDS if getattr(self, name)]
        if self.links is not None and "links" not in kinds:
            kinds.append("links")
        if not kinds or (len(kinds) > 1 and set(kinds) != {"words", "patterns"}):
            raise ValueError(
                _("A rule has one of these: %(kinds)s.") % {"kinds": ", ".join(_KINDS)}
            )
        if not self.words and not self.patterns:
            given = [name for name in _OF_WORDS if getattr(self, name)]
            if given or self.shape != "name":
                sentence = _("Only words and patterns have “%(field)s”.")
                raise ValueError(sentence % {"field": given[0] if given else "shape"})
        for name in ("category", "outcome"):
            if self.pack is None and getattr(self, name) is None:
                raise ValueError(_("“%(field)s” is missing.") % {"field": name})
        return self


class Exempt(Part):
    """Whose messages pass. Bots are never exempt."""

    roles: tuple[Literal["MEMBER", "MODERATOR", "ADMIN"], ...] = ()


class StrikeThreshold(Part):
    """The sanction that so many points lead to. Without a term, it has no end."""

    points: int = Field(ge=1, le=MAX_POINTS)
    sanction: Literal["warning", "slow", "mute", "ban"]
    term_seconds: Annotated[int | None, MayBeAbsent] = Field(
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
            raise ValueError(_("The points of thresholds must ascend."))
        return self


class PolicyDocument(Part):
    """A policy."""

    name: Name
    extends: Annotated[Name | None, MayBeAbsent] = None
    providers: tuple[ProviderUse, ...] | None = None
    thresholds: dict[Row, ThresholdRow] = Field(default_factory=dict)
    rules: Annotated[tuple[RuleGroup, ...], Field(max_length=MAX_RULES)] = ()
    allow: tuple[Exempted, ...] = ()
    without: tuple[Entry, ...] = ()
    exempt: Exempt = Exempt()
    strikes: Annotated[Strikes | None, MayBeAbsent] = None

    @model_validator(mode="after")
    def _is_consistent(self) -> "PolicyDocument":
        if twice := _repeated(rule.id for rule in self.rules):
            raise ValueError(_("Two rules have the id “%(name)s”.") % {"name": twice})
        if twice := _repeated(each.use for each in self.providers or ()):
            raise ValueError(_("The provider “%(name)s” is named twice.") % {"name": twice})
        if self.extends == self.name:
            raise ValueError(_("A policy does not extend itself."))
        words = sum(len(alternatives(each)) for rule in self.rules for each in rule.words)
        if words > MAX_WORDS:
            raise ValueError(_("At most %(limit)d words.") % {"limit": MAX_WORDS})
        if sum(len(rule.patterns) for rule in self.rules) > MAX_PATTERNS:
            raise ValueError(_("At most %(limit)d patterns.") % {"limit": MAX_PATTERNS})
        return self


def _repeated(names: Iterable[str]) -> str | None:
    """Return the first name that stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
