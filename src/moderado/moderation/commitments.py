"""Salted commitments to erasable texts, and digests of log lines and of their seals (ADR 0063).

A commitment is BLAKE2b-256 of the salt followed by the stored JSON text in UTF-8, byte for byte.
Without the salt it says nothing about the text, so that erasing both leaves nothing to guess from.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

SALT_SIZE = 16  # bytes
DIGEST_SIZE = 32  # bytes
ENTRY_SIZE = 16 + DIGEST_SIZE  # of a line in a seal: its id and its digest

# Each kind of digest has a name of its own in BLAKE2's `person`, at most 16 bytes.
_TEXT = b"moderado.text.1"
_LINE = b"moderado.line.1"
_SEAL = b"moderado.seal.1"


def canonical(content: object) -> str:
    """Return JSON with sorted keys, without insignificant spaces, in Unicode."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def new_salt() -> bytes:
    """Return a random salt."""
    return secrets.token_bytes(SALT_SIZE)


def commitment(salt: bytes, content: str) -> bytes:
    """Return the commitment to a stored text."""
    return blake2b(salt + content.encode(), digest_size=DIGEST_SIZE, person=_TEXT).digest()


def line_digest(values: Sequence[Any]) -> bytes:
    """Return the digest of a log line: of the JSON array of its columns, without spaces.

    Args:
        values: Ids, whole numbers and texts, in a fixed order; None where there is nothing.
    """
    written = msgspec.json.encode(values)
    return blake2b(written, digest_size=DIGEST_SIZE, person=_LINE).digest()


def seal_digest(*, previous: bytes, number: int, after: UUID, last: UUID, entries: bytes) -> bytes:
    """Return the digest of a seal, which includes that of the seal before it."""
    digest = blake2b(previous, digest_size=DIGEST_SIZE, person=_SEAL)
    digest.update(number.to_bytes(8) + after.bytes + last.bytes + entries)
    return digest.digest()


def pack_entries(digests: Mapping[UUID, bytes]) -> bytes:
    """Return ids and digests of lines as the entries of a seal."""
    return b"".join(id_.bytes + digest for id_, digest in digests.items())


def unpack_entries(entries: bytes) -> dict[UUID, bytes]:
    """Return the digests of a seal's lines by their ids."""
    starts = range(0, len(entries) - ENTRY_SIZE + 1, ENTRY_SIZE)
    pairs = [entries[at : at + ENTRY_SIZE] for at in starts]
    return {UUID(bytes=pair[:16]): pair[16:] for pair in pairs}
