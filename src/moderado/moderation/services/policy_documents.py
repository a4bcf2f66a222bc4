"""Documents of policies as clients send them: JSON or YAML, with mistakes as fields."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from moderado.moderation.errors import InvalidPolicy
from moderado.moderation.models.policies import REASON_LENGTH as REASON_LENGTH
from moderado.moderation.policies.documents import read_json, read_yaml, to_json, write_yaml
from moderado.moderation.policies.mistakes import InvalidDocument
from moderado.moderation.policies.schema import PolicyDocument


def parse_document(
    *, document: Any = None, yaml: str | None = None, **named: str | None
) -> PolicyDocument:
    """Return the document.

    Args:
        document: JSON, if `yaml` is None.
        yaml: The same as YAML.
        named: `name` and `extends`, which stand beside a JSON document.

    Raises:
        InvalidPolicy: `fields` has every mistake, by path.
    """
    try:
        if yaml is not None:
            return read_yaml(yaml)
        if not isinstance(document, dict):
            # Not an empty one in its place: enabled, that would take every rule away.
            raise InvalidPolicy(fields={"document": _("Send an object.")})
        return read_json(named | document)
    except InvalidDocument as error:
        fields: dict[str, Any] = {}
        for mistake in error.mistakes:
            path, said = mistake.path or "document", mistake.with_line
            fields[path] = f"{fields[path]} {said}" if path in fields else said
        raise InvalidPolicy(fields=fields) from None


def document_json(stored: Any) -> dict[str, Any]:
    """Return a stored document as JSON."""
    return to_json(read_json(stored))


def document_yaml(stored: Any) -> str:
    """Return a stored document as YAML."""
    return write_yaml(read_json(stored))
