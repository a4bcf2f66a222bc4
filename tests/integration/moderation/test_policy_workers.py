"""A changed policy is in force for the next claim of every worker process."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import policies
from moderado.moderation.services.policy_assignments import Assignments, assign
from tests.factories import make_member, make_room
from tests.integration.chat.steps import post
from tests.processes import environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.usefixtures("few_identity_sentences"),
]

# What the Celery task does, whenever a line arrives.
WORKER = """
import sys
import django
django.setup()
from moderado.chat.services.screening import screen_waiting
for _ in sys.stdin:
    screen_waiting()
    print("judged", flush=True)
"""
WORD, DISGUISED = "pirapora", "P1r4por@"


@contextmanager
def worker():
    blocklist = '[{"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}]'
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=environment("worker") | {"MODERATION_PROVIDERS": blocklist},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
    ) as process:
        yield process
        process.stdin.close()


def judged_by(process, author, room, text):
    message = post(author, room, text)
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "judged\n"
    message.refresh_from_db()
    return message.status


def document(*words):
    rule = {"id": "own", "words": list(words), "category": "spam", "outcome": "block"}
    return read_json({"name": "default", "providers": [{"use": "blocklist"}], "rules": [rule]})


@pytest.mark.proves("R84")
def test_added_word_stops_its_disguised_form_in_two_workers_at_their_next_claim():
    policies.create_policy(actor_id=None, document=document("outra"))
    policies.enable(actor_id=None, name="default", number=1)
    assign(actor_id=None, wanted=Assignments(server="default"))
    room = make_room()
    author = make_member(room).user
    with ExitStack() as stack:
        workers = [stack.enter_context(worker()) for _ in range(2)]
        for each in workers:
            assert judged_by(each, author, room, DISGUISED) == "APPROVED"

        policies.save_version(actor_id=None, name="default", document=document("outra", WORD))
        policies.enable(actor_id=None, name="default", number=2)
        statuses = [judged_by(each, author, room, DISGUISED) for each in workers]

    assert statuses == ["REJECTED", "REJECTED"]
