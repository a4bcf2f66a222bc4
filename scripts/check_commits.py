"""Check that commit subjects read `area: Imperative summary` and have at most 72 characters.

Without arguments, checks every commit of the current branch since the rule was introduced. With
`--message FILE`, checks one message, as a commit-msg hook. Merge commits are exempt.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LAST_BEFORE = "94171429f005cdf70d5929badb9f82f2e244780b"  # the rule holds for what follows it
PATTERN = re.compile(r"[a-z0-9_./-]+: [A-Z]")
LONGEST = 72
HOW = "write `area: Imperative summary`, as in `realtime: Close sockets that flood control frames`"


def mistakes_in(subject: str) -> list[str]:
    """Return what is wrong with a subject; nothing if it keeps the rule."""
    found = []
    if not PATTERN.match(subject):
        found.append(HOW)
    if len(subject) > LONGEST:
        found.append(f"{len(subject)} characters, {LONGEST} are allowed")
    return found


def subject_of(message: str) -> str:
    """Return the first line of a commit message that is not empty and not a comment."""
    lines = (line.strip() for line in message.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def subjects(repository: Path = ROOT) -> list[tuple[str, str]]:
    """Return abbreviated hash and subject of each commit under the rule, newest first.

    A shallow clone may lack the commit at which the rule begins: every commit that it has is then
    a later one. A repository with another history has no commit under the rule.
    """
    since = [f"{LAST_BEFORE}..HEAD"]
    if not _succeeds(repository, "cat-file", "-e", f"{LAST_BEFORE}^{{commit}}"):
        if _git(repository, "rev-parse", "--is-shallow-repository").strip() != "true":
            return []
        since = ["HEAD"]
    lines = _git(repository, "log", "--no-merges", "--format=%h%x00%s", *since).splitlines()
    return [(name, subject) for name, _, subject in (line.partition("\0") for line in lines)]


def complaints(commits: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each mistake."""
    return [
        f"{name} {subject!r}: {mistake}"
        for name, subject in commits
        for mistake in mistakes_in(subject)
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--message", type=Path, metavar="FILE", help="check this message alone")
    given = parser.parse_args(arguments)
    if given.message:
        subject = subject_of(given.message.read_text())
        found = [] if subject.startswith("Merge ") else complaints([("this commit", subject)])
    elif not _succeeds(ROOT, "rev-parse", "--verify", "HEAD"):
        found = []  # a copy of the files, without their history
    else:
        found = complaints(subjects())
    if found:
        sys.stderr.write("\n".join([*found, ""]))
    return 1 if found else 0


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _succeeds(repository: Path, *arguments: str) -> bool:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
