"""The queues that a server begins with, their metrics, and the claims of who has left."""

from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.utils import translation

from moderado.chat.selectors.case_audience import case_readers
from moderado.enforcement.labels import QUEUES, queue_label
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.cases import counts_by_queue
from moderado.enforcement.services.claiming import release_claims_of_absent
from moderado.enforcement.types import Actor
from moderado.moderation.events import CasesChanged, CaseStep
from moderado.moderation.types import Outcome
from tests.factories import make_staff
from tests.rulings import change_of, claim

pytestmark = pytest.mark.django_db

DEFAULTS = import_module("moderado.enforcement.migrations.0016_default_queues")


@pytest.fixture
def staff():
    return make_staff()


@pytest.fixture
def queues():
    DEFAULTS.create_queues(apps, None)
    return {queue.name: queue for queue in Queue.objects.all()}


def test_server_begins_with_queues_that_have_names_for_people(queues, held, staff):
    held(outcome=Outcome.HOLD)
    held(outcome=Outcome.FLAG)
    counts = counts_by_queue(Actor(id=staff.id, scope_ids=None))

    assert set(queues) == set(QUEUES)
    assert queues["child_safety"].target_seconds == 7_200
    assert {each: counts[queues[each].pk].open_count for each in ("held", "flagged")} == {
        "held": 1,
        "flagged": 1,
    }
    with translation.override("pt-br"):
        assert queue_label("child_safety") == "Segurança infantil"
        assert queue_label("Minha fila") == "Minha fila"


def test_queues_of_operators_are_left_alone():
    Queue.objects.create(name="ours")

    DEFAULTS.create_queues(apps, None)

    assert Queue.objects.count() == 1


def test_metrics_have_each_queue(queues, held, staff):
    held(outcome=Outcome.FLAG)

    page = Client().get("/metrics").content.decode()

    assert 'moderado_queue_open_cases{queue="flagged"} 1.0' in page
    assert 'moderado_queue_open_cases{queue="held"} 0.0' in page
    assert 'moderado_queue_oldest_seconds{queue="flagged"} 0.0' in page
    assert 'moderado_queue_target_seconds{queue="reports"} 86400.0' in page
    assert 'moderado_queue_open_cases{queue=""} 0.0' in page


def test_moderators_receive_the_count_and_the_age_of_the_oldest(queues, held, staff):
    case = held(outcome=Outcome.FLAG)

    readers = case_readers(user_ids=[staff.id], changes=[change_of(case)])

    reader = readers[staff.id]
    counts = reader.counts_of(reader.queues[case.id])
    assert (counts.open_count, counts.oldest_seconds) == (1, 0)


def test_claim_of_a_moderator_who_left_ends_unless_it_was_used_since(
    held, staff, heard, django_capture_on_commit_callbacks
):
    case = held()
    claim(actor_id=staff.id, case_id=case.id)

    assert release_claims_of_absent(user_id=staff.id, idle_seconds=30) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert release_claims_of_absent(user_id=staff.id, idle_seconds=0) == 1

    case.refresh_from_db()
    assert case.claimed_by is None
    changes = [each.changes[0] for each in heard if isinstance(each, CasesChanged)]
    assert changes[-1].step is CaseStep.RELEASED
