"""Take up messages that were left behind: one of them may have killed its worker.

An attempt is counted and committed before it is made. A message whose attempt did not end is judged
alone the next time, after all that were attempted less often: it delays no other message, in its
room or elsewhere.
"""

from datetime import timedelta

from django.db import transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import MAX_ATTEMPTS, Claimant

AFTER = timedelta(seconds=2)  # for which a message has waited
TOGETHER = 20  # messages of a first attempt
AMONG = 50  # messages of which the one with the fewest attempts is taken

Leased = tuple[Message, int]


class LeftBehind:
    """Takes up messages that were left behind, by turns of their rooms."""

    def __init__(self) -> None:
        self._new, self._tried = Claimant(), Claimant()

    def lease_new(self, *, seconds: float) -> list[Leased]:
        """Count an attempt of messages that were never attempted, and lease them.

        Args:
            seconds: How long the lease lasts.

        Returns:
            At most `TOGETHER` messages with the fences of their leases.
        """
        return self._lease(self._new, (0, 0), limit=TOGETHER, most=TOGETHER, seconds=seconds)

    def lease_tried(self, *, seconds: float, most_attempts: int = MAX_ATTEMPTS - 1) -> list[Leased]:
        """Count an attempt of one message that was attempted before, and lease it.

        It is the one with the fewest attempts, and of these the oldest, among `AMONG`.

        Args:
            seconds: How long the lease lasts.
            most_attempts: It was attempted at most so often.
        """
        attempts = (1, most_attempts)
        return self._lease(self._tried, attempts, limit=AMONG, most=1, seconds=seconds)

    def _lease(
        self,
        claimant: Claimant,
        attempts: tuple[int, int],
        *,
        limit: int,
        most: int,
        seconds: float,
    ) -> list[Leased]:
        while True:
            with transaction.atomic():
                found = claimant.claim(limit=limit, attempts=attempts, older=AFTER)
                if found:
                    found.sort(key=lambda message: message.attempts)  # stable: then the oldest
                    return claims.lease(found[:most], seconds=seconds)
            if claimant.has_come_round:
                return []
