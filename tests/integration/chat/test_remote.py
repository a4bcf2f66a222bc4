"""Remote providers: edits and policy changes during a call, refusals, outages."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.services import remote, screening
from moderado.chat.services.claims import Claimant
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.moderation import registry
from moderado.moderation.models import ModerationLog, ProviderCall, ProviderHealth
from moderado.moderation.types import MAX_CALLS
from tests.factories import make_member, make_room
from tests.processes import wait_until
from tests.providers import Keyed, Remote

pytestmark = pytest.mark.django_db(transaction=True)

REMOTE = {"BACKEND": "tests.providers.Remote"}
KEYED = {"BACKEND": "tests.providers.Keyed"}


@pytest.fixture(autouse=True)
def _remote(settings, monkeypatch):
    settings.MODERATION_PROVIDERS = [REMOTE]
    monkeypatch.setattr(Remote, "asked", [])
    monkeypatch.setattr(Remote, "waiting", [])
    monkeypatch.setattr(Keyed, "keys", [])


@pytest.fixture
def member():
    return make_member()


def post(member, text="oi"):
    view = post_message(author_id=member.user_id, room_id=member.room_id, text=text).view
    return Message.objects.get(pk=view.id)


def edit(message, text):
    edit_message(actor_id=message.author_id, message_id=message.id, text=text)


def judge(*messages):
    screening.screen_waiting()
    for message in messages:
        message.refresh_from_db()


def sweep(*messages):
    """Make waiting messages old enough, and sweep."""
    Message.objects.filter(queued_at__isnull=False).update(
        queued_at=Now() - timedelta(seconds=10), lease_until=None
    )
    screening.sweep()
    for message in messages:
        message.refresh_from_db()


@contextmanager
def asked(number=1):
    """A worker whose calls, so many, are answered when the block ends.

    A text that is edited as the worker ends waits for the next one.
    """
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    try:
        wait_until(lambda: len(Remote.waiting) >= number, what=f"{number} calls")
        yield
    finally:
        wait_until(lambda: _released(worker), what="the end of the round")


def _released(worker):
    while Remote.waiting:
        Remote.waiting.pop()()
    worker.join(0.01)
    return not worker.is_alive()


def lines(message):
    return list(ModerationLog.objects.filter(subject_id=message.id).order_by("created_at"))


@pytest.mark.proves("R45")
def test_message_deleted_during_a_call_stays_deleted(member):
    message = post(member, "WAIT")

    with asked():
        delete_message(actor_id=member.user_id, message_id=message.id)

    message.refresh_from_db()
    assert (message.status, message.seq) == ("REMOVED", 0)
    assert lines(message) == []


@pytest.mark.proves("R45")
def test_verdict_on_older_text_does_not_publish_the_newer_one(member):
    message = post(member, "WAIT")

    with asked():
        edit(message, "BLOCK this")

    judge(message)
    assert (message.status, message.seq, message.revision) == ("REJECTED", 0, 2)
    assert [(line.revision, line.verdict) for line in lines(message)] == [(2, "BLOCK")]


@pytest.mark.proves("R45")
def test_verdict_on_older_text_does_not_publish_an_unclaimed_edit(member, monkeypatch):
    message = post(member, "WAIT")

    with monkeypatch.context() as busy, asked():
        busy.setattr(Claimant, "claim", lambda *_, **__: [])
        edit(message, "BLOCK this")

    message.refresh_from_db()
    assert (message.status, message.seq, lines(message)) == ("PENDING", 0, [])
    judge(message)
    assert message.status == "REJECTED"


@pytest.mark.proves("R45")
def test_of_two_simultaneous_verdicts_the_newer_text_counts(member, monkeypatch):
    messages = [post(member, "WAIT") for _ in range(20)]
    some, every = remote.wait, len(messages) * 2
    monkeypatch.setattr(
        remote, "wait", lambda calls, **how: some(calls, **({} if len(calls) == every else how))
    )

    with asked(len(messages)):
        for message in messages:
            edit(message, "WAIT BLOCK")
        wait_until(lambda: len(Remote.waiting) == every, what="calls for all texts")

    for message in messages:
        message.refresh_from_db()
    assert {(message.status, message.revision) for message in messages} == {("REJECTED", 2)}


@pytest.mark.proves("R45")
def test_verdict_on_older_edit_does_not_publish_the_newer_one(member):
    message = post(member, "bom dia")
    judge(message)
    edit(message, "WAIT")

    with asked():
        edit(message, "BLOCK this")

    judge(message)
    assert (message.text, message.seq) == ("bom dia", 1)
    assert (message.edit_text, message.edit_status) == ("BLOCK this", "REJECTED")


@pytest.mark.proves("R45")
def test_verdict_on_replaced_text_reverts_nothing(member):
    room = make_room(moderation_mode="post")
    author = make_member(room)
    message = post(author, "WAIT BLOCK")

    with asked():
        edit(message, "bom dia")

    judge(message)
    assert (message.text, message.status) == ("bom dia", "APPROVED")


@pytest.mark.proves("R45")
def test_same_text_again_is_judged_as_a_new_revision(member):
    message = post(member, "WAIT")

    with asked():
        edit(message, "BLOCK this")
        edit(message, "WAIT")

    judge(message)
    assert (message.status, message.revision, message.seq) == ("APPROVED", 3, 1)
    assert lines(message)[-1].revision == 3


@pytest.mark.proves("R45", "R3")
def test_edit_after_a_worker_died_is_a_new_call(member):
    message = post(member, "WAIT")
    with asked():
        Message.objects.update(fence=F("fence") + 1)  # as if it had died
        ProviderCall.objects.update(state="reserved")
        edit(message, "oi")

    sweep(message)

    assert (message.status, message.revision) == ("APPROVED", 2)
    assert Remote.asked == ["WAIT", "oi"]


@pytest.mark.proves("R46")
def test_policy_change_gives_messages_in_flight_one_verdict_and_one_call(member, settings):
    messages = [post(member, f"{n} WAIT") for n in range(MAX_CALLS)]

    with asked(MAX_CALLS):
        settings.MODERATION_PROVIDERS = [REMOTE | {"TIMEOUT": 7}]

    assert set(Message.objects.values_list("status", flat=True)) == {"APPROVED"}
    assert ModerationLog.objects.count() == len(messages) == len(Remote.asked)
    assert _versions() == {registry.configured_policy().version}


@pytest.mark.proves("R46")
@pytest.mark.parametrize(
    ("backend", "status", "bills"), [(REMOTE, "HELD", 0), (KEYED, "APPROVED", 1)]
)
def test_call_reserved_under_another_policy_is_concluded_by_the_current_one(
    member, settings, backend, status, bills
):
    settings.MODERATION_PROVIDERS = [backend]
    message, before = post(member), registry.configured_policy().version
    _died_after_reserving()
    reserved = ProviderCall.objects.get()

    settings.MODERATION_PROVIDERS = [backend | {"TIMEOUT": 7}]
    sweep(message)

    (line,) = lines(message)
    assert (message.status, len(Remote.asked)) == (status, bills)
    assert Keyed.keys == [str(reserved.id)] * bills
    assert line.policy_version == registry.configured_policy().version != before


@pytest.mark.proves("R46")
def test_answer_recorded_under_another_policy_is_reused(member, settings, monkeypatch):
    message = post(member, "FLAG this")
    monkeypatch.setattr("moderado.chat.services.remote.apply", _die)
    with pytest.raises(_Died):
        screening.screen_waiting()
    monkeypatch.undo()

    settings.MODERATION_PROVIDERS = [REMOTE | {"TIMEOUT": 7}]
    calls = ProviderCall.objects.count()
    sweep(message)

    (line,) = lines(message)
    assert (message.status, line.verdict, line.cost) == ("APPROVED", "FLAG", 0)
    assert ProviderCall.objects.count() == calls == 1
    assert line.policy_version == registry.configured_policy().version


@pytest.mark.proves("R40")
def test_retry_after_applies_to_other_messages_too(member):
    first = post(member, "BUSY 30")
    judge(first)
    second = post(member)

    judge(second)

    assert (first.status, second.status) == ("PENDING", "PENDING")
    waits = Message.objects.filter(lease_until__gt=Now() + timedelta(seconds=25))
    assert waits.count() == 2
    assert Remote.asked == ["BUSY 30"]

    ProviderHealth.objects.update(rests_until=Now())
    sweep(second)
    assert (second.status, Remote.asked.count("oi")) == ("APPROVED", 1)


@pytest.mark.proves("R40")
def test_long_retry_after_holds_messages_at_once(member):
    first = post(member, "BUSY 300")
    judge(first)
    second = post(member)

    judge(second)

    assert [(each.status, each.reason) for each in (first, second)] == [("HELD", "unjudged")] * 2
    assert lines(second)[0].failures[0]["error"] == "rate_limited"
    assert Remote.asked == ["BUSY 300"]


@pytest.mark.proves("R40")
def test_busy_provider_is_awaited_for_five_attempts(member):
    message = post(member, "oi")
    ProviderHealth.objects.create(provider="remote", rests_until=Now() + timedelta(seconds=50))

    judge(message)
    for _ in range(4):
        assert message.status == "PENDING"
        sweep(message)

    assert (message.status, Remote.asked) == ("HELD", [])


@pytest.mark.proves("R40")
def test_exhausted_quota_holds_the_message_at_once(member):
    message = post(member, "SPENT")

    judge(message)

    assert (message.status, message.lease_until) == ("HELD", None)
    assert Remote.asked == ["SPENT"]


@pytest.mark.proves("R41")
def test_call_with_idempotency_key_is_attempted_five_times(member, settings):
    settings.MODERATION_PROVIDERS = [KEYED]
    message = post(member, "FAIL")

    judge(message)
    assert Message.objects.filter(lease_until__gt=Now()).exists()
    for _ in range(4):
        assert message.status == "PENDING"
        sweep(message)

    assert (message.status, message.reason) == ("HELD", "unjudged")
    assert (len(Keyed.keys), len(set(Keyed.keys))) == (5, 1)


@pytest.mark.proves("R42")
def test_open_breaker_holds_messages_and_probes_once(member):
    judge(*[post(member, "FAIL") for _ in range(5)])
    Remote.asked.clear()

    refused = [post(member) for _ in range(5)]
    judge(*refused)
    assert {each.status for each in refused} == {"HELD"}
    assert lines(refused[0])[0].failures[0]["error"] == "breaker_open"
    assert Remote.asked == []

    ProviderHealth.objects.update(open_until=Now())
    trying = [post(member) for _ in range(5)]
    judge(*trying)
    assert len(Remote.asked) == 1
    assert sorted(each.status for each in trying) == ["APPROVED"] + ["HELD"] * 4

    back = post(member)
    judge(back)
    assert back.status == "APPROVED"


@pytest.mark.proves("R43")
def test_provider_raising_system_exit_holds_only_its_message(member, monkeypatch):
    original = Remote.assess

    async def assess(self, contents):
        if "EXIT" in contents[0].text:
            raise SystemExit(3)
        return await original(self, contents)

    monkeypatch.setattr(Remote, "assess", assess)
    fatal, good = post(member, "EXIT"), post(member)

    judge(fatal, good)

    assert (fatal.status, good.status) == ("HELD", "APPROVED")


class _Died(Exception):
    pass


def _die(*_arguments):
    raise _Died


def _died_after_reserving():
    """Let a worker die after it has reserved its calls."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("moderado.chat.services.remote.RemoteRound._ask", _die)
        with pytest.raises(_Died):
            screening.screen_waiting()


def _versions():
    return set(ModerationLog.objects.values_list("policy_version", flat=True))
