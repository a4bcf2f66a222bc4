"""Judge a text and say why, without storing anything."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.moderation.services.explaining import AUTHORS, compiled_policy, try_text
from moderado.moderation.services.judging import Facts
from moderado.moderation.services.policy_lookup import CONFIGURED
from moderado.moderation.types import AUDIENCES, SERVER, RoomFacts

_WORDS = 8  # of the words of a score, the ones that add or take most


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the text, who wrote it, and whom it is for."""
        parser.add_argument("text", help="the text to judge")
        parser.add_argument(
            "--as", dest="author", choices=AUTHORS, default="member", help="who wrote it (member)"
        )
        parser.add_argument(
            "--audience",
            choices=AUDIENCES,
            default=SERVER.audience,
            help="whom the place is for (mixed)",
        )
        parser.add_argument("--policy", help="the policy that judges (the server's)")
        parser.add_argument("--number", type=int, dest="version", help="a version of that policy")
        parser.add_argument(
            "--offline", action="store_true", help="use the configuration alone, no database"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the explanation.

        Raises:
            CommandError: There is no such policy, or the options contradict each other.
        """
        room = RoomFacts(audience=options["audience"])
        facts = Facts(author=AUTHORS[options["author"]], room=room)
        name = options["policy"]
        if options["version"] is not None and name is None:
            raise CommandError("Name the policy of this version.")
        if options["offline"] and name is not None:
            raise CommandError("--offline reads no database, and so no policy.")
        with command_errors():
            compiled = compiled_policy(name, options["version"]) if name else None
        chain = CONFIGURED if options["offline"] else None
        explained = try_text(options["text"], facts=facts, compiled=compiled, chain=chain)
        if options["json"]:
            self.stdout.write(json.dumps(explained, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(explained)))


def _lines(explained: dict[str, Any]) -> list[str]:
    basis = ", ".join(f"{name} {value}" for name, value in explained["basis"].items())
    lines = [
        f"{explained['outcome']}  decided by {explained['decided_by']} ({basis})",
        f"policy   {explained['policy']} {explained['policy_version']}",
    ]
    for each in explained["matches"]:
        how = f", {each['usage']}" if "usage" in each else ""
        reading = f", read as {each['reading']}" if each.get("reading") else ""
        lines.append(
            f"match    {each['text']!r} at {each['start']}-{each['end']}: {each['rule']} "
            f"({each['category']} {each['severity']:g}{how}{reading}) → {each['outcome']}"
        )
    for name, signal in explained["signals"].items():
        scores = ", ".join(f"{key} {value:.2f}" for key, value in signal["scores"].items())
        lines.append(
            f"signal   {name} {signal['model']} {1000 * signal['latency']:.2f} ms"
            + (f": {scores}" if scores else "")
        )
    added = [f"{each['word']} {each['amount']:+.2f}" for each in explained["words"][:_WORDS]]
    lines += [f"words    {', '.join(added)}"] if added else []
    lines += [f"failure  {each['provider']}: {each['error']}" for each in explained["failures"]]
    author = ", ".join(f"{key} {value}" for key, value in explained["facts"]["author"].items())
    return [*lines, f"author   {author}", f"audience {explained['facts']['room']['audience']}"]
