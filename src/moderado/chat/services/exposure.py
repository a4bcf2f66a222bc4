"""Measures what others saw of texts that were blocked later: seconds times readers.

Readers are the members, other than the author, who had read as far as the text. Who only looked at
the room is not recorded.
"""

from collections.abc import Sequence

from moderado.chat.events import ChangeKind
from moderado.chat.models import Message
from moderado.chat.states import Transition
from moderado.core.database import require_transaction, run_prepared
from moderado.core.metrics import EXPOSED_TEXTS, EXPOSURE

# As stored before the text is taken down.
_SEEN = """
    SELECT room.moderation_mode,
           extract(epoch FROM statement_timestamp() - greatest(published_at, edited_at)),
           (SELECT count(*) FROM chat_membership member
             WHERE member.room_id = message.room_id AND member.user_id <> message.author_id
               AND member.read_seq >= message.seq)
      FROM chat_message message JOIN chat_room room ON room.id = message.room_id
     WHERE message.id = ANY (%s) AND published_at IS NOT NULL
"""
_HIDING = frozenset({ChangeKind.REMOVED, ChangeKind.UPDATED})


def ends_exposure(step: Transition) -> bool:
    """Tell whether a verdict or a ruling hides a text that others saw."""
    return bool(step.refused) and step.change in _HIDING


def measure_exposure(messages: Sequence[Message]) -> None:
    """Count how long and by how many members these texts were seen.

    Requires a transaction that holds the row locks, before the messages are written. No statement
    without messages.
    """
    require_transaction()
    if not messages:
        return
    for mode, seconds, readers in run_prepared(_SEEN, [[each.pk for each in messages]]):
        EXPOSED_TEXTS.labels(mode).inc()
        EXPOSURE.labels(mode).inc(max(float(seconds), 0.0) * readers)
