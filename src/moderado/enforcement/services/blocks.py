"""A member blocks a person: neither sees the other in direct views."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.enforcement.errors import TooManyBlocks
from moderado.enforcement.events import BlocksChanged, PersonNotice, PersonNotified
from moderado.enforcement.models import PersonBlock
from moderado.enforcement.selectors.blocks import block_view
from moderado.enforcement.views import BlockView

MAX_BLOCKS = 1_000


@transaction.atomic
def block_person(*, user_id: UUID, blocked_id: UUID) -> tuple[PersonBlock, bool]:
    """Block a person. A repeat returns the first block.

    Returns:
        The block, and whether it is new.

    Raises:
        Invalid: The person is the member.
        NotFound: There is no such active account.
        TooManyBlocks: 1,000 persons are blocked already.
    """
    own = PersonBlock.objects.filter(blocker=user_id).select_related("blocked")
    if (first := own.filter(blocked=blocked_id).first()) is not None:
        return first, False
    if user_id == blocked_id:
        raise Invalid(fields={"user": _("You cannot block yourself.")})
    blocked = User.objects.filter(pk=blocked_id, is_active=True).first()
    if blocked is None:
        raise NotFound(_("There is no such person."))  # or an inactive one: it does not tell
    # Locked, so that simultaneous blocks are counted.
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    if own.count() >= MAX_BLOCKS:
        raise TooManyBlocks
    block, created = own.get_or_create(blocker_id=user_id, blocked=blocked)
    if created:
        _announce(user_id, block_view(blocked, block))
    return block, created


@transaction.atomic
def unblock_person(*, user_id: UUID, blocked_id: UUID) -> None:
    """End a block. Without one, nothing happens."""
    ended, _found = PersonBlock.objects.filter(blocker=user_id, blocked=blocked_id).delete()
    if ended:
        _announce(user_id, block_view(User.objects.get(pk=blocked_id), None))


def _announce(user_id: UUID, view: BlockView) -> None:
    """Tell the member's own devices. The other person is not told."""
    publish(BlocksChanged(user_ids=(view.user.id, user_id)))
    publish(PersonNotified(user_id=user_id, notice=PersonNotice.BLOCK_CHANGED, body=view))
