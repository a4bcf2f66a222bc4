"""Pages of messages, as OpenAPI describes them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from moderado.api.schemas import Link
from moderado.chat.types import Fold, MessageView


class MessagePage(msgspec.Struct):
    """A page of messages."""

    next: Link | None
    previous: Link | None
    results: tuple[MessageView, ...]


class HistoryPage(MessagePage):
    """A page of the history, newest first. Show a fold between the messages beside it."""

    folds: Annotated[
        tuple[Fold, ...],
        Meta(description="Removed messages that are one line each, newest first."),
    ]


class FoundPage(MessagePage):
    """A page of the messages found, best first."""

    count: Annotated[int, Meta(description="At most 100: the best are kept.")]
