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
    ("text", "reason"),
    [
        ("| a | b |\n\n| - | - |", "no line of dashes below the head of the table"),
        ("## Head\n| --- | --- |\n| c | d |", "no line of dashes below the head of the table"),
        ("| a | b |\n| --- | --- |\n| c | d | e |", "3 cells below a head of 2"),
    ],
)
def test_broken_table_is_found(text, reason):
    assert reason in [found[2] for found in check_prose.check_tables("page.md", text)]


def test_table_with_escaped_bars_is_accepted():
    text = "| a | b |\n| :--- | --- |\n| `x \\| y` | d |\n\ntext\n"
    assert not list(check_prose.check_tables("page.md", text))


IN_FORCE = "| [0001](0001-a.md) | A |\n"
SUPERSEDED = "| [0002](0002-b.md) | B | [0001](0001-a.md) |\n"
RECORDS = {"0001": "# 0001", "0002": "# 0002\n\n*Superseded by [0001](0001-a.md).*"}


@pytest.mark.parametrize(
    ("index", "findings"),
    [
        (IN_FORCE + "\n## Superseded\n\n" + SUPERSEDED, 0),
        ("\n## Superseded\n\n" + SUPERSEDED, 1),
        (IN_FORCE + SUPERSEDED + "\n## Superseded\n", 2),
        ("\n## Superseded\n" + IN_FORCE + SUPERSEDED, 2),
    ],
    ids=["as the pages say", "missing", "superseded in force", "all superseded"],
)
def test_index_of_records_agrees_with_their_pages(index, findings):
    assert len(list(check_prose.check_index("index", index, RECORDS))) == findings


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ("| who reads | `chat/reading.py`, `posting.py`, `rules/` |", ["rules/"]),
        ("| who reads | `posting.py` |", ["posting.py"]),
        ("Not a table: `posting.py`", []),
    ],
)
def test_missing_file_in_a_table_is_found(row, missing, tmp_path):
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "reading.py").touch()
    (tmp_path / "chat" / "posting.py").touch()
    found = [reason for _, _, reason in check_prose.check_paths("page.md", row, tmp_path)]
    assert found == [f"no file {path}" for path in missing]


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
