"""The list of appeals for moderators: its filters, pages and counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.core.ids import new_id
from moderado.enforcement.models import Appeal
from tests.factories import make_member, make_room, make_staff, make_user

pytestmark = pytest.mark.django_db

APPEALS = "/api/enforcement/appeals/"


def make_appeal(*, due=1, **fields):
    about = {"decision_type": "sanction", "subject_type": "person", "text": "-"} | fields
    return Appeal.objects.create(
        appellant=make_user(),
        decision_id=new_id(),
        subject_id=new_id(),
        due_at=timezone.now() + timedelta(days=due),
        **about,
    )


def ids_of(answer):
    assert answer.status_code == 200, answer.json()
    return {each["id"] for each in answer.json()["results"]}


def test_list_has_filters_and_counts(signed_in):
    room = make_room()
    user = make_staff("view_appeal")
    own = make_appeal(first_decider=user)
    late = make_appeal(due=-1, scope_id=room.id)
    of_text = make_appeal(decision_type="ruling", subject_type="message")
    decided = make_appeal(due=-1, state="decided", outcome="upheld")
    client = signed_in(user)

    found = {
        query: ids_of(client.get(f"{APPEALS}?{query}"))
        for query in (
            "", "overdue=true", "overdue=false", f"room={room.id}", "subject_type=message",
            "decision_type=sanction", "state=decided", "state=decided&overdue=true",
        )
    }  # fmt: skip

    late_id, text_id = str(late.id), str(of_text.id)
    assert found == {
        "": {late_id, text_id},
        "overdue=true": {late_id},
        "overdue=false": {text_id},
        f"room={room.id}": {late_id},
        "subject_type=message": {text_id},
        "decision_type=sanction": {late_id},
        "state=decided": {str(decided.id)},
        "state=decided&overdue=true": set(),
    }
    assert str(own.id) not in set().union(*found.values())
    answer = client.get(f"{APPEALS}?subject_type=message").json()
    assert answer["counts"] == {"open": 2, "overdue": 1}
    assert client.get(f"{APPEALS}?overdue=maybe").status_code == 400


def test_moderators_of_rooms_see_and_count_theirs(signed_in):
    room, other = make_room(), make_room()
    moderator = make_member(room, role="MODERATOR").user
    mine = make_appeal(scope_id=room.id)
    make_appeal(scope_id=other.id)
    make_appeal(due=-1)
    client = signed_in(moderator)

    answer = client.get(APPEALS)

    assert ids_of(answer) == {str(mine.id)}
    assert answer.json()["counts"] == {"open": 1, "overdue": 0}
    assert client.get(APPEALS, {"room": other.id}).status_code == 404
