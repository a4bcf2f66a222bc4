"""Services that depend on their caller's row locks refuse to run without a transaction."""

import pytest

from moderado.chat.services import claims, publication, rulings, verdicts
from moderado.chat.services.locking import locked_message
from moderado.core.database import NotInTransaction
from moderado.core.ids import new_id
from moderado.moderation.events import CaseDecided
from moderado.moderation.types import Outcome

pytestmark = pytest.mark.django_db(transaction=True)

RULING = CaseDecided(
    case_id=new_id(),
    subject_type="message",
    subject_id=new_id(),
    revision=1,
    outcome=Outcome.BLOCK,
    actor_id=new_id(),
)


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(lambda: claims.Claimant().claim(), id="claim"),
        pytest.param(lambda: claims.lease([], seconds=1), id="lease"),
        pytest.param(lambda: claims.retake([]), id="retake"),
        pytest.param(lambda: publication.write([]), id="write"),
        pytest.param(lambda: verdicts.apply([]), id="apply"),
        pytest.param(lambda: rulings.apply_ruling(RULING), id="apply_ruling"),
        pytest.param(
            lambda: locked_message(actor_id=new_id(), message_id=new_id(), room_id=None), id="lock"
        ),
    ],
)
def test_service_is_refused_outside_of_a_transaction(service):
    with pytest.raises(NotInTransaction):
        service()
