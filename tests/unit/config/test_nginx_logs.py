"""No nginx configuration of this repository logs tokens of query strings."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# They contain the query string, or a header that may.
LEAKING = re.compile(r"\$(request|request_uri|args|query_string|is_args|http_referer|arg_\w+)\b")
FILES = ["deploy/nginx/nginx.conf", "docs/deployment.md"]


@pytest.mark.proves("S52")
@pytest.mark.parametrize("file", FILES)
def test_log_formats_have_no_query_string(file):
    text = (ROOT / file).read_text()
    formats = dict(re.findall(r"log_format (\w+) ([^;]+);", text))
    assert formats
    assert [name for name, form in formats.items() if LEAKING.search(form)] == []

    used = re.findall(r"access_log \S+ ?(\w*);", text)
    assert {name for name in used if name not in formats and name != "off"} <= {""}
    assert set(formats) <= set(used)
    levels = re.findall(r"error_log \S+ ?(\w*);", text)
    assert set(levels) == {"crit"}
