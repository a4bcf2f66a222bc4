"""The prose check finds each kind of violation, and accepts plain text."""

import pytest

from scripts import check_prose

TARGETS = {"test", "up"}


def in_document(text, tmp_path):
    place = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("")
    return [reason for _, _, reason in check_prose.check_document("page.md", text, TARGETS, place)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 101, "101 columns, at most 100"),
        ("Whoever connects is authenticated.", "name the actor instead of 'Whoever'"),
        ("The author is told.", "name the actor instead of 'is told'"),
        ("See [the page](missing.md#part).", "broken link missing.md"),
        ("Run `make fly`.", "no make target fly"),
    ],
)
def test_violation_in_a_document_is_found(text, reason, tmp_path):
    assert in_document(text, tmp_path) == [reason]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100,
        "| " + "x" * 200 + " |",
        "[A long link](there.md) " + "x" * 100,
        "```\n" + "x" * 200 + "\n```",
        "[Elsewhere](https://example.org/page) and [there](there.md#part)",
        "`PORT=8001 make up`",
    ],
)
def test_plain_document_is_accepted(text, tmp_path):
    assert in_document(text, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"""Nobody waits."""\n', 1),
        ('def f():\n    """Summary.\n\n    Somebody reads.\n    """\n', 4),
        ("x = 1  # whoever reads it\n", 1),
    ],
)
def test_vague_word_in_python_prose_is_found(text, line):
    assert [found[1] for found in check_prose.check_python("a.py", text)] == [line]


def test_strings_of_a_program_are_not_prose():
    assert not list(check_prose.check_python("a.py", 'print("somebody is typing")\n'))
