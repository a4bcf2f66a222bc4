"""Normalizes text on entry, so that all other code can rely on it."""

import re
import unicodedata

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from moderado.core.characters import has_visible, without_invisible, without_stacks
from moderado.core.errors import Invalid

# NFKC expands U+FDFA eighteenfold, so bytes are limited as well as code points.
MAX_BYTES = 16 * 1024

_MARKS = re.compile("[\u0300-\u036f]+")
_TRIGRAM = re.compile(r"[^\W_]{3}")


def normalized(text: str) -> str:
    """Return `text` in NFC and trimmed, whether or not it may be stored."""
    return unicodedata.normalize("NFC", text).strip()


def has_trigram(text: str) -> bool:
    """Tell whether an index of trigrams finds `text`.

    Otherwise PostgreSQL would read the whole index, and then each row.
    """
    return _TRIGRAM.search(text) is not None


def clean(text: str, *, max_length: int, field: str) -> str:
    """Return `text` in NFC, trimmed.

    Args:
        max_length: Code points; bytes are limited to 16 KiB.
        field: The field named in errors.

    Raises:
        Invalid: Nothing visible is left, the text is too long, or it contains a NUL or an unpaired
            surrogate, which PostgreSQL cannot store.
    """
    cleaned = normalized(text)
    if not has_visible(cleaned):
        raise Invalid(fields={field: _("Write something.")})
    if "\x00" in cleaned:
        raise Invalid(fields={field: _("The text holds a character that cannot be stored.")})
    try:
        size = len(cleaned.encode())
    except UnicodeEncodeError:
        unstorable = _("The text holds a character that cannot be stored.")
        raise Invalid(fields={field: unstorable}) from None
    if len(cleaned) > max_length or size > MAX_BYTES:
        raise Invalid(fields={field: _at_most(max_length)})
    return cleaned


def _limit_sentence(limit: int) -> str:
    sentence = ngettext("At most %(limit)d character.", "At most %(limit)d characters.", limit)
    return sentence % {"limit": limit}


_at_most = lazy(_limit_sentence, str)  # an error is translated when it is shown, not when raised


def clean_line(text: str, *, max_length: int, field: str) -> str:
    """Return `text` cleaned for a name, which is drawn within one line.

    Invisible and direction characters are left out, and marks above four on one character.
    """
    spaced = "".join(" " if char.isspace() else char for char in text)
    if "\x00" in spaced:
        raise Invalid(fields={field: _("The text holds a character that cannot be stored.")})
    # NFC first: whether a joiner stays depends on the characters beside it.
    shown = without_invisible(unicodedata.normalize("NFC", spaced))
    return clean(without_stacks(" ".join(shown.split())), max_length=max_length, field=field)


def fold(text: str) -> str:
    """Remove accents and case, as the database's `chat_fold` does: for search, not moderation."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()
