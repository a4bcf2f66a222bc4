"""What the persons see who gave a notice, and what moderators see of it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from moderado.enforcement.models import Notice
from moderado.enforcement.views import Moment


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as its notifier sees it: the receipt, and what has become of it.

    Whether the content exists, or who may see it, makes no difference.
    """

    protocol: Annotated[str, Meta(description="The protocol number.")]
    state: Annotated[
        str,
        Meta(
            description="`unconfirmed` until the code from the e-mail was sent to `confirm/`.",
            extra_json_schema={"enum": ("unconfirmed", "open", "decided")},
        ),
    ]
    outcome: Annotated[
        str | None,
        Meta(
            description="`action_taken`, `no_action`, or `unavailable`: there is no such content, "
            "or not any more. null until it is decided."
        ),
    ]
    name: Annotated[str, Meta(description="Empty once it is erased, like `subject` and `text`.")]
    role: str
    subject: Annotated[str, Meta(description="What it points at, as it was given.")]
    category: str
    text: str
    created_at: Moment
    confirmed_at: Moment | None
    due_at: Annotated[Moment | None, Meta(description="Until when it should be decided.")]
    decided_at: Moment | None


def notice_view(notice: Notice) -> NoticeView:
    """Return a notice as its notifier sees it."""
    return NoticeView(
        protocol=notice.protocol,
        state=notice.state,
        outcome=notice.outcome or None,
        name=notice.name,
        role=notice.role,
        subject=notice.reference,
        category=notice.category,
        text=notice.text,
        created_at=notice.created_at,
        confirmed_at=notice.confirmed_at,
        due_at=notice.due_at,
        decided_at=notice.decided_at,
    )
