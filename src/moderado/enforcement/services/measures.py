"""What a ruling may do, and what it does to people: by subject, queue and rights of the moderator.

The measures of a ruling are stored in its transaction, and lifted with it.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec
from django.utils.translation import gettext_lazy as _

from moderado.core.database import require_transaction
from moderado.core.errors import Forbidden, Invalid
from moderado.enforcement.errors import MeasureNotPermitted
from moderado.enforcement.models import Queue, Ruling
from moderado.enforcement.services.fairness import check_outranks
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.services.strike_values import basis_of_subject
from moderado.enforcement.types import (
    NO_BASIS,
    WITHOUT_TEXT,
    Actor,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.moderation.models import Case


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction that a ruling imposes on the author. `term` None: without end."""

    kind: SanctionKind
    scope: MeasureScope
    term: timedelta | None = None


def check_permitted(
    actor: Actor, case: Case, content: ContentOutcome, measures: Sequence[Measure]
) -> None:
    """Check that a moderator may take these measures on a case of `get_case`.

    Raises:
        Invalid: There is no content to remove, no author to sanction, or no room.
        Forbidden: Only staff impose sanctions on the whole server, and not on more rights.
        MeasureNotPermitted: The queue of the case does not permit a measure.
    """
    if case.subject_type in WITHOUT_TEXT and content == ContentOutcome.REMOVE:
        raise Invalid(fields={"content": _("This case is not about a text.")})
    for measure in measures:
        _check_measure(actor, case, measure)
    permitted = permitted_by_queue(case)
    for name in _names(content, measures):
        if permitted and name not in permitted:
            raise MeasureNotPermitted(name)


def permitted_by_queue(case: Case) -> Sequence[str]:
    """Return the contents and kinds of sanctions that the queue permits; empty: everything.

    Args:
        case: The case, with its `queue_id`.
    """
    if case.queue_id is None:  # type: ignore[attr-defined]
        return ()
    queue = Queue.objects.filter(pk=case.queue_id).first()  # type: ignore[attr-defined]
    return () if queue is None else queue.measures  # None: deleted at this moment


def impose(ruling: Ruling, measures: Sequence[Measure]) -> None:
    """Put the measures of a ruling into force. Requires a transaction: that of the ruling."""
    require_transaction()
    basis = NO_BASIS
    if any(measure.kind is SanctionKind.STRIKE for measure in measures):
        basis = basis_of_subject(
            subject_id=ruling.subject_id,
            revision=ruling.revision,
            categories=ruling.case.categories,
        )
    for measure in measures:
        if ruling.author_id is not None and ruling.actor_id is not None:
            apply_sanction(
                actor_id=ruling.actor_id,
                user_id=ruling.author_id,
                kind=measure.kind,
                scope_id=ruling.scope_id if measure.scope is MeasureScope.ROOM else None,
                term=measure.term,
                reason=ruling.reason,
                public_note=ruling.public_note,
                ruling=ruling,
                basis=basis if measure.kind is SanctionKind.STRIKE else NO_BASIS,
            )


def _check_measure(actor: Actor, case: Case, measure: Measure) -> None:
    if case.author_id is None:
        raise Invalid(fields={"sanctions": _("It is not known who wrote this.")})
    if measure.scope is MeasureScope.ROOM and case.scope_id is None:
        raise Invalid(fields={"sanctions": _("This case belongs to no room.")})
    if measure.scope is MeasureScope.SERVER and actor.scope_ids is not None:
        raise Forbidden(_("Only the moderators of the server decide about the whole server."))
    if measure.scope is MeasureScope.SERVER:
        check_outranks(actor_id=actor.id, user_id=case.author_id)


def _names(content: ContentOutcome, measures: Sequence[Measure]) -> Iterator[str]:
    yield content
    yield from (measure.kind for measure in measures)
