"""Deterministic random samples of subjects, by a keyed hash.

The same subject and revision is always drawn or never, so that judging it again neither doubles
nor skips it. Authors cannot choose ids that are left out: the key is derived from `SECRET_KEY`.
"""

import hashlib
from functools import cache
from uuid import UUID

from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac

_RANGE = 1 << 64


def is_drawn(purpose: str, subject_id: UUID, revision: int, rate: float) -> bool:
    """Tell whether a revision belongs to a sample.

    Args:
        purpose: Names the sample: different ones are drawn independently.
        subject_id: The subject.
        revision: Its revision.
        rate: The share of revisions to draw, 0..1. A larger one draws a superset.
    """
    if rate <= 0:
        return False
    drawn = hashlib.blake2b(
        subject_id.bytes + revision.to_bytes(8), digest_size=8, key=_key(purpose)
    )
    return int.from_bytes(drawn.digest()) < rate * _RANGE


@cache
def _key(purpose: str) -> bytes:
    return salted_hmac(f"moderado.sample.{purpose}", b"", algorithm="sha256").digest()


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SECRET_KEY":
        _key.cache_clear()


setting_changed.connect(_forget)
