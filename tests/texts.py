"""What is stored as erasable text."""

from typing import Any

from moderado.moderation.models import Case
from moderado.moderation.texts import in_text, texts_of, with_texts


def case_with(text: str, **fields: Any) -> Case:
    """Return the only case whose text contains these words."""
    return with_texts([Case.objects.get(in_text(text), **fields)])[0]


def text_of(case: Case) -> str:
    return str(texts_of([case])[case.pk].content.get("text", ""))
