"""Commands that read or write files name a wrong one in one sentence."""

from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

COMMANDS = {
    "evidence verify": ("evidence", "verify", "{path}"),
    "export-dataset": ("export_dataset", "{path}"),
    "policy apply": ("policy", "apply", "{path}"),
    "audit": ("audit", "--offline", "--format", "whatsapp", "{path}"),
    "audit --html": ("audit", "--offline", "--sample", "whatsapp", "--html", "{path}"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_file_that_cannot_be_used_is_one_sentence(command, tmp_path):
    (tmp_path / "file").touch()
    path = str(tmp_path / "file" / "below")

    with pytest.raises(CommandError) as refused:
        call_command(*[part.format(path=path) for part in COMMANDS[command]])

    assert path in str(refused.value)
    assert "Errno" not in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["evidence verify", "policy apply"])
def test_folder_in_place_of_a_file_is_one_sentence(command, tmp_path):
    with pytest.raises(CommandError, match=f"^{tmp_path}: Is a directory$"):
        call_command(*[part.format(path=tmp_path) for part in COMMANDS[command]])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"words"])
def test_file_that_is_no_zip_is_no_package(content, tmp_path):
    (tmp_path / "half.zip").write_bytes(content)

    with pytest.raises(CommandError, match="no evidence package: the file is no whole ZIP"):
        call_command("evidence", "verify", str(tmp_path / "half.zip"))


def test_zip_of_other_files_is_no_package(tmp_path):
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")

    with pytest.raises(CommandError, match="no evidence package: a file of a package is missing"):
        call_command("evidence", "verify", str(tmp_path / "other.zip"))
