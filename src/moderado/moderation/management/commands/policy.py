"""Manage policies: list, show, apply, diff, export, test, enable, roll back, shadow."""

import difflib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import override

from moderado.core.commands import command_errors
from moderado.core.errors import NotFound
from moderado.core.operators import OperatorCommand
from moderado.moderation import selectors
from moderado.moderation.errors import FailingExamples, InvalidPolicy
from moderado.moderation.policies.documents import to_json, write_yaml
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.services import policies, policy_drafts, policy_findings
from moderado.moderation.services.policy_documents import document_yaml, parse_document
from moderado.moderation.services.shadows import choose_shadow

_JUDGED_AS = (
    f"Examples are judged as messages of an established member ({policy_findings.MEMBER.age_days} "
    f"days, {policy_findings.MEMBER.approved} approved): `moderado explain TEXT` says which rules "
    "of the enabled version match."
)


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add one parser for each action."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list the policies")
        show = actions.add_parser("show", help="show a policy and its history")
        export = actions.add_parser("export", help="write a policy as YAML")
        apply = actions.add_parser("apply", help="save a file as a version, and enable it")
        diff = actions.add_parser("diff", help="compare a file with the enabled version")
        test = actions.add_parser("test", help="run the examples of a file; nothing is stored")
        enable = actions.add_parser("enable", help="enable a version")
        rollback = actions.add_parser("rollback", help="enable the version that was enabled before")
        shadow = actions.add_parser("shadow", help="let a version judge a sample, without effect")
        shadow.add_argument("name")
        shadow.add_argument("number", nargs="?", type=int, help="the version; without it: none")
        shadow.add_argument("--sample", type=float, default=0.1, help="the share of the texts")
        for action in (show, export, enable, rollback):
            action.add_argument("name")
        for action in (apply, diff, test):
            action.add_argument("file", help="YAML; - is standard input")
        enable.add_argument("number", type=int)
        export.add_argument("--number", type=int, help="a version (default: the enabled one)")
        apply.add_argument("--save-only", action="store_true", help="do not enable the version")
        for action in (apply, enable, rollback, shadow):
            action.add_argument("--reason", default="", help="for the history")
        for action in (apply, enable):
            action.add_argument(
                "--confirm-fairness",
                action="store_true",
                help="enable it although it holds more neutral sentences about identities",
            )
        for action in actions.choices.values():
            action.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run one action.

        Raises:
            CommandError: It was refused; the message has every mistake or failing example.
        """
        act: dict[str, Callable[[dict[str, Any]], Any]] = {
            "list": self._list,
            "show": self._show,
            "export": self._export,
            "apply": self._apply,
            "diff": self._diff,
            "test": self._test,
            "enable": self._enable,
            "rollback": self._rollback,
            "shadow": self._shadow,
        }
        with override("en"), command_errors():
            try:
                act[options["action"]](options)
            except (InvalidPolicy, FailingExamples) as error:
                if options["json"]:
                    self._write(options, _refused(error), [])
                raise CommandError("\n".join(_refusal(error))) from None

    def _list(self, options: dict[str, Any]) -> None:
        found = [_summary(policy) for policy in selectors.policies()]
        lines = [
            f"{each['name']:<24} enabled {each['enabled'] or '-'} of {each['latest']}"
            + (f", extends {each['extends']}" if each["extends"] else "")
            for each in found
        ]
        self._write(options, found, lines)

    def _show(self, options: dict[str, Any]) -> None:
        policy: Any = selectors.policy_with_history(options["name"])
        history = [
            {
                "at": change.created_at.isoformat(),
                "action": change.action,
                "version": change.version.number if change.version else None,
                "actor": change.actor.name if change.actor else None,
                "reason": change.reason_in_words,
            }
            for change in policy.history
        ]
        lines = [
            f"{each['at'][:19]}  {each['action']:<12} {each['version'] or '':<4} "
            f"{each['actor'] or 'command line'}  {each['reason']}".rstrip()
            for each in history
        ]
        shown = _summary(policy)
        head = f"{shown['name']}: version {shown['enabled'] or '-'} of {shown['latest']} is enabled"
        self._write(options, shown | {"history": history}, [head, *lines])

    def _export(self, options: dict[str, Any]) -> None:
        version = _version(options["name"], options["number"])
        written = document_yaml(version.document)
        self._write(options, version.document, [written.rstrip()])

    def _apply(self, options: dict[str, Any]) -> None:
        document = _read(options["file"])
        name, known = document.name, _number_of(document)
        number = known or _save(document, options["reason"])
        enabled = policies.get_policy(name).enabled
        if not options["save_only"] and (enabled is None or enabled.number != number):
            self._enable(options | {"name": name, "number": number})
            return
        said = f"version {number} of {name} is this document already"
        self._say(options, said if known else f"saved version {number} of {name}", name, number)

    def _enable(self, options: dict[str, Any]) -> None:
        name, number = options["name"], options["number"]
        policies.enable(
            actor_id=None,
            name=name,
            number=number,
            reason=options["reason"],
            confirm_fairness=options["confirm_fairness"],
        )
        self._say(options, f"enabled version {number} of {name}", name, number)

    def _rollback(self, options: dict[str, Any]) -> None:
        name = options["name"]
        version = policies.rollback(actor_id=None, name=name, reason=options["reason"])
        self._say(
            options, f"enabled version {version.number} of {name} again", name, version.number
        )

    def _shadow(self, options: dict[str, Any]) -> None:
        name, number, sample = options["name"], options["number"], options["sample"]
        choose_shadow(
            actor_id=None, name=name, number=number, sample=sample, reason=options["reason"]
        )
        said = f"version {number} judges {sample:.0%} of the texts of {name}, without effect"
        sentence = said if number else f"{name} has no shadow version"
        self._write(options, {"policy": name, "shadow": number, "sample": sample}, [sentence])

    def _diff(self, options: dict[str, Any]) -> None:
        document = _read(options["file"])
        before = document_yaml(_version(document.name, None).document)
        lines = difflib.unified_diff(
            before.splitlines(), write_yaml(document).splitlines(), "enabled", "file", lineterm=""
        )
        changed = list(lines)
        self._write(options, {"changed": bool(changed), "diff": changed}, changed)

    def _test(self, options: dict[str, Any]) -> None:
        document = _read(options["file"])
        found = policy_findings.findings_of_document(document)
        if found.examples:
            raise FailingExamples(found.examples)
        count = sum(len(rule.must_hold) + len(rule.must_pass) for rule in document.rules)
        self._write(options, {"examples": count, "failing": []}, [f"{count} examples pass"])

    def _say(self, options: dict[str, Any], sentence: str, name: str, number: int) -> None:
        self._write(options, {"policy": name, "version": number}, [sentence])

    def _write(self, options: dict[str, Any], found: Any, lines: list[str]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        elif lines:
            self.stdout.write("\n".join(lines))


def _summary(policy: Any) -> dict[str, Any]:
    return {
        "name": policy.name,
        "extends": policy.extends.name if policy.extends else None,
        "enabled": policy.enabled.number if policy.enabled else None,
        "latest": policy.latest,
    }


def _version(name: str, number: int | None) -> Any:
    if number is not None:
        return policies.get_version(name, number)
    enabled = policies.get_policy(name).enabled
    if enabled is None:
        raise NotFound
    return enabled


def _number_of(document: PolicyDocument) -> int | None:
    """Return the number of the newest version, if it has this document."""
    policy: Any = selectors.policies().filter(name=document.name).first()
    if policy is None:
        return None
    newest = policies.get_version(document.name, policy.latest)
    return newest.number if newest.document == to_json(document) else None


def _save(document: PolicyDocument, reason: str) -> int:
    saved = policy_drafts.save_document(actor_id=None, document=document, reason=reason)
    return saved.version.number


def _read(file: str) -> PolicyDocument:
    with command_errors():
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        text = raw.decode()  # strictly, also where Python lets standard input have any bytes
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: no UTF-8 text (byte {error.start})") from None
    return parse_document(yaml=text)


def _refused(error: InvalidPolicy | FailingExamples) -> dict[str, Any]:
    """Return a refusal for programs: every mistake by its path, or every failing example."""
    if isinstance(error, InvalidPolicy):
        said = {path: str(sentence) for path, sentence in error.fields.items()}
        return {"code": error.code, "mistakes": said}
    failing = [
        {
            "rule": each.rule,
            "expected": each.expected,
            "outcome": each.outcome.value,
            "text": each.text,
        }
        for each in error.examples
    ]
    return {"code": error.code, "failing": failing}


def _refusal(error: InvalidPolicy | FailingExamples) -> list[str]:
    lines = [str(error)]
    if isinstance(error, InvalidPolicy):
        lines += [f"  {path}: {said}" for path, said in error.fields.items()]
    if isinstance(error, FailingExamples):
        lines += [
            f"  {each.rule}: must {each.expected}, but is {each.outcome.value}: {each.text!r}"
            for each in error.examples
        ]
        lines.append(_JUDGED_AS)
    return lines
