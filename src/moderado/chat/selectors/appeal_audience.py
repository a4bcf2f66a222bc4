"""The moderators to notify of changed appeals: those whose list of appeals has them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from moderado.accounts.rights import VIEW_APPEAL
from moderado.chat.selectors.staff_audience import SessionReader, audience_of
from moderado.enforcement.events import AppealChange
from moderado.enforcement.selectors.appeal_news import AppealNews, ShownAppeal, appeal_news
from moderado.enforcement.selectors.appeals import AppealCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealReader(SessionReader):
    """A moderator, and what they may know.

    `seen` has the appeals that they may decide, or might have decided; `left` those that others
    decide from now on. `counts` is about all open appeals that they may decide.
    """

    seen: Mapping[UUID, ShownAppeal]
    left: Mapping[UUID, ShownAppeal]
    counts: AppealCounts


def appeal_readers(
    *,
    user_ids: Collection[UUID],
    changes: Collection[AppealChange],
    session_ids: Collection[UUID] = (),
) -> dict[UUID, AppealReader]:
    """Return those of the users whom changes of appeals concern, as of now.

    The number of statements does not depend on how many users there are.

    Args:
        user_ids: The users to choose from.
        changes: What happened to which appeals. Those without a room are for staff alone.
        session_ids: The sessions of the users, as `case_readers` takes them.
    """
    audience = audience_of(
        VIEW_APPEAL,
        user_ids=user_ids,
        room_ids={change.scope_id for change in changes if change.scope_id},
        session_ids=session_ids,
    )
    news = appeal_news(actors=audience.actors, changes=changes, rooms=audience.rooms)
    return audience.readers(_reader, news, is_news=lambda each: not each.is_empty)


def _reader(news: AppealNews, **sessions: Any) -> AppealReader:
    return AppealReader(seen=news.seen, left=news.left, counts=news.counts, **sessions)
