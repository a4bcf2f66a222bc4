"""Check that the lock files match pyproject.toml: hashes on everything, URLs nowhere."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
GROUPS = {"requirements-uv.lock": "install"}
EXTRAS = {
    "requirements-server.lock": [],
    "requirements.lock": ["standalone"],
    "requirements-dev.lock": ["standalone", "debug", "dev"],
}


def wanted(extras: list[str]) -> list[Requirement]:
    """Return the direct dependencies with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    found = [Requirement(line) for line in lines]
    return [item for item in found if canonicalize_name(item.name) != project["name"]]


def installing(group: str) -> list[Requirement]:
    """Return the tools of a dependency group."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return [Requirement(line) for line in groups[group]]


def complaints(name: str, required: list[Requirement]) -> list[str]:
    """Return one sentence for each mistake in a lock file."""
    text = (ROOT / name).read_text()
    pins = {canonicalize_name(package): version for package, version in PINNED.findall(text)}
    found = []
    if "://" in text:
        found.append(f"{name} contains a URL: it must work with any package index")
    entries = re.split(r"\n(?=\S)", text.strip())
    found += [
        f"{name}: {entry.split()[0]} has no hash"
        for entry in entries
        if "--hash=sha256:" not in entry and not entry.startswith("#")
    ]
    for requirement in required:
        version = pins.get(canonicalize_name(requirement.name))
        if not _applies(requirement.marker):
            continue
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{name}: {requirement} is asked for, {version or 'nothing'} is locked")
    return found


def _applies(marker: Marker | None) -> bool:
    return marker is None or marker.evaluate()


if __name__ == "__main__":
    required = {name: wanted(extras) for name, extras in EXTRAS.items()}
    required |= {name: installing(group) for name, group in GROUPS.items()}
    problems = [line for name, found in required.items() for line in complaints(name, found)]
    if problems:
        sys.exit("\n".join([*problems, "Run `make lock`."]))
