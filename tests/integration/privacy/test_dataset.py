"""The data set: rulings without personal data, split by author and by time."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from moderado.core.ids import new_id
from moderado.enforcement.services.datasets import scrubbed
from moderado.moderation.models import Case
from moderado.moderation.services.texts import put_text
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def ruled(author, moderator, text, *, days, subject_type="message"):
    case = Case(
        id=new_id(),
        subject_type=subject_type,
        subject_id=new_id(),
        revision=1,
        origin="hold",
        state="decided",
        outcome="BLOCK",
        categories=["insult"],
        author=author,
        decided_by=moderator,
        decided_at=timezone.now() - timedelta(days=days),
    )
    case.commitment = put_text("case", case.id, case, {"text": text})
    case.save(force_insert=True)


def rows_of(folder, split):
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def test_split_keeps_authors_and_times_apart(tmp_path, capsys):
    moderator, authors = make_user(), [make_user(name=f"Autora {n}") for n in range(30)]
    for days in (40, 30, 20, 10, 1):
        for number, author in enumerate(authors):
            ruled(author, moderator, f"texto {number} {days}", days=days)
    call_command("export_dataset", str(tmp_path))

    train, test = rows_of(tmp_path, "train"), rows_of(tmp_path, "test")
    by_author = [{row["text"].split()[1] for row in rows} for rows in (train, test)]
    assert by_author[0].isdisjoint(by_author[1])
    assert {row["text"].split()[2] for row in train} == {"40", "30", "20", "10"}
    assert {row["text"].split()[2] for row in test} <= {"1"}
    card = (tmp_path / "README.md").read_text()
    assert f"| train | BLOCK | {len(train)} |" in card
    everything = (tmp_path / "train.jsonl").read_text()
    assert not any(str(author.id) in everything for author in authors)
    assert f"{len(train) + len(test)} rows" in capsys.readouterr().out


@pytest.mark.proves("R170")
def test_names_of_persons_are_left_out_and_the_card_has_the_earliest_and_latest_day(
    tmp_path,
):
    moderator, authors = make_user(), [make_user() for _ in range(20)]
    for author in authors:
        for days in (1, 40, 10):  # cases are decided in another order than they are opened
            ruled(author, moderator, "bom dia", days=days)
        for kind in ("user_name", "person"):
            ruled(author, moderator, "Maria das Dores", days=10, subject_type=kind)
    call_command("export_dataset", str(tmp_path))

    texts = [row["text"] for split in ("train", "test") for row in rows_of(tmp_path, split)]
    assert set(texts) == {"bom dia"}
    earliest, latest = (timezone.now() - timedelta(days=days) for days in (40, 1))
    card = (tmp_path / "README.md").read_text()
    assert f"from {earliest:%Y-%m-%d} to {latest:%Y-%m-%d}." in card


def test_personal_data_are_tokens():
    text = "fala com @ana.b ou ana@example.org, 529.982.247-25, https://x.example/ana?p=1"
    assert scrubbed(text) == "fala com [MENTION] ou [EMAIL_1], [CPF_1], [LINK]"
