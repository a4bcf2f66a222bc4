"""Reads and writes policy documents: YAML for people, JSON for programs.

YAML is read as text alone (`BaseLoader`): YAML's own types turn `no` into false and `12:30` into
750. pydantic then types the fields. All mistakes are reported at once, each with its path and line.

Aliases are refused: they can repeat a part billions of times, or contain themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from moderado.moderation.policies.schema import PolicyDocument

MAX_BYTES = 1_000_000
MAX_DEPTH = 32  # levels of YAML; a valid document has fewer than ten
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a document. `line` is None where the document is no text."""

    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class InvalidDocument(ValueError):
    """The document has mistakes: `mistakes` are all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def read_yaml(text: str) -> PolicyDocument:
    """Return the document of a YAML text. Raises InvalidDocument."""
    if len(text.encode()) > MAX_BYTES:
        raise InvalidDocument([Mistake("", None, f"at most {MAX_BYTES} bytes")])
    lines: dict[_Path, int] = {}
    mistakes: list[Mistake] = []
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise InvalidDocument(
            [Mistake("", mark.line + 1 if mark else None, error.problem or "no YAML")]
        ) from None
    except yaml.YAMLError:
        raise InvalidDocument([Mistake("", None, "no YAML")]) from None
    document = _plain(node, (), lines, mistakes)
    return _validated(document, lines, mistakes)


def read_json(document: Any) -> PolicyDocument:
    """Return the document of parsed JSON. Raises InvalidDocument."""
    return _validated(document, {}, [])


def write_yaml(document: PolicyDocument) -> str:
    """Return the document as YAML that `read_yaml` reads as the same document."""
    return yaml.dump(
        to_json(document), Dumper=_Quoting, allow_unicode=True, sort_keys=False, width=100
    )


def to_json(document: PolicyDocument) -> dict[str, Any]:
    """Return the document as JSON, without fields that have their default value."""
    written: dict[str, Any] = document.model_dump(mode="json", exclude_defaults=True)
    return {"name": document.name, "extends": document.extends, **written}


class _PlainLoader(yaml.BaseLoader):
    """Reads a tree of texts, lists and mappings, of limited depth."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        if self._depth >= MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Quoting(yaml.SafeDumper):
    """Quotes texts that YAML would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(node: Any, path: _Path, lines: dict[_Path, int], mistakes: list[Mistake]) -> Any:
    """Return a node as lists, mappings and texts; note where each path stands."""
    if node is None:
        return {}
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, (*path, at), lines, mistakes) for at, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in found:
                mistakes.append(Mistake(_dotted((*path, name)), line, "is written twice"))
            lines[(*path, name)] = line
            found[name] = _plain(value, (*path, name), lines, mistakes)
        return found
    return node.value


def _validated(
    document: Any, lines: Mapping[_Path, int], mistakes: list[Mistake]
) -> PolicyDocument:
    try:
        valid = PolicyDocument.model_validate(document)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            path = tuple(part for part in each["loc"] if part != "[key]")
            said = each["msg"].removeprefix("Value error, ")
            mistakes.append(Mistake(_dotted(path), _line(path, lines), said))
        valid = None
    if mistakes or valid is None:
        raise InvalidDocument(sorted(mistakes, key=lambda each: each.line or 0))
    return valid


def _line(path: _Path, lines: Mapping[_Path, int]) -> int | None:
    """Return the line of the path, or of the nearest part around it."""
    for end in range(len(path), -1, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def _dotted(path: _Path) -> str:
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}"
    return written.lstrip(".")
