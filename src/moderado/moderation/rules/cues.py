"""The words that show how a listed word is used, compiled from the files in `speech`.

RE2 looks for all of them in one pass, in linear time. A pattern for the words before a match ends
where the match begins, and a pattern for the words after it begins where the match ends.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import re2

from moderado.moderation.rules.rule import Shape, Unless
from moderado.moderation.rules.surroundings import Surroundings

_MAX_MEMORY = 16 << 20
_CACHED = 2_048  # surroundings: a flood repeats a few of them
_BEFORE = (
    "aimed_before", "general_before", "opinion_before", "called_before", "address", "named",
    "about_before", "own_before", "self_before", "denied_before", "reported_before", "told_before",
    "apart_before", "contempt_before", "opened_before",
)  # fmt: skip
_AFTER = ("aimed_after", "ordered_after", "about_after", "reported_after", "own_after", "closed")
_NEAR = ("praise", "affection", "friendly", "pride", "laughter")  # on either side
_MILD = {"denied_before", "affection"}
# Looked for only where a word is aimed: by the names of cues, before, after and on either side.
_BANTER = (("greeted_before", "thanked_before"), ("called_out",), ("cheer", "hostile"))
_TRIFLES = (("trivial_before",), ("trivial_after",), ("hostile",))
_REFERENCE = re.compile("<([a-z]+)>")


class Cues:
    """The cues of one language."""

    def __init__(self, written: Mapping[str, Mapping[str, list[str]]]) -> None:
        words: dict[str, str] = {}
        for name, forms in written["words"].items():
            words[name] = f"(?:{_filled('|'.join(forms), words)})"
        cues = {name: _filled("|".join(forms), words) for name, forms in written["cues"].items()}
        self._general = _BothSides(cues, _BEFORE, _AFTER, _NEAR)
        self._banter = _BothSides(cues, *_BANTER)
        self._trifles = _BothSides(cues, *_TRIFLES)
        self._expletives = {
            Shape(shape): _OneSide({"expletive": _near(_filled("|".join(forms), words))})
            for shape, forms in written["expletives"].items()
        }

    def found(self, around: Surroundings) -> frozenset[str]:
        """Return the names of the cues around a match."""
        return self._general.found(around)

    def aims(self, before: str) -> bool:
        """Tell whether the words before a match address a person."""
        return "aimed_before" in self._general.before.found(before)

    def is_banter(self, around: Surroundings, *, is_contempt: bool) -> bool:
        """Tell whether friends greet, thank or cheer each other with a rude name.

        Thanks may be meant the other way round, "obrigado, seu idiota", and a word of contempt is
        no usual name of friends, "opa, seu lixo": both need a friendly word.
        """
        found = self._banter.found(around)
        if "hostile" in found or "called_out" not in found:
            return False
        is_greeted = "greeted_before" in found
        if is_greeted and (
            not is_contempt or "friendly" in self._general.after.found(around.after)
        ):
            return True
        return "cheer" in found and (is_greeted or "thanked_before" in found)

    def is_trivial(self, around: Surroundings) -> bool:
        """Tell whether a threat is about something trivial: "if you forget the milk, …"."""
        found = self._trifles.found(around)
        return bool(found) and "hostile" not in found

    def is_hostile(self, around: Surroundings) -> bool:
        """Tell whether other words around a match are hostile."""
        return "hostile" in self._banter.found(around)

    def is_expletive(self, shape: Shape, word: str, around: Surroundings) -> bool:
        """Tell whether a swear word only adds force where it stands: "porra, que dia".

        Args:
            shape: The shape of the word's rule.
            word: The listed word.
            around: What stands around it.
        """
        uses = self._expletives.get(shape)
        begin = " |" if around.before.startswith(" . ") else ""
        return bool(uses and uses.found(f"{begin}{around.before}_{word}_{around.after}"))


def is_of_no_one(cues: frozenset[str]) -> bool:
    """Tell whether no person is meant: "no idiot", "if you lose it twice, you are an idiot".

    What the reader thinks or says is no such case: "if you believe that, you are an idiot". What is
    said with love is one: "I love you, bitch".
    """
    is_general = "general_before" in cues and "opinion_before" not in cues
    return is_general or not cues.isdisjoint(_MILD)


class _OneSide:
    """Patterns that are looked for in one pass, such as all cues on one side of a match."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._set, self._names = re2.Set.SearchSet(_options()), tuple(patterns)
        for source in patterns.values():
            self._set.Add(source)
        self._set.Compile()
        self.found = lru_cache(_CACHED)(self._found)

    def _found(self, text: str) -> frozenset[str]:
        return frozenset(self._names[which] for which in self._set.Match(text) or ())


class _BothSides:
    """Patterns on both sides of a match."""

    def __init__(
        self,
        cues: Mapping[str, str],
        before: Iterable[str],
        after: Iterable[str],
        near: Iterable[str],
    ) -> None:
        either = {name: _near(cues[name]) for name in near}
        self.before = _OneSide({name: _before(cues[name]) for name in before} | either)
        self.after = _OneSide({name: _after(cues[name]) for name in after} | either)

    def found(self, around: Surroundings) -> frozenset[str]:
        return self.before.found(around.before) | self.after.found(around.after)


def load(language: str) -> Cues:
    """Return the cues of a language, by its code."""
    file = resources.files(__package__).joinpath("speech", f"{language}.toml")
    return Cues(tomllib.loads(file.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Harmless:
    """A compiled `Unless`."""

    before: Any
    after: Any
    near: Any

    def shows(self, around: Surroundings) -> bool:
        """Tell whether the surroundings show a harmless meaning."""
        before, after = around.before, around.after
        if self.before and self.before.search(before):
            return True
        if self.after and self.after.search(after):
            return True
        return bool(self.near and (self.near.search(before) or self.near.search(after)))


@lru_cache(1_024)
def compiled(unless: Unless) -> Harmless:
    """Compile the patterns of a rule. Raises ValueError if RE2 refuses one."""
    return Harmless(
        _compile(_before(unless.before)) if unless.before else None,
        _compile(_after(unless.after)) if unless.after else None,
        _compile(_near(unless.near)) if unless.near else None,
    )


def _filled(source: str, words: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: words[match[1]], source)


def _before(alternatives: str) -> str:
    return f" (?:{alternatives}) $"


def _after(alternatives: str) -> str:
    return f"^ (?:{alternatives}) "


def _near(alternatives: str) -> str:
    return f" (?:{alternatives}) "


def _compile(source: str) -> Any:
    try:
        return re2.compile(source, _options())
    except re2.error as error:
        reason = error.args[0] if error.args else "it does not compile"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{source[:60]!r}: {text}") from None


def _options() -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    return options


# A person is addressed in either language: "you otário". All else is said in the language of the
# rule or of the text: in a text without a hint, "to" may be a preposition.
_CUES = {code: load(code) for code in ("pt", "en")}
BOTH = tuple(_CUES.values())


def cues_of(language: str, text_language: str = "") -> tuple[Cues, ...]:
    """Return the cues of the languages of a rule and of the text around it.

    Args:
        language: The language of the rule, `pt-BR`. Without one the cues are those of both.
        text_language: What the words of the text hint at, or an empty string.
    """
    if language[:2] not in _CUES:
        return BOTH
    return tuple(_CUES[code] for code in {language[:2], text_language} if code in _CUES)
