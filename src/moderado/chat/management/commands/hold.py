"""Keep an account or a message from erasure and retention, as an order or the law demands."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from moderado.accounts.selectors import find_user
from moderado.chat.services.held_messages import hold_message
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.holds import add_hold, list_holds, release_hold


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a hold")
        subject = add.add_mutually_exclusive_group(required=True)
        subject.add_argument("--user", help="the id or the e-mail of an account: all that it has")
        subject.add_argument("--message", type=UUID, help="the id of a message")
        add.add_argument("--order", required=True, help="the reference of the order")
        listing = actions.add_parser("list", help="list the holds; the look is logged")
        listing.add_argument("--all", action="store_true", help="released ones, too")
        release = actions.add_parser("release", help="end a hold")
        release.add_argument("id", type=UUID, help="as `list` shows it")
        release.add_argument("--reason", required=True, help="why, such as the order that ends it")
        for action in (add, listing, release):
            action.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action, and print the holds that it is about.

        Raises:
            CommandError: An argument is not allowed, or names nothing.
        """
        act = {"add": _add, "list": _list, "release": _release}
        with command_errors():
            rows = [_shown(hold) for hold in act[options["action"]](options)]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            until = f"  released {row['released_at']}" if row["released_at"] else ""
            self.stdout.write(
                f"{row['id']}  {row['subject_type']} {row['subject']}  {row['order']}"
                f"  since {row['created_at']}{until}"
            )


def _add(options: dict[str, Any]) -> list[Any]:
    order = options["order"]
    if options["message"]:
        return [hold_message(actor_id=None, message_id=options["message"], reference=order)]
    user_id = find_user(options["user"]).id
    return [
        add_hold(
            actor_id=None,
            subject_type="user",
            subject_id=user_id,
            author_id=user_id,
            reference=order,
        )
    ]


def _list(options: dict[str, Any]) -> list[Any]:
    return [*list_holds(actor_id=None, with_released=options["all"])]


def _release(options: dict[str, Any]) -> list[Any]:
    return [release_hold(actor_id=None, hold_id=options["id"], reason=options["reason"])]


def _shown(hold: Any) -> dict[str, Any]:
    return {
        "id": str(hold.id),
        "subject_type": hold.subject_type,
        "subject": str(hold.subject_id),
        "order": hold.reference,
        "created_at": hold.created_at.isoformat(),
        "released_at": hold.released_at.isoformat() if hold.released_at else None,
    }
