"""The page's assets: what is vendored is what VENDOR.md says, and nothing comes from elsewhere."""

import re
from hashlib import sha256
from pathlib import Path

import moderado.web

STATIC = Path(moderado.web.__file__).parent / "static" / "moderado"
TEMPLATES = Path(moderado.web.__file__).parent / "templates"
ROW = re.compile(r"^\| `([\w.-]+\.js)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")


def test_every_vendored_module_is_the_one_that_was_written_down() -> None:
    listed = dict(ROW.findall((STATIC / "vendor" / "VENDOR.md").read_text()))
    found = {
        module.name: sha256(module.read_bytes()).hexdigest()
        for module in (STATIC / "vendor").glob("*.js")
    }
    assert listed == found


def test_every_module_imports_by_relative_names_that_exist() -> None:
    for module in STATIC.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/", "", module.read_text(), flags=re.DOTALL)
        for name in IMPORT.findall(code):
            assert name.startswith("."), f"{module}: {name}"
            assert (module.parent / name).is_file(), f"{module}: {name}"


def test_the_client_depends_on_nothing_but_itself() -> None:
    for module in [STATIC / "client.js", *(STATIC / "client").glob("*.js")]:
        assert "vendor" not in module.read_text()
        assert "/app/" not in module.read_text()


def test_no_template_has_an_inline_script_or_style() -> None:
    for template in TEMPLATES.rglob("*.html"):
        html = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), template
        assert not re.search(r"<style|\sstyle=|\son\w+=", html), template


def test_both_languages_have_the_same_sentences() -> None:
    strings = (STATIC / "app" / "strings.js").read_text()
    english, portuguese = (
        re.findall(r"^  (\w+):", part, re.MULTILINE) for part in strings.split("const PT = {")[:2]
    )
    assert english == portuguese


def test_the_page_asks_for_all_its_modules_at_once() -> None:
    named = set(re.findall(r"'moderado/([\w/-]+\.js)'", (TEMPLATES / "web/chat.html").read_text()))
    needed = {str(module.relative_to(STATIC)) for module in STATIC.rglob("*.js")}
    assert named == needed - {"theme.js", "client/types.js"}
