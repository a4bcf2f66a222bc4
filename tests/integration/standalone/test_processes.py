"""The fixtures that start a real web process and a real worker."""

import uuid

import httpx
import pytest

from moderado.accounts.services import accounts
from moderado.chat.models import Message
from moderado.chat.services import posting, rooms
from tests.factories import PASSWORD
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.usefixtures("moderado_worker")
def test_worker_fixture_judges_posted_message():
    author = accounts.register(email="ana@example.com", name="Ana", password=PASSWORD)
    room = rooms.create_room(creator_id=author.id, name="Sala")

    posted = posting.post_message(
        author_id=author.id, room_id=room.id, text="Olá", client_id=str(uuid.uuid4())
    )

    wait_until(
        lambda: Message.objects.get(pk=posted.view.id).status == Message.Status.APPROVED,
        what="the message is approved",
    )


@pytest.mark.long
def test_web_fixture_reads_the_test_database(live_server_url):
    accounts.register(email="ana@example.com", name="Ana", password=PASSWORD)

    answer = httpx.post(
        f"{live_server_url}/api/auth/login/",
        json={"email": "ana@example.com", "password": PASSWORD},
    )

    assert answer.status_code == 200
