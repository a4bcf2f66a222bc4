"""`moderado policy`: everything that REST does, from files."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from moderado.moderation.models import Policy, PolicyVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_identity_sentences")]

FILE = """\
name: default
rules:
  - id: own
    words: [pira]
    category: spam
    outcome: hold
    must_hold: ["P.I.R.A"]
    must_pass: ["um pirata"]
"""


@pytest.fixture(autouse=True)
def _blocklist(settings):
    backend = "moderado.moderation.providers.blocklist.BlocklistProvider"
    settings.MODERATION_PROVIDERS = [{"BACKEND": backend, "OPTIONS": {"packs": []}}]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        call_command("policy", *map(str, arguments))
        return capsys.readouterr().out.rstrip()

    return run


def test_file_is_applied_compared_exported_and_rolled_back(file, run):
    assert run("apply", file, "--reason", "first") == "enabled version 1 of default"
    file.write_text(FILE.replace("[pira]", "[pira, lula]"))

    assert "+  - lula" in run("diff", file)
    assert json.loads(run("apply", file, "--json")) == {"policy": "default", "version": 2}
    assert run("diff", file) == ""
    assert "- lula" in run("export", "default")
    assert "- lula" not in run("export", "default", "--number", 1)
    assert run("rollback", "default") == "enabled version 1 of default again"
    assert run("enable", "default", 2) == "enabled version 2 of default"
    assert run("list") == f"{'default':<24} enabled 2 of 2"
    assert "first" in run("show", "default")
    assert json.loads(run("show", "default", "--json"))["history"][0]["action"] == "enabled"


def test_exported_file_is_the_same_version(file, run, tmp_path):
    run("apply", file)
    again = tmp_path / "again.yaml"
    again.write_text(run("export", "default"))

    assert run("apply", again) == "version 1 of default is this document already"


def test_examples_of_a_file_are_tested_without_storing_it(file, run):
    assert run("test", file) == "2 examples pass"
    file.write_text(FILE.replace("um pirata", "uma pira"))

    with pytest.raises(CommandError, match="own: must pass, but is HOLD: 'uma pira'"):
        run("test", file)
    with pytest.raises(CommandError, match="must pass"):
        run("apply", file)

    assert Policy.objects.get().enabled is None


def test_every_mistake_of_a_file_is_reported(file, run):
    file.write_text(FILE.replace("spam", "rude").replace("hold\n", "hide\n", 1))

    with pytest.raises(CommandError) as refused:
        run("apply", file)

    said = str(refused.value)
    assert "rules[0].category: line 5: " in said
    assert "rules[0].outcome: line 6: " in said
    with pytest.raises(CommandError, match="No such file"):
        run("test", "none.yaml")


def test_programs_read_what_is_wrong_with_a_file(file, capsys):
    def refused():
        with pytest.raises(CommandError):
            call_command("policy", "test", str(file), "--json")
        return json.loads(capsys.readouterr().out)

    file.write_text(FILE.replace("hold\n", "explode\n", 1) + "extra: 1\n")
    found = refused()
    assert (found["code"], set(found["mistakes"])) == (
        "invalid_policy",
        {"rules[0].outcome", "extra"},
    )
    assert "line" in found["mistakes"]["extra"]

    file.write_text(FILE.replace("P.I.R.A", "bom dia"))
    failing = {"rule": "own", "expected": "hold", "outcome": "ALLOW", "text": "bom dia"}
    assert refused() == {"code": "failing_examples", "failing": [failing]}


def test_saved_version_waits_to_be_enabled(file, run):
    assert run("apply", file, "--save-only") == "saved version 1 of default"
    assert Policy.objects.get().enabled is None
    with pytest.raises(CommandError):
        run("export", "default")


def test_standard_input_that_is_not_utf8_is_refused(run, monkeypatch):
    given = io.TextIOWrapper(io.BytesIO(b"name: caf\xe9"), "utf-8", errors="surrogateescape")
    monkeypatch.setattr("sys.stdin", given)

    with pytest.raises(CommandError, match=r"^-: no UTF-8 text \(byte 9\)$"):
        run("test", "-")


def test_unchanged_file_makes_no_version(file, run):
    run("apply", file, "--save-only")
    said = "version 1 of default is this document already"
    assert run("apply", file, "--save-only") == said

    assert run("apply", file) == "enabled version 1 of default"
    assert run("apply", file) == said
    assert PolicyVersion.objects.count() == 1
