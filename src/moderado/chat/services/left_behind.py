"""Take up messages that were left behind: one of them may have killed its worker.

An attempt is counted and committed before it is made. A message whose attempt did not end is judged
alone the next time, after all that were attempted less often: it delays no other message, in its
room or elsewhere.
"""

from datetime import timedelta

from django.db import transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import BATCH, MAX_ATTEMPTS, Claimant
from moderado.core.database import require_transaction

AFTER = timedelta(seconds=2)  # for which a message has waited
TOGETHER = 20  # messages of a first attempt
AMONG = 50  # messages of which the one with the fewest attempts is taken
CLAIMS = 10  # of one call, each in other rooms: the next call continues behind them
_EVER = 32_000  # attempts: as many as the column holds

Leased = tuple[Message, int]


class LeftBehind:
    """Takes up messages that were left behind, by turns of their rooms."""

    def __init__(self) -> None:
        self._new, self._tried, self._exhausted = Claimant(), Claimant(), Claimant()

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

    def claim_exhausted(self) -> list[Message]:
        """Lock messages that `MAX_ATTEMPTS` did not judge.

        Requires a transaction, which holds the locks.
        """
        require_transaction()
        return _claim(self._exhausted, (MAX_ATTEMPTS, _EVER), limit=BATCH)

    def _lease(
        self,
        claimant: Claimant,
        attempts: tuple[int, int],
        *,
        limit: int,
        most: int,
        seconds: float,
    ) -> list[Leased]:
        with transaction.atomic():
            found = _claim(claimant, attempts, limit=limit)
            found.sort(key=lambda message: message.attempts)  # stable: then the oldest
            return claims.lease(found[:most], seconds=seconds) if found else []


def _claim(claimant: Claimant, attempts: tuple[int, int], *, limit: int) -> list[Message]:
    """Return the first messages of the next rooms that have any."""
    for _ in range(CLAIMS):
        found = claimant.claim(limit=limit, attempts=attempts, older=AFTER)
        if found or claimant.has_come_round:
            return found
    return []
