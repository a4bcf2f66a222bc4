"""Celery's door into the chat: nothing in, one service call out."""

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from moderado.chat.services import screening
from moderado.core import interrupts
from moderado.core.wakeup import Wakeup

SOFT_LIMIT = 20  # seconds; longer than any provider may take
HARD_LIMIT = 30  # seconds; shorter than any lease

interrupts.register(SoftTimeLimitExceeded)  # not a provider's failure


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def screen_waiting() -> None:
    """Judge whatever waits."""
    try:
        done = screening.screen_waiting(wakeup)
    except BaseException:
        wakeup.acknowledge()  # whoever has something to judge calls somebody else
        raise
    if not done:
        wakeup.notify()  # Time was up before the queue was empty.


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def sweep() -> None:
    """Judge what was left behind, and ring for the rest of it."""
    if screening.sweep():
        wakeup.notify()


def _send() -> None:
    # A hint: worth one attempt, and no retry that would hold the thread.
    screen_waiting.apply_async(retry=False)


wakeup = Wakeup(name="screening", send=_send)
