"""Check documents and comments: line length, links, commands, and words that hide the subject.

Documents wrap at 100 columns (tables, links and code excepted). Relative links and `make` targets
must exist. Comments, docstrings and documents name the actor: "the client", "a moderator", never
"whoever". Architecture decision records up to 0021 keep their historical text.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
VAGUE = re.compile(
    r"\b(whoever|whomever|somebody|nobody|is told|are told|hears of|goes round)\b", re.IGNORECASE
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
MAKE = re.compile(r"`(?:[A-Z]+=\S+ )*make ([a-z][a-z-]*)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
HISTORICAL = re.compile(r"docs/adr/00([01]\d|2[01])-|benchmarks/results/")
LAST_WORDS = frozenset({"sure"})  # "make sure" is no target

Finding = tuple[str, int, str]


def main() -> int:
    """Print every finding.

    Returns:
        The exit status: 1 when there are findings.
    """
    findings = [*_in_documents(), *_in_python()]
    for path, line, reason in findings:
        print(f"{path}:{line}: {reason}")
    return 1 if findings else 0


def _tracked(pattern: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.splitlines() if not HISTORICAL.search(name)]


def _in_documents() -> Iterator[Finding]:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    for name in _tracked("*.md"):
        yield from check_document(name, (ROOT / name).read_text(), targets, ROOT / name)


def check_document(name: str, text: str, targets: set[str], place: Path) -> Iterator[Finding]:
    """Check one Markdown document.

    Args:
        name: How findings name the document.
        text: Its content.
        targets: The targets of the Makefile.
        place: The document's path, from which relative links are resolved.
    """
    is_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
            continue
        if is_code:
            continue
        if len(line) > WIDTH and not line.lstrip().startswith("|") and "](" not in line:
            yield name, number, f"{len(line)} columns, at most {WIDTH}"
        if found := VAGUE.search(line):
            yield name, number, f"name the actor instead of {found.group()!r}"
        for link in LINK.findall(line):
            if ":" not in link and not (place.parent / link).exists():
                yield name, number, f"broken link {link}"
        for target in MAKE.findall(line):
            if target not in targets | LAST_WORDS:
                yield name, number, f"no make target {target}"


def _in_python() -> Iterator[Finding]:
    for name in _tracked("*.py"):
        if name != "scripts/check_prose.py":
            yield from check_python(name, (ROOT / name).read_text())


def check_python(name: str, text: str) -> Iterator[Finding]:
    """Check the comments and docstrings of one Python module.

    Args:
        name: How findings name the module.
        text: Its source.
    """
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and previous in {
            tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT,
        }  # fmt: skip
        if token.type == tokenize.COMMENT or is_docstring:
            for offset, line in enumerate(token.string.splitlines()):
                if found := VAGUE.search(line):
                    reason = f"name the actor instead of {found.group()!r}"
                    yield name, token.start[0] + offset, reason
        if token.type != tokenize.NL:
            previous = token.type


if __name__ == "__main__":
    sys.exit(main())
