"""Make a signed package of evidence of a case or subject, or verify one."""

import json
from pathlib import Path
from shutil import copyfileobj
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.evidence_package import own_fingerprint, verify
from moderado.enforcement.services.evidence import make_evidence


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a case or subject, or `verify FILE`, or `key`."""
        parser.add_argument(
            "what",
            help="the id of a case, message or person; `verify`; `key`: this server's fingerprint",
        )
        parser.add_argument("file", nargs="?", type=Path, help="the package to verify")
        parser.add_argument("--out", type=Path, help="where to write the package")
        parser.add_argument("--order", default="", help="the order; adds a legal hold")
        parser.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action.

        Raises:
            CommandError: An argument is not allowed, or the package is not intact.
        """
        if options["what"] == "key":
            self.stdout.write(own_fingerprint())
        elif options["what"] == "verify":
            self._verify(options)
        else:
            self._make(options)

    def _verify(self, options: dict[str, Any]) -> None:
        if options["file"] is None:
            raise CommandError("name the file: moderado evidence verify FILE")
        with command_errors(), options["file"].open("rb") as package:
            checked = verify(package)
        shown = {
            "problems": list(checked.problems),
            "key": checked.fingerprint,
            "is_own_key": checked.is_own_key,
            "files": checked.files,
        }
        if options["json"]:
            self.stdout.write(json.dumps(shown))
        elif not checked.problems:
            whose = "this server's key" if checked.is_own_key else "ANOTHER key"
            self.stdout.write(f"intact: {checked.files} files, {whose} {checked.fingerprint}")
        if checked.problems:
            raise CommandError("not intact: " + "; ".join(checked.problems))

    def _make(self, options: dict[str, Any]) -> None:
        if options["out"] is None:
            raise CommandError("name the file to write: --out FILE.zip")
        try:
            subject_id = UUID(options["what"])
        except ValueError:
            raise CommandError("name a case or a subject by its id") from None
        with command_errors():
            made = make_evidence(subject_id=subject_id, order=options["order"])
            with made.content, options["out"].open("wb") as out:
                copyfileobj(made.content, out)
        shown = {"file": str(options["out"]), "sha256": made.digest, "key": own_fingerprint()}
        self.stdout.write(
            json.dumps(shown) if options["json"] else f"{shown['file']}  sha256 {made.digest}"
        )
