"""Manage the API keys of other systems: create, list, revoke."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from moderado.accounts.models import ApiKey
from moderado.accounts.selectors import all_api_keys
from moderado.accounts.services.api_keys import create_api_key, revoke_api_key
from moderado.accounts.types import Scope
from moderado.core.commands import command_errors
from moderado.core.errors import NotFound
from moderado.core.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create a key and print it once")
        create.add_argument("name", help="the system that will use it")
        create.add_argument(
            "--scope",
            action="append",
            choices=[scope.value for scope in Scope],
            help="what it may be used for; may be repeated (default: judge)",
        )
        listing = actions.add_parser("list", help="list the keys, without their secrets")
        revoke = actions.add_parser("revoke", help="end a key")
        revoke.add_argument("id", type=UUID, help="as `list` shows it")
        for action in (create, listing, revoke):
            action.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action.

        Raises:
            CommandError: An argument is not allowed, or there is no such key in use.
        """
        act = {"create": self._create, "list": self._list, "revoke": self._revoke}
        act[options["action"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        scopes = options["scope"] or [Scope.JUDGE]
        with command_errors():
            created = create_api_key(name=options["name"], scopes=scopes, actor_id=None)
        if options["json"]:
            shown = {"id": str(created.id), "name": created.name, "scopes": created.scopes}
            self.stdout.write(json.dumps({**shown, "key": created.key}))
            return
        self.stdout.write(created.key)
        self.stderr.write(f"Keep it now: it is not shown again. Its id is {created.id}.")

    def _list(self, options: dict[str, Any]) -> None:
        rows = [_shown(row) for row in all_api_keys()]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            state = "revoked" if row["revoked_at"] else "in use"
            used = row["last_used_at"] or "never"
            scopes = ",".join(row["scopes"])
            head = f"{row['id']}  {row['hint']}…  {state:8} {scopes:14}"
            self.stdout.write(f"{head} last used: {used}  {row['name']}")

    def _revoke(self, options: dict[str, Any]) -> None:
        try:
            revoke_api_key(api_key_id=options["id"], actor_id=None)
        except NotFound:
            raise CommandError("There is no key with this id, or it is revoked already.") from None
        if options["json"]:
            self.stdout.write(json.dumps({"id": str(options["id"]), "revoked": True}))
        else:
            self.stdout.write("Revoked.")


def _shown(row: ApiKey) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "scopes": row.scopes,
        "hint": row.hint,
        "created_at": row.created_at.isoformat(),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(),
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
    }
