"""What becomes of a message's texts: the waiting one, the shown one, those that were replaced.

Every function changes a locked message in memory; the caller stores it.
"""

from django.utils import timezone

from moderado.chat.models import Message, Revision
from moderado.core import clock

Status = Message.Status


def queue(message: Message) -> None:
    """Let it be judged (anew). Whoever judges an older revision right now will find it gone."""
    message.queued_at = clock.now()
    message.lease_until = None
    message.attempts = 0


def put_beside(message: Message, text: str) -> None:
    """An edit of a visible message waits beside it."""
    revision = latest(message) + 1
    set_edit_aside(message)
    message.edit_text, message.edit_revision = text, revision
    message.edit_status, message.edit_reason, message.edit_categories = Status.PENDING, "", []


def replace(message: Message, text: str, *, status: str) -> None:
    """The new text takes the old one's place, with `status`."""
    revision = latest(message) + 1
    _keep(message, message.revision, message.text, message.status)
    set_edit_aside(message)
    message.text, message.revision, message.edited_at = text, revision, timezone.now()
    message.status, message.reason, message.categories = status, "", []


def promote_edit(message: Message) -> None:
    """The waiting edit was allowed: it becomes the visible revision."""
    _keep(message, message.revision, message.text, message.status)
    message.text, message.revision = message.edit_text or "", message.edit_revision or 0
    message.edited_at = timezone.now()
    _clear_edit(message)


def revert(message: Message, *, reason: str, categories: list[str]) -> bool:
    """A text that was shown before it was judged was blocked: the one before it comes back.

    The blocked one stays beside it for its author. False when no approved text came before.
    """
    before = (
        Revision.objects.filter(
            message=message, status=Status.APPROVED, revision__lt=message.revision
        )
        .order_by("-revision")
        .first()
    )
    if before is None:
        return False
    set_edit_aside(message)
    message.edit_text, message.edit_revision = message.text, message.revision
    message.edit_status = Status.REJECTED
    message.edit_reason, message.edit_categories = reason, categories
    message.text, message.revision = before.text, before.revision
    return True


def set_edit_aside(message: Message) -> None:
    """Whatever stands beside the message, waiting or refused, does so no longer."""
    if message.edit_status is not None:
        _keep(message, message.edit_revision or 0, message.edit_text or "", message.edit_status)
        _clear_edit(message)


def _clear_edit(message: Message) -> None:
    message.edit_text = message.edit_revision = message.edit_status = None
    message.edit_reason, message.edit_categories = "", []


def latest(message: Message) -> int:
    """The highest revision number this message ever had."""
    return max(message.revision, message.edit_revision or 0)


def _keep(message: Message, revision: int, text: str, status: str) -> None:
    Revision.objects.create(message=message, revision=revision, text=text, status=status)
