"""The size of a page of messages or other parts, which a client receives as one frame."""

from collections.abc import Iterable, Sequence

from moderado.chat.types import MessageView
from moderado.core.wire_limits import MAX_PAGE_BYTES

VIEW_BYTES = 700  # of a message in a page, without its text


def count_fitting(views: Sequence[MessageView]) -> int:
    """Return how many of the first messages fit into one page: at least one, if there is one."""
    return count_sizes(map(bytes_of, views))


def count_sizes(sizes: Iterable[int]) -> int:
    """Return how many of the first parts, by their bytes, fit into one page: at least one."""
    total = count = 0
    for size in sizes:
        total += size
        if total > MAX_PAGE_BYTES and count:
            return count
        count += 1
    return count


def bytes_of(view: MessageView) -> int:
    """Return about how many bytes the message takes in a page."""
    texts = (view.content, view.edit.content if view.edit else "")
    return VIEW_BYTES + sum(len(text.encode()) for text in texts)
