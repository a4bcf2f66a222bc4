"""Collect the server's translatable texts and compile the catalogues, without gettext tools.

    python scripts/catalogue.py

Texts of third-party packages that have no Portuguese of their own are collected, too. New texts are
added without a translation, unused ones are removed. Translate the missing ones in the `.po` file
and run it again.
"""

import gettext
import io
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent / "src" / "moderado"
PO = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
PLURAL = (1, 2)
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
}

# Packages whose texts reach people, and the parts of them that the project does not use.
THIRD_PARTY = {
    "unfold": ("contrib/", "unfold_crispy/"),
    "unfold.contrib.filters": (),
    "rest_framework": (
        *("authentication.py", "filters.py", "versioning.py"),
        *("authtoken/", "schemas/", "templates/"),
    ),
}
# Their texts are looked up in these catalogues at run time.
CATALOGUES = ("django.conf", "django.contrib.admin", "django.contrib.auth", "rest_framework")
# Their Portuguese says something else ("may not" as "may … not", "at least" as "more than"), is
# misspelt, or quotes the English name of a type. The project's own catalogue wins.
MISTRANSLATED = {
    "Ensure this field has at least {min_length} characters.",
    "Ensure this value is greater than or equal to {min_value}.",
    'Expected a dictionary of items but got type "{input_type}".',
    'Expected a list of items but got type "{input_type}".',
    "Invalid data. Expected a dictionary, but got {datatype}.",
    "Enter a valid email address.",
    "Not a valid string.",
    "This dictionary may not be empty.",
    "This field may not be blank.",
    "This field may not be null.",
    "This list may not be empty.",
    "This selection may not be empty.",
}

Sentence = str | tuple[str, str]


def source_texts() -> Iterator[tuple[Sentence, str]]:
    """Return every text in the source (a pair if it has a plural), with its places."""
    yield from _texts(ROOT)
    for package, unused in THIRD_PARTY.items():
        folder = _folder(package)
        for sentence, place in _texts(folder, unused):
            if sentence in MISTRANSLATED or not _has_portuguese(sentence):
                yield sentence, f"{package}/{place}"


def _texts(folder: Path, unused: tuple[str, ...] = ()) -> Iterator[tuple[Sentence, str]]:
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if place.startswith(unused):
            continue
        for line, message, *_ in extract("python", io.BytesIO(_code(path)), keywords=KEYWORDS):
            sentence = message if isinstance(message, str) else (message[0], message[1])
            yield sentence, f"{place}:{line}"


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _has_portuguese(sentence: Sentence) -> bool:
    first = sentence if isinstance(sentence, str) else sentence[0]
    return any(
        translated.gettext(first) != first
        if isinstance(sentence, str)
        else translated.ngettext(*sentence, 1) != first
        for translated in _catalogues()
    )


@cache
def _catalogues() -> tuple[gettext.NullTranslations, ...]:
    return tuple(
        gettext.translation("django", _folder(package) / "locale", ["pt_BR"])
        for package in CATALOGUES
    )


def current_catalogue() -> Catalog:
    """Return the current catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale="pt_BR")


def _code(path: Path) -> bytes:
    if path.suffix == ".py":
        return path.read_bytes()
    if path.suffix in {".html", ".txt"} and "templates" in path.parts:
        code = templatize(path.read_text(), origin=str(path))
        # Indentation inside a template's text has no meaning.
        return "\n".join(line.strip() for line in code.splitlines()).encode()
    return b""


def update() -> list[str]:
    """Update and compile the catalogue; return the texts without a translation."""
    before, after = current_catalogue(), current_catalogue()
    for message in before:
        if message.id:
            after.delete(message.id)
    missing = []
    for sentence in sorted({sentence for sentence, _ in source_texts()}, key=str):
        key = sentence if isinstance(sentence, str) else sentence[0]
        translated = before.get(key)
        after.add(sentence, translated.string if translated else None)
        if translated is None or not translated.string:
            missing.append(key)
    with PO.open("wb") as file:
        write_po(file, after, width=96)
    with PO.with_suffix(".mo").open("wb") as file:
        write_mo(file, after)
    return missing


if __name__ == "__main__":
    untranslated = update()
    sys.stdout.writelines(f"no translation yet: {sentence}\n" for sentence in untranslated)
    sys.exit(bool(untranslated))
