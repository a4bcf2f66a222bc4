"""Reads the lists that ship with the product: a folder for each language, a file for each topic."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from moderado.moderation.rules.group import alternatives, rules_of
from moderado.moderation.rules.rule import Rule

# Allowed words of a language: they belong to each of its lists.
_ALLOWED = "allowed"
_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one list, and allowed words that contain a rule's word."""

    rules: tuple[Rule, ...]
    allow: tuple[str, ...]


@cache
def available() -> list[str]:
    """Return the names of the lists: languages (`pt-BR`) and their topics (`pt-BR/hate`)."""
    names = [
        name
        for language in _packs().iterdir()
        if language.is_dir()
        for name in (language.name, *(f"{language.name}/{topic}" for topic in _topics(language)))
    ]
    return sorted(names)


@cache
def load(name: str) -> Pack:
    """Return the list `name`. Raises ValueError if it does not exist."""
    if name not in available():
        raise ValueError(f"there is no pack {name!r}: {', '.join(available())}")
    language, _, topic = name.partition("/")
    folder = _packs().joinpath(language)
    rules = [
        rule
        for each in ([topic] if topic else _topics(folder))
        for rule in parse(_read(folder, each), language=language)
    ]
    allow = _read(folder, _ALLOWED)["allow"]
    return Pack(
        rules=tuple(rules), allow=tuple(form for entry in allow for form in alternatives(entry))
    )


def parse(written: Mapping[str, Any], *, language: str) -> Iterator[Rule]:
    """Yield the rules of one file. What stands before the groups holds for each of them."""
    shared = {key: value for key, value in written.items() if key != "group"}
    for group in written.get("group", []):
        yield from rules_of({"language": language, **shared, **group})


def _packs() -> Traversable:
    return resources.files(__package__).joinpath("packs")


def _topics(folder: Traversable) -> list[str]:
    names = (file.name for file in folder.iterdir() if file.name.endswith(_SUFFIX))
    return sorted(topic for name in names if (topic := name.removesuffix(_SUFFIX)) != _ALLOWED)


def _read(folder: Traversable, topic: str) -> dict[str, Any]:
    return tomllib.loads(folder.joinpath(f"{topic}{_SUFFIX}").read_text("utf-8"))
