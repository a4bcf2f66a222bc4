"""Text as it enters: normalised once, so that everything behind may rely on it."""

import unicodedata

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from moderado.core.errors import Invalid

# U+FDFA grows eighteenfold under NFKC, so bytes are bounded as well as code points.
MAX_BYTES = 16 * 1024


# Letters and a symbol that are drawn as nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def clean(text: str, *, max_length: int, field: str) -> str:
    """`text` in NFC and trimmed.

    Raises Invalid, naming `field`, when nothing is left that can be seen, when more than
    `max_length` code points or 16 KiB are, or when the text holds a NUL or an unpaired surrogate
    (neither can be stored).
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    if all(map(_is_blank, cleaned)):
        raise Invalid(fields={field: _("Write something.")})
    if "\x00" in cleaned:
        raise Invalid(fields={field: _("The text holds a character that cannot be stored.")})
    try:
        size = len(cleaned.encode())
    except UnicodeEncodeError:
        unstorable = _("The text holds a character that cannot be stored.")
        raise Invalid(fields={field: unstorable}) from None
    if len(cleaned) > max_length or size > MAX_BYTES:
        limit = ngettext(
            "At most %(limit)d character.", "At most %(limit)d characters.", max_length
        )
        raise Invalid(fields={field: limit % {"limit": max_length}})
    return cleaned


def clean_line(text: str, *, max_length: int, field: str) -> str:
    """A name: `clean`, on one line, and without what is invisible or turns its direction."""
    spaced = "".join(" " if char.isspace() else char for char in text)
    shown = "".join(char for char in spaced if char == "\x00" or not _is_hidden(char))
    return clean(" ".join(shown.split()), max_length=max_length, field=field)


def _is_blank(char: str) -> bool:
    return char.isspace() or char in _BLANK or unicodedata.category(char) == "Cf"


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf"}
