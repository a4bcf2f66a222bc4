"""Verify the moderation log: no line altered, added or lost, and each text intact or erased."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderado.core.operators import OperatorCommand
from moderado.moderation.services.log_verification import Verification, verify_log


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="check every line, seal and text")
        verify.add_argument("--head", default="", help="the digest of a seal, as noted elsewhere")
        verify.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Verify the log, and print what was found.

        Raises:
            CommandError: Something was altered, added or lost. The exit code is 1.
        """
        found = verify_log(head=options["head"])
        if options["json"]:
            self.stdout.write(json.dumps(_report(found)))
        else:
            self.stdout.write("\n".join(_lines(found)))
        if not found.is_sound:
            raise CommandError("the log does not verify")


def _report(found: Verification) -> dict[str, Any]:
    return {
        "verified": found.is_sound,
        "lines": dict(found.lines),
        "seals": dict(found.seals),
        "texts": {kind: dict(counted) for kind, counted in found.texts.items()},
        "faults": [asdict(fault) for fault in found.faults],
        "head": {"number": found.head[0], "digest": found.head[1]} if found.head else None,
    }


def _lines(found: Verification) -> list[str]:
    lines = [
        f"lines: {_counted(found.lines)}",
        f"seals: {_counted(found.seals)}",
        *(f"texts ({kind}): {_counted(counted)}" for kind, counted in found.texts.items()),
        *(f"{fault.what} {fault.id}: {fault.state}" for fault in found.faults),
    ]
    if found.head:
        lines.append(f"newest seal: {found.head[0]} {found.head[1]}")
    return lines


def _counted(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in counted.items() if number) or "none"
