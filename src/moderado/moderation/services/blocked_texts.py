"""Texts that a moderator blocked: the same author cannot show them again in the same room.

A ruling that blocks a text stores a digest of it, one that allows it removes the digest. Case,
accents, look-alikes, spaces, punctuation and invisible characters make no difference. The digest is
keyed with the author and the room, so that equal texts of others have other digests (ADR 0038).

Digests are of frozen foldings, because the text behind one is not stored: a release that folds
otherwise must still find it. A text has one digest for each version (ADR 0072),
and each of its readings has: as written, as displayed, and with its markup rendered (ADR 0173).
"""

import re
from collections.abc import Collection, Iterator
from hashlib import blake2b
from uuid import UUID

from moderado.core.characters import is_visible
from moderado.core.database import require_transaction, run_prepared
from moderado.moderation.models import BankedText, BlockedText
from moderado.moderation.normalize import frozen, markup
from moderado.moderation.normalize.direction import OVERRIDE, visual_order
from moderado.moderation.normalize.folding import fold
from moderado.moderation.types import Outcome

_OF_THE_SERVER = b"moderado.hash_bank"
_ANY_TEXT = """
    SELECT coalesce(
        (SELECT true FROM moderation_blockedtext
          WHERE scope_id = %(scope)s AND author_id = %(author)s LIMIT 1),
        (SELECT true FROM moderation_bankedtext LIMIT 1), false)
"""
_GAPS = re.compile(r"[\W_]+")


def comparable(text: str) -> str:
    """Return what all spellings of a text have in common, for texts that are both at hand."""
    letters = _GAPS.sub("", fold(_rendered(text) or text).text)
    # A text without letters and digits, such as emoji, is compared by what a reader sees.
    return letters or "".join(filter(is_visible, text)) or text


def digests_of(*, scope_id: UUID, author_id: UUID, text: str) -> list[bytes]:
    """Return the digests under which a blocked text is stored, by every frozen folding."""
    return _digests(text, key=scope_id.bytes + author_id.bytes)


def bank_digests(text: str) -> list[str]:
    """Return the digests, hexadecimal, under which a text is banked for the whole server."""
    return [digest.hex() for digest in _digests(text, key=_OF_THE_SERVER)]


def _digests(text: str, *, key: bytes) -> list[bytes]:
    readings = [text, *_other_readings(text)]
    folded = [frozen.letters_of(each, version) for each in readings for version in frozen.VERSIONS]
    distinct = dict.fromkeys(folded)
    return [blake2b(each.encode(), key=key, digest_size=16).digest() for each in distinct]


def _other_readings(text: str) -> Iterator[str]:
    """Return the text with its markup rendered; and each as displayed and as written, if turned."""
    rendered = _rendered(text)
    if rendered is not None:
        yield rendered
    for each in (text,) if rendered is None else (text, rendered):
        if (order := visual_order(each)) is not None:
            yield "".join(each[at] for at in order)
            yield each.replace(OVERRIDE, "")


def _rendered(text: str) -> str | None:
    """Return the text with its markup rendered; None if nothing changes or is left."""
    shown = markup.rendered(text) if markup.may_change(text, set(text)) else None
    return None if shown is None else shown[0].strip() or None


def remember_ruling(*, scope_id: UUID, author_id: UUID, text: str, outcome: Outcome) -> None:
    """Store that a moderator blocked `text`, or forget it because one allowed it.

    Requires a transaction: that of the ruling.
    """
    require_transaction()
    digests = digests_of(scope_id=scope_id, author_id=author_id, text=text)
    if outcome is Outcome.BLOCK:
        BlockedText.objects.bulk_create(
            [BlockedText(scope_id=scope_id, author_id=author_id, digest=each) for each in digests],
            ignore_conflicts=True,
        )
    else:
        BlockedText.objects.filter(
            scope_id=scope_id, author_id=author_id, digest__in=digests
        ).delete()


def blocked_or_banked(*, scope_id: UUID, author_id: UUID, text: str) -> bool:
    """Tell whether a text of an author was blocked in this room, or is banked.

    One statement, and no digest, where none of the author's texts was blocked and none is banked.
    """
    ((any_text,),) = run_prepared(_ANY_TEXT, {"scope": scope_id, "author": author_id})
    if not any_text:
        return False
    digests = digests_of(scope_id=scope_id, author_id=author_id, text=text)
    blocked = BlockedText.objects.filter(scope_id=scope_id, author_id=author_id, digest__in=digests)
    banked = BankedText.objects.filter(digests__overlap=bank_digests(text))
    return bool(blocked.values("id").union(banked.values("id"), all=True)[:1])


def blocked_among(*, scope_id: UUID, author_id: UUID, texts: Collection[str]) -> frozenset[str]:
    """Return those of an author's texts that a moderator blocked in this room."""
    digests = {
        text: digests_of(scope_id=scope_id, author_id=author_id, text=text) for text in texts
    }
    found = BlockedText.objects.filter(
        scope_id=scope_id,
        author_id=author_id,
        digest__in=[digest for each in digests.values() for digest in each],
    )
    stored = {bytes(digest) for digest in found.values_list("digest", flat=True)}
    return frozenset(text for text, each in digests.items() if not stored.isdisjoint(each))
