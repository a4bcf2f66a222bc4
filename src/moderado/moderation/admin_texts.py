"""How the admin shows erasable texts."""

import json

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from moderado.moderation.models import ModerationLog, ProviderCall
from moderado.moderation.texts import TextState, texts_of

ERASED = _("erased")


def texts_as_html(row: ModerationLog | ProviderCall) -> str:
    """Return what providers and moderators wrote, as JSON, or that it was erased."""
    texts = texts_of([row])[row.pk]
    if texts.state is TextState.ERASED:
        return str(ERASED)
    if texts.state is TextState.NONE:
        return "-"
    written = json.dumps(texts.content.get("raw"), indent=2, sort_keys=True, ensure_ascii=False)
    return format_html('<pre class="whitespace-pre-wrap" dir="auto">{}</pre>', written)
