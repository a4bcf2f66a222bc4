"""Reads and writes policy documents: YAML for people, JSON for programs.

YAML is read as text alone (`BaseLoader`): YAML's own types turn `no` into false and `12:30` into
750. pydantic then types the fields. All mistakes are reported at once, each with its path and line.

Aliases are refused: they can repeat a part billions of times, or contain themselves.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from django.utils.translation import gettext as _
from pydantic import ValidationError

from moderado.moderation.policies.mistakes import InvalidDocument, Mistake
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.policies.sentences import sentence_of

MAX_BYTES = 1_000_000
MAX_DEPTH = 32  # levels of YAML; a valid document has fewer than ten
_Path = tuple[str | int, ...]


def read_yaml(text: str) -> PolicyDocument:
    """Return the document of a YAML text. Raises InvalidDocument."""
    if len(text.encode()) > MAX_BYTES:
        raise InvalidDocument(
            [Mistake("", None, _("At most %(limit)d bytes.") % {"limit": MAX_BYTES})]
        )
    lines: dict[_Path, int] = {}
    mistakes: list[Mistake] = []
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        raise InvalidDocument([_not_yaml(error)]) from None
    except yaml.YAMLError:  # a character that YAML does not allow
        raise InvalidDocument([Mistake("", None, _("This is not valid YAML."))]) from None
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


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that a policy may not have. Its problem is a sentence of ours."""


class _PlainLoader(yaml.BaseLoader):
    """Reads a tree of texts, lists and mappings, of limited depth."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise _Refused(problem=_("Aliases are not allowed."), problem_mark=mark)
        if self._depth >= MAX_DEPTH:
            raise _Refused(problem=_("Nested too deeply."), problem_mark=mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Quoting(yaml.SafeDumper):
    """Quotes texts that YAML would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _not_yaml(error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark
    sentence = str(error.problem) if isinstance(error, _Refused) else _("This is not valid YAML.")
    return Mistake("", mark.line + 1 if mark else None, sentence)


def _plain(node: Any, path: _Path, lines: dict[_Path, int], mistakes: list[Mistake]) -> Any:
    """Return a node as lists, mappings and texts; note the line of each path."""
    if node is None:
        return {}
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, (*path, at), lines, mistakes) for at, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                mistakes.append(Mistake(_dotted(path), line, _("The name of a field is a text.")))
                continue
            name = str(key.value)
            if name in found:
                mistakes.append(Mistake(_dotted((*path, name)), line, _("This is written twice.")))
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
            mistakes.append(Mistake(_dotted(path), _line(path, lines), sentence_of(each)))
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
