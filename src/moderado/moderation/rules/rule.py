"""A rule, and what follows from a match by how the word is used."""

import re
from dataclasses import dataclass
from enum import StrEnum

from moderado.moderation.effects import Effect
from moderado.moderation.normalize import fold
from moderado.moderation.types import Category, Outcome, Usage

# A mild word that is aimed at a person scores at least this.
_AIMED_SEVERITY = 0.8


class Match(StrEnum):
    """Where the words of a rule match."""

    WHOLE = "whole"  # as whole words
    PREFIX = "prefix"  # at the beginning of a word
    ANYWHERE = "anywhere"  # also inside words
    PATTERN = "pattern"  # RE2 syntax, over the folded letters


class Shape(StrEnum):
    """Which surroundings aim a word at a person."""

    NAME = "name"  # what a person is called: any address
    EVERYDAY = "everyday"  # a thing or an animal: only an address that has no other reading
    CONTEMPT = "contempt"  # also behind a mention, or at the end of what the reader shall do
    SWEAR = "swear"  # an exclamation: only where it stands for the person
    CURSE = "curse"  # said to a person, or cried at none: with an address, or as the whole text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unless:
    """Words around a match that show a harmless meaning: alternatives in RE2 syntax."""

    before: str = ""  # directly before
    after: str = ""  # directly after
    near: str = ""  # anywhere in the surroundings

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.near)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Folded `text` or a pattern, and what follows from a match."""

    id: str
    text: str
    match: Match
    category: Category
    severity: float  # 0..1
    outcome: Outcome  # of a plain use
    aimed: Outcome | None = None  # aimed at the reader; None: as a plain use
    about: Outcome | None = None  # said of another person; None: as a plain use
    quoted: Outcome = Outcome.HOLD  # at most this when reported
    expletive: Outcome | None = None  # adds force, said to no person; None: as a plain use
    language: str = ""
    shape: Shape = Shape.NAME
    reclaimed: bool = False  # also said with pride by those whom it names
    native: bool = False  # also a word of other languages: counts in its own only
    acronym: bool = False  # in capitals it is an abbreviation or a symbol
    unless: Unless = Unless()

    @property
    def effect(self) -> Effect:
        """What follows from a match, as the list says; a policy may say otherwise."""
        return Effect(
            outcome=self.outcome,
            aimed=self.aimed,
            about=self.about,
            quoted=self.quoted,
            expletive=self.expletive,
        )

    @property
    def is_personal(self) -> bool:
        """Whether it matters whom the word is said of."""
        return self.reclaimed or self.aimed is not None

    def category_of(self, usage: Usage) -> Category:
        """Return the category: swearing becomes an insult when it is aimed, and the reverse."""
        if self.aimed is None or self.category not in _SWEARING:
            return self.category
        return Category.PROFANITY if usage in _UNAIMED else Category.INSULT

    def severity_of(self, usage: Usage) -> float:
        if usage is Usage.AIMED and self.aimed is not None:
            return max(self.severity, _AIMED_SEVERITY)
        return self.severity


_SWEARING = {Category.PROFANITY, Category.INSULT}
_UNAIMED = {Usage.PLAIN, Usage.OWN, Usage.FOREIGN, Usage.REPORTED, Usage.EXPLETIVE}


def folded_word(text: str) -> str:
    """Return `text` as the matcher reads it: folded letters, one space between words."""
    letters = re.sub(r"[\W\d_]+", " ", fold(text).text).strip()
    if not letters:
        raise ValueError(f"{text!r} has no letters")
    return letters
