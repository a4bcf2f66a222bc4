"""Text as it enters: normalised once, so that everything behind may rely on it."""

import unicodedata

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from moderado.core.errors import Invalid

# U+FDFA grows eighteenfold under NFKC, so bytes are bounded as well as code points.
MAX_BYTES = 16 * 1024


def clean(text: str, *, max_length: int, field: str) -> str:
    """`text` in NFC and trimmed.

    Raises Invalid, naming `field`, when nothing is left, when more than `max_length` code points
    or 16 KiB are, or when the text holds a NUL or an unpaired surrogate (neither can be stored).
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned:
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
