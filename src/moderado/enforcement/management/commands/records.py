"""Extract access records as an order demands, or verify their seals."""

import json
from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from moderado.accounts.selectors import find_user
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.access_records import extract, verify_records

EXAMPLE = "2026-11-01T00:00:00Z"


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        extracting = actions.add_parser("extract", help="print records; it is logged")
        extracting.add_argument("--order", required=True, help="the reference of the order")
        extracting.add_argument("--user", help="the id or the e-mail of an account")
        extracting.add_argument("--address", help="an address")
        extracting.add_argument("--since", type=_moment, help=f"such as {EXAMPLE}")
        extracting.add_argument("--until", type=_moment, help="exclusively")
        actions.add_parser("verify", help="compare the records with their seals")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action.

        Raises:
            CommandError: An argument is not allowed, or the records do not verify.
        """
        if options["action"] == "verify":
            self._verify()
            return
        with command_errors():
            user_id = find_user(options["user"]).id if options["user"] else None
            rows = extract(
                actor_id=None,
                order=options["order"],
                user_id=user_id,
                address=options["address"],
                since=options["since"],
                until=options["until"],
            )
        for row in rows:
            shown = {
                "user": str(row.user_id),
                "address": row.address,
                "port": row.port,
                "at": row.created_at.isoformat(),
            }
            self.stdout.write(json.dumps(shown))

    def _verify(self) -> None:
        found = verify_records()
        self.stdout.write(f"seals: {found.intact} intact, {found.deleted} past their term")
        if found.altered:
            named = ", ".join(map(str, found.altered))
            raise CommandError(f"the access records do not verify: seals {named}")


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:  # well-formed, and on no calendar
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ArgumentTypeError(f"{text!r}: write date, time and zone, such as {EXAMPLE}")
    return moment
