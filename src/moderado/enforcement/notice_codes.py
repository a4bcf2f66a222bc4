"""Protocol numbers and codes of notices: short, for people to type, and not to be guessed.

Both use the alphabet of Crockford's base 32, which has no letters that look like digits.
"""

import secrets
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011")
_GROUP = 4
_SALT = "moderado.enforcement.notice_code"


def new_protocol(year: int) -> str:
    """Return a protocol number, such as `2026-7K3F-9QXT-2M4P`: 60 random bits."""
    return f"{year}-{_random(3)}"


def new_code() -> str:
    """Return a code, such as `7K3F-9QXT`: 40 random bits, so attempts must be limited."""
    return _random(2)


def as_written(typed: str) -> str:
    """Return a protocol number or a code as it was issued, however it was typed."""
    known = [each for each in typed.upper().translate(_READ_AS) if each in _ALPHABET]
    written = "".join(known)
    return "-".join(written[at : at + _GROUP] for at in range(0, len(written), _GROUP))


def digest_of(notice_id: UUID, code: str) -> bytes:
    """Return the keyed digest under which the code of a notice is stored."""
    return salted_hmac(_SALT, f"{notice_id}:{as_written(code)}", algorithm="sha256").digest()


def is_code(notice_id: UUID, code: str, digest: bytes | memoryview | None) -> bool:
    """Tell whether a code has this digest, in constant time."""
    return digest is not None and constant_time_compare(digest_of(notice_id, code), bytes(digest))


def _random(groups: int) -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(groups * _GROUP))
    return as_written(letters)
