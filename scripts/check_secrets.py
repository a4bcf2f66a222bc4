"""Check that no file contains a secret: keys, tokens, or passwords of real addresses."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Placeholder hosts and the names of our containers.
NOWHERE = (
    r"(?:localhost|127\.0\.0\.1|\[::1\]|host|postgres|valkey|redis|db|[\w.-]*\.?example(?:\.\w+)?)"
)
KINDS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "a key of a cloud": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}\b"),
    "a token of a service": re.compile(
        r"\b(?:gh[pousr]_\w{36,}|github_pat_\w{50,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}"
        r"|sk-[\w-]{32,}|sk_live_\w{20,}|pypi-AgE[\w-]{40,}|npm_\w{36})"
    ),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    "a password of an address": re.compile(
        rf"\b[a-z][a-z0-9+]*://[^\s:/@\"'`{{}}$<>]*:[^\s:/@\"'`{{}}$<>]+@(?!{NOWHERE}[\"'`:/\s\\]|%)"
    ),
    # Only random characters: the words of a sentence are no secret.
    "a secret given to a name": re.compile(
        r"(?i:\b\w*(?:secret|password|passwd|api_?key|token)\w*)\s*[:=]\s*[\"']?"
        r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*[a-z])[\w+/=-]{24,}"
    ),
}
FILES = re.compile(
    r"(?:^|/)(?:\.env|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]+\.(?:pem|key|p12|pfx|kdbx))$"
)


def secrets_in(path: str, text: str) -> Iterator[str]:
    """Yield a sentence for every finding in one file, never the secret itself."""
    if FILES.search(path):
        yield f"{path}: a file that belongs to the operator, not to the repository"
    for number, line in enumerate(text.splitlines(), start=1):
        kinds = [kind for kind, pattern in KINDS.items() if pattern.search(line)]
        if kinds:
            yield f"{path}:{number}: {', '.join(kinds)}"


def tracked() -> list[str]:
    """Return every file that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


def main(names: list[str]) -> int:
    """Check the named files, or every file of the repository if none is named."""
    found: list[str] = []
    for name in names or tracked():
        path = ROOT / name
        if path.is_file():
            text = path.read_bytes()
            found += secrets_in(name, "" if b"\0" in text else text.decode(errors="replace"))
    if found:
        sys.stderr.write("\n".join([*found, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
