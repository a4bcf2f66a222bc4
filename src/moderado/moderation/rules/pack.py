"""Reads the rule packs that ship with the product: TOML files beside this module."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from moderado.moderation.rules.rule import Rule, alternatives, rules_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one language, and allowed words that contain a rule's word."""

    rules: tuple[Rule, ...]
    allow: tuple[str, ...]


def available() -> list[str]:
    """Return the names of the packs, as the option `packs` takes them."""
    files = resources.files(__package__).joinpath("packs").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load(name: str) -> Pack:
    """Return the pack `name`. Raises ValueError if it does not exist."""
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
