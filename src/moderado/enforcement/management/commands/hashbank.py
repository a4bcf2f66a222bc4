"""Bank texts that an order has removed: they wait for a moderator when anyone writes them again."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.hash_bank import bank_message, list_banked, unbank


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="bank the text of a message")
        add.add_argument("--message", type=UUID, required=True, help="the id of the message")
        add.add_argument(
            "--revision", type=int, help="which had the text; default: what others saw last"
        )
        add.add_argument("--order", required=True, help="the reference of the order")
        listing = actions.add_parser("list", help="list the entries")
        remove = actions.add_parser("remove", help="remove an entry")
        remove.add_argument("id", type=UUID, help="as `list` shows it")
        remove.add_argument("--reason", default="", help="such as another order; for the audit")
        for action in (add, listing, remove):
            action.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action, and print the entries that it is about.

        Raises:
            CommandError: An argument is not allowed, or names nothing.
        """
        act = {"add": _add, "list": lambda _: [*list_banked()], "remove": _remove}
        with command_errors():
            rows = [_shown(banked) for banked in act[options["action"]](options)]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['id']}  {row['message']}  {row['order']}  {row['created_at']}")


def _add(options: dict[str, Any]) -> list[Any]:
    banked, _ = bank_message(
        actor_id=None,
        message_id=options["message"],
        order=options["order"],
        revision=options["revision"],
    )
    return [banked]


def _remove(options: dict[str, Any]) -> list[Any]:
    return [unbank(actor_id=None, banked_id=options["id"], reason=options["reason"])]


def _shown(banked: Any) -> dict[str, Any]:
    return {
        "id": str(banked.id),
        "message": str(banked.subject_id),
        "order": banked.reference,
        "created_at": banked.created_at.isoformat(),
    }
