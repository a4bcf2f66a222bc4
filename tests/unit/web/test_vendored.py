"""The page's assets: vendored files match VENDOR.md, and nothing is loaded from other hosts."""

import re
from hashlib import sha256
from pathlib import Path

import moderado.web

STATIC = Path(moderado.web.__file__).parent / "static" / "moderado"
TEMPLATES = Path(moderado.web.__file__).parent / "templates"
ROW = re.compile(r"^\| `([\w.-]+\.js)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")


def test_vendored_modules_match_their_recorded_hashes() -> None:
    listed = dict(ROW.findall((STATIC / "vendor" / "VENDOR.md").read_text()))
    found = {
        module.name: sha256(module.read_bytes()).hexdigest()
        for module in (STATIC / "vendor").glob("*.js")
    }
    assert listed == found


def test_modules_import_existing_relative_paths() -> None:
    for module in STATIC.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/", "", module.read_text(), flags=re.DOTALL)
        for name in IMPORT.findall(code):
            assert name.startswith("."), f"{module}: {name}"
            assert (module.parent / name).is_file(), f"{module}: {name}"


def test_client_has_no_dependencies() -> None:
    for module in [STATIC / "client.js", *(STATIC / "client").glob("*.js")]:
        assert "vendor" not in module.read_text()
        assert "/app/" not in module.read_text()


def test_templates_have_no_inline_script_or_style() -> None:
    for template in TEMPLATES.rglob("*.html"):
        html = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), template
        assert not re.search(r"<style|\sstyle=|\son\w+=", html), template


def test_both_languages_have_the_same_texts() -> None:
    strings = (STATIC / "app" / "strings.js").read_text()
    english, portuguese = (
        re.findall(r"^  (\w+):", part, re.MULTILINE) for part in strings.split("const PT = {")[:2]
    )
    assert english == portuguese


def test_page_preloads_all_modules() -> None:
    named = set(re.findall(r"'moderado/([\w/-]+\.js)'", (TEMPLATES / "web/chat.html").read_text()))
    needed = {str(module.relative_to(STATIC)) for module in STATIC.rglob("*.js")}
    assert named == needed - {"theme.js", "client/types.js"}
