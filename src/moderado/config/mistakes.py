"""Sentences for the mistakes in the environment: one line for each variable.

They never quote a given value, which may be a secret, and say which values are possible.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

_NUMBERS: dict[object, str] = {
    int: "a whole number",
    int | None: "a whole number",
    float: "a number",
}
_JSON = {
    "dict_type": "a JSON object",
    "list_type": "a JSON list",
    "string_type": "a JSON string",
}
_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}


def lines(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[str]:
    """Return one line for each variable that is wrong, and for each rule between variables.

    Args:
        error: What the validation of the environment found.
        fields: The settings by name, whose types and limits the sentences state.
    """
    found: dict[str, list[str]] = {}
    for mistake in error.errors(include_url=False, include_input=False):
        name = str(mistake["loc"][0]) if mistake["loc"] else "environment"
        said = found.setdefault(name, [])
        sentence = _sentence(
            mistake["type"], mistake["msg"], mistake.get("ctx", {}), fields.get(name)
        )
        if sentence not in said:
            said.append(sentence)
    return [f"  {_variable(name)}: {_joined(said)}" for name, said in found.items()]


def _variable(name: str) -> str:
    return name if name == "environment" else name.upper()


def _joined(said: list[str]) -> str:
    """Join what each branch of a union needs: "true or false or 'auto' is needed"."""
    needed = [sentence.removesuffix(" is needed") for sentence in said]
    if len(said) > 1 and all(sentence.endswith(" is needed") for sentence in said):
        return f"{' or '.join(needed)} is needed"
    return "; ".join(said)


def _sentence(kind: str, message: str, context: Mapping[str, Any], field: FieldInfo | None) -> str:
    if kind == "missing":
        return "it is required"
    if needed := _needed(kind, context, field):
        return f"{needed} is needed"
    return message.removeprefix("Value error, ")


def _needed(kind: str, context: Mapping[str, Any], field: FieldInfo | None) -> str | None:
    """Return which values are possible; None if the message of a validator says it."""
    if kind == "literal_error":
        return str(context["expected"])
    if kind.startswith("bool_"):
        return "true or false"
    if kind in _JSON:
        return _JSON[kind]
    if kind == "too_short":
        return f"a text of {context['min_length']} characters or more"
    return field and _limits(field)


def _limits(field: FieldInfo) -> str | None:
    """Return "a whole number from 1 to 64" for the field of a number; None for others."""
    kind = _NUMBERS.get(field.annotation)
    if kind is None:
        return None
    bounds = [
        words.format(f"{limit:g}" if isinstance(limit, float) else limit)
        for name, words in _BOUNDS.items()
        for part in field.metadata
        if (limit := getattr(part, name, None)) is not None
    ]
    return " ".join([kind, *bounds])
