"""Check documents and comments: line length, links, commands, and words that hide the subject.

Documents wrap at 100 columns (tables, links and code excepted). Relative links and `make` targets
must exist. The rows of a table have as many cells as its head. The index of the architecture
decision records lists each of them, in order, in force or superseded as the page says. The files
that `ARCHITECTURE.md` names exist. Comments, docstrings and documents name the actor: "the client",
"a moderator", never "whoever". Architecture decision records up to 0021 keep their historical text.
"""

import io
import itertools
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "docs" / "adr"
WIDTH = 100
VAGUE = re.compile(
    r"\b(whoever|whomever|somebody|nobody|is told|are told|hears of|goes round)\b", re.IGNORECASE
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
CELL_END = re.compile(r"(?<!\\)\|")
RULE = re.compile(r"\|(?: ?:?-+:? ?\|)+")
RECORD = re.compile(r"^\| \[(\d{4})\]", re.MULTILINE)
SOURCE_PATH = re.compile(r"`([\w/]+(?:\.py|/))`")
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
    findings = [*_in_documents(), *_in_records(), *_in_architecture(), *_in_python()]
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
        text = (ROOT / name).read_text()
        yield from check_document(name, text, targets, ROOT / name)
        yield from check_tables(name, text)


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


def check_tables(name: str, text: str) -> Iterator[Finding]:
    """Find rows that Markdown does not render as a part of their table.

    Args:
        name: How findings name the document.
        text: Its content, whose blocks of code have no line that begins with a bar.
    """
    lines = enumerate(text.splitlines(), start=1)
    for is_table, block in itertools.groupby(lines, key=lambda line: line[1].startswith("|")):
        rows = list(block) if is_table else []
        if rows and not (len(rows) > 1 and RULE.fullmatch(rows[1][1])):
            yield name, rows[0][0], "no line of dashes below the head of the table"
        for number, row in rows[1:]:
            if (cells := _cells(row)) != (head := _cells(rows[0][1])):
                yield name, number, f"{cells} cells below a head of {head}"


def _cells(row: str) -> int:
    return len(CELL_END.findall(row)) - 1


def _in_records() -> Iterator[Finding]:
    pages = {path.name[:4]: path.read_text() for path in RECORDS.glob("[0-9]*.md")}
    index = RECORDS / "README.md"
    yield from check_index(str(index.relative_to(ROOT)), index.read_text(), pages)


def check_index(name: str, text: str, pages: dict[str, str]) -> Iterator[Finding]:
    """Compare the index of the architecture decision records with their pages.

    Args:
        name: How findings name the index.
        text: Its content.
        pages: The text of each page, by its number of four digits.
    """
    in_force, _, superseded = text.partition("\n## Superseded\n")
    ended = {number for number, page in pages.items() if "*Superseded by " in page}
    for part, expected in ((in_force, pages.keys() - ended), (superseded, ended)):
        listed = RECORD.findall(part)
        if listed != sorted(expected):
            wrong = sorted(expected.symmetric_difference(listed)) or "their order"
            title = "Superseded" if part is superseded else "In force"
            yield name, 1, f"{title} lists other records than the pages say: {wrong}"


def _in_architecture() -> Iterator[Finding]:
    page = ROOT / "ARCHITECTURE.md"
    yield from check_paths(page.name, page.read_text(), ROOT / "src" / "moderado")


def check_paths(name: str, text: str, source: Path) -> Iterator[Finding]:
    """Find files and folders that the tables of a document name and that do not exist.

    Args:
        name: How findings name the document.
        text: Its content.
        source: The folder from which paths are resolved. A further path in the same row may also
            be relative to the folder of the one before it.
    """
    for number, row in enumerate(text.splitlines(), start=1):
        folder = source
        for path in SOURCE_PATH.findall(row) if row.startswith("|") else ():
            found = next((at / path for at in (source, folder) if (at / path).exists()), None)
            if found is None:
                yield name, number, f"no file {path}"
            else:
                folder = found.parent


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
