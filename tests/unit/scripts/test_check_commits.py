"""Commit subjects: the rule, where it begins, and that it can be broken."""

import subprocess

import pytest

from scripts import check_commits

GOOD = [
    "realtime: Close sockets that flood control frames",
    "chat.services: Post one message or a batch through one function",
    "docs/adr: Record the thread pool",
    "tests: " + "X" * 65,
]
BAD = [
    "Words are folded once for both languages",
    "search: normalize text once",
    "Search: Normalize text once",
    "search:Normalize text once",
    "two words: Normalize text",
    "",
    "tests: " + "X" * 66,
]


def git(folder, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Three commits, the first of which is older than the rule."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for subject in ("what came before", "chat: Add a room", "a bad one"):
        git(folder, "commit", "-q", "--allow-empty", "--no-verify", "-m", subject)
        if subject == "what came before":
            head = check_commits._git(folder, "rev-parse", "HEAD").strip()
            monkeypatch.setattr(check_commits, "LAST_BEFORE", head)
    return folder


@pytest.mark.parametrize("subject", GOOD)
def test_subject_with_area_and_summary_passes(subject):
    assert check_commits.mistakes_in(subject) == []


@pytest.mark.parametrize("subject", BAD)
def test_other_subject_fails(subject):
    assert check_commits.mistakes_in(subject)


def test_rule_begins_after_the_named_commit(repository):
    found = [subject for _, subject in check_commits.subjects(repository)]

    assert found == ["a bad one", "chat: Add a room"]
    assert len(check_commits.complaints(check_commits.subjects(repository))) == 1


def test_merge_commits_are_exempt(repository):
    git(repository, "checkout", "-q", "-b", "side", "HEAD~1")
    git(repository, "commit", "-q", "--allow-empty", "-m", "chat: Add a side")
    git(repository, "merge", "-q", "--no-ff", "-m", "whatever git says", "main")

    found = [subject for _, subject in check_commits.subjects(repository)]

    assert sorted(found) == ["a bad one", "chat: Add a room", "chat: Add a side"]


def test_shallow_clone_checks_the_commits_it_has(repository, tmp_path):
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")

    found = [subject for _, subject in check_commits.subjects(tmp_path / "shallow")]

    assert found == ["a bad one"]


def test_repository_with_another_history_has_nothing_to_check(repository, monkeypatch):
    monkeypatch.setattr(check_commits, "LAST_BEFORE", "0" * 39 + "1")

    assert check_commits.subjects(repository) == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("\n# a comment\nchat: Add a room\n\nWhy.\n", 0),
        ("Merge branch 'side'\n", 0),
        ("added a room\n", 1),
        ("# only a comment\n", 1),
    ],
)
def test_hook_checks_the_message_it_is_given(tmp_path, message, code):
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(message)

    assert check_commits.main(["--message", str(file)]) == code


def test_subjects_of_this_repository_keep_the_rule():
    assert check_commits.main([]) == 0
