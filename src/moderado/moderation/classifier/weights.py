"""The file of a head: magic, length of the description, description as JSON, weights.

A head is one language's classifier. `docs/classifier.md` documents the format.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from moderado.moderation.classifier.features import BUCKETS

MAGIC = b"MODHEAD1"
_LENGTH_BYTES = 4
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A trained classifier.

    Attributes:
        name: Such as `pt`.
        weights: One signed byte a bucket, in a shared buffer.
        scale: What a weight of 1 adds to a logit.
        bias: The logit of a text whose words add nothing.
        thresholds: `hold`: the score from which a text is held by default.
        about: The rest of the description: language, licence, sources, figures.
    """

    name: str
    weights: memoryview
    scale: float
    bias: float
    thresholds: Mapping[str, float]
    about: Mapping[str, Any]
    digest: str


def encode(weights: bytes, description: Mapping[str, Any]) -> bytes:
    """Return the bytes of a head's file.

    Args:
        weights: One signed byte a bucket.
        description: `name`, `scale`, `bias`, `thresholds`, and anything else that JSON can hold.
    """
    written = json.dumps(description, sort_keys=True, ensure_ascii=False).encode()
    return MAGIC + len(written).to_bytes(_LENGTH_BYTES, "little") + written + weights


def decode(content: bytes) -> Head:
    """Read a head.

    Raises:
        ValueError: The bytes are not those of a head.
    """
    start = len(MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    if content[: len(MAGIC)] != MAGIC or len(content) != end + BUCKETS:
        raise ValueError("not a file of classifier weights, or cut short")
    about = json.loads(content[start:end])
    return Head(
        name=about.pop("name"),
        weights=memoryview(content)[end:].cast("b"),
        scale=about.pop("scale"),
        bias=about.pop("bias"),
        thresholds=about.pop("thresholds"),
        about=about,
        digest=hashlib.sha256(content).hexdigest()[:12],
    )


@cache
def load(path: Path) -> Head:
    """Return the head of a file, read once for each process. Raises ValueError or OSError."""
    return decode(path.read_bytes())


def included(name: str) -> Head:
    """Return a head that ships with the product.

    Raises:
        ValueError: There is none of this name.
    """
    path = FOLDER / f"{name}.bin"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.bin")))
        raise ValueError(f"no classifier {name!r}: there are {known}")
    return load(path)
