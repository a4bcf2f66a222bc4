"""Few-shot examples for models that follow a policy: which are taken, and how they are written.

An example is data. It is masked as a text to judge is, stands in quotation marks on one line, and
contains nothing that ends a fence or a turn of a chat.
"""

import json
from collections.abc import Iterable, Sequence

from moderado.moderation.outbound.fence import escaped
from moderado.moderation.outbound.masking import masked

Example = tuple[str, str, float]  # a text, its category, and the score

HARMLESS = "none"  # in place of a category
MOST = 6  # what gpt-oss-safeguard is made for: four to six
MOST_BYTES = 900  # of the policy's own examples as they are written; a token has one at least
LONGEST = 200  # characters; a longer text is left out: a part of it may say something else


def chosen(own: Iterable[Example], included: Sequence[Example]) -> list[Example]:
    """Return at most `MOST` examples: the policy's own first, then the included ones."""
    found: dict[str, Example] = {}
    left = MOST_BYTES
    for text, category, score in own:
        if len(found) == MOST:
            break
        example = masked(" ".join(text.split())), category, score
        size = len(written(example).encode())
        if example[0] and len(example[0]) <= LONGEST and size <= left and example[0] not in found:
            found[example[0]] = example
            left -= size
    for example in included:
        if len(found) < MOST:
            found.setdefault(example[0], example)
    return list(found.values())


def written(example: Example) -> str:
    """Return the line of an example, its text in quotation marks."""
    text, category, score = example
    quoted = json.dumps(escaped(text), ensure_ascii=False)
    return f"- {quoted} → {category} {score:g}"
