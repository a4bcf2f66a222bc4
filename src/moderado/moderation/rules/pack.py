"""The packs that ship with the product: TOML files beside this module."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from moderado.moderation.rules.rule import Rule, alternatives, rules_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Rules of one language, and innocent words that no rule may read as guilty."""

    rules: tuple[Rule, ...]
    allow: tuple[str, ...]


def available() -> list[str]:
    """The names of the packs, as the option `packs` takes them."""
    files = resources.files(__package__).joinpath("packs").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load(name: str) -> Pack:
    """The pack `name`. Raises ValueError if there is none of that name."""
    if name not in available():
        raise ValueError(f"there is no pack {name!r}: {', '.join(available())}")
    written = resources.files(__package__).joinpath("packs", f"{name}.toml").read_text("utf-8")
    return parse(tomllib.loads(written))


def parse(written: Mapping[str, Any]) -> Pack:
    language = written.get("language", "")
    addresses = written.get("address", {})
    rules: list[Rule] = []
    for group in written.get("group", []):
        whole = {"language": language, **group}
        if "address" in group:
            whole["address"] = addresses[group["address"]]
        rules += rules_of(whole)
    allow = [form for entry in written.get("allow", []) for form in alternatives(entry)]
    return Pack(rules=tuple(rules), allow=tuple(allow))
