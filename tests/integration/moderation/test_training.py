"""`moderado train`: the classifier learns rulings, and never replaces a better head."""

import json
import random
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from moderado.core.ids import new_id
from moderado.moderation.classifier.score import Scorer
from moderado.moderation.classifier.weights import BUCKETS, decode, encode, included
from moderado.moderation.models import Case
from moderado.moderation.providers.classifier import ClassifierProvider
from moderado.moderation.services import training
from moderado.moderation.services.training import train_from_rulings
from tests.factories import make_user

pytestmark = pytest.mark.django_db

FILLERS = ("casa", "dia", "jogo", "livro", "gente", "praia", "sol", "mar", "festa", "rua")


@pytest.fixture
def base():
    """An untrained head: a training on it takes a second instead of ten."""
    return decode(encode(bytes(BUCKETS), {
        "name": "empty", "scale": 0.01, "bias": 0.0, "thresholds": {"hold": 0.9},
    }))  # fmt: skip


@pytest.fixture
def rule():
    """Store rulings of a person: which word is abuse in this community is up to it."""
    moderator = make_user()

    def rule(count, *, abuse="zorgo", ordinary="manga", decided_by=moderator, seed=1):
        chance = random.Random(seed)
        Case.objects.bulk_create(
            Case(
                id=UUID(int=chance.getrandbits(128)),  # it chooses which rulings are held back
                subject_type="message",
                subject_id=new_id(),
                revision=1,
                origin=Case.Origin.HOLD,
                state=Case.State.DECIDED if decided_by else Case.State.CLOSED,
                text=" ".join([*chance.choices(FILLERS, k=3), abuse if number % 2 else ordinary]),
                outcome="BLOCK" if number % 2 else "ALLOW",
                decided_by=decided_by,
            )
            for number in range(count)
        )

    return rule


@pytest.mark.proves("R82")
def test_training_learns_and_does_not_replace_a_better_head(base, rule, tmp_path):
    output = tmp_path / "own.bin"
    rule(300)

    found = train_from_rulings(base=base, output=output)

    assert not found.refusals
    assert (found.rulings, found.blocked) == (300, 150)
    assert found.gain.low > 0
    scorer = Scorer(decode(output.read_bytes()))
    assert scorer.score("que zorgo") > 0.7
    assert scorer.score("que manga") < 0.3

    learned = output.read_bytes()
    again = train_from_rulings(base=base, output=output)
    assert again.refusals == ("not better than the head in use, beyond chance, on held rulings",)
    assert output.read_bytes() == learned
    assert sorted(tmp_path.iterdir()) == [output]


def test_rulings_that_say_nothing_are_not_learned(base, rule, tmp_path):
    rule(300, abuse="manga", ordinary="manga")

    found = train_from_rulings(base=base, output=tmp_path / "own.bin")

    assert found.refusals
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [0, 60])
def test_too_few_rulings_are_refused(base, rule, tmp_path, count):
    rule(count)

    found = train_from_rulings(base=base, output=tmp_path / "own.bin")

    assert len(found.refusals) == 2
    assert not list(tmp_path.iterdir())


def test_only_people_teach(base, rule, tmp_path):
    rule(300, decided_by=None)

    assert train_from_rulings(base=base, output=tmp_path / "own.bin").rulings == 0


def test_a_head_that_is_unfair_is_refused(base, rule, tmp_path, monkeypatch):
    rule(300)
    unfair = training.fairness.Fairness(0.5, {"gay": 0.9})
    fair = training.fairness.Fairness(0.0, {"gay": 0.0})
    measured = iter([unfair, fair])
    monkeypatch.setattr(training.fairness, "measure", lambda *_: next(measured))

    found = train_from_rulings(base=base, output=tmp_path / "own.bin")

    assert found.refusals == ("holds more neutral sentences about identity",)


def test_the_command_starts_from_an_included_head(rule, tmp_path):
    output = tmp_path / "own.bin"
    rule(300)
    written = StringIO()

    call_command("train", "--head", "pt-permissive", "--output", str(output), "--json",
                 stdout=written)  # fmt: skip

    assert json.loads(written.getvalue())["gain"]["low"] > 0
    head = decode(output.read_bytes())
    assert head.about["licence"] == included("pt-permissive").about["licence"]
    assert ClassifierProvider(heads=[str(output)]).score("que zorgo") > 0.5


@pytest.mark.parametrize("arguments, reason", [
    (["--head", "tlh"], "no classifier"),
    ([], "nothing is replaced: 0 rulings"),
])  # fmt: skip
def test_the_command_says_why_it_refuses(tmp_path, arguments, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("train", "--output", str(tmp_path / "own.bin"), *arguments)
