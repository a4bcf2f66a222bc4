"""Rooms of mode `optimistic`: which texts are shown at once, and what becomes of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from moderado.chat.models import Membership, Message, Room
from moderado.chat.services import claims
from moderado.chat.services.removing import delete_message
from moderado.chat.services.verdicts import content_of
from moderado.core.metrics import EXPOSED_TEXTS, EXPOSURE
from moderado.enforcement.models import Sanction
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome, Signal
from tests.factories import make_member, make_message, make_room
from tests.integration.chat.steps import edit, judge, post, rule
from tests.providers import Obedient, Remote

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R207")]

OBEDIENT, REMOTE = ({"BACKEND": f"tests.providers.{name}"} for name in ("Obedient", "Remote"))
UNSEEN, SHOWN = ("PENDING", False), ("APPROVED", True)


@pytest.fixture
def room():
    return make_room(moderation_mode="optimistic")


@pytest.fixture
def author(room):
    """A member in good standing."""
    return trusted(room)


def trusted(room, **fields):
    member = make_member(room, **fields)
    elsewhere = make_room()
    for _ in range(5):
        make_message(elsewhere, author=member.user, status="APPROVED")
    return member.user


class Deciding(Remote):
    """A remote provider that says the same of every text; None: it is down."""

    name = "deciding"
    says: Outcome | None = None

    async def assess(self, contents):
        if self.says is None:
            raise ProviderUnavailable
        return [Signal(provider=self.name, recommendation=self.says) for _ in contents]


@pytest.fixture
def remote(settings, monkeypatch):
    monkeypatch.setattr(Deciding, "says", Outcome.ALLOW)
    settings.MODERATION_PROVIDERS = [
        OBEDIENT,
        {"BACKEND": f"{__name__}.Deciding", "ON_ERROR": "hold"},
    ]
    return Deciding


def seen(message):
    """The status, and whether others see the message and it is still to be judged."""
    message.refresh_from_db()
    return message.status, message.seq > 0


def test_text_in_which_nothing_is_found_is_shown_at_once_and_judged_later(author, room):
    message = post(author, room, "bom dia")
    assert seen(message) == SHOWN
    assert message.queued_at is not None
    judge(message)
    assert seen(message) == SHOWN
    assert message.queued_at is None
    line = ModerationLog.objects.get(subject_id=message.id)
    assert (line.verdict, line.facts["was_shown"]) == ("ALLOW", True)


@pytest.mark.parametrize(
    "text, status", [("FLAG it", "APPROVED"), ("HOLD it", "HELD"), ("BLOCK it", "REJECTED")]
)
def test_text_in_which_something_is_found_waits(author, room, text, status):
    message = post(author, room, text)
    assert seen(message) == UNSEEN
    judge(message)
    assert seen(message) == (status, status == "APPROVED")
    line = ModerationLog.objects.get(subject_id=message.id)
    assert "was_shown" not in line.facts


def restricted(author, room):
    Sanction.objects.create(user=author, kind="slow", scope_id=room.id, interval_seconds=1)


def struck(author, room):
    Sanction.objects.create(
        user=author, kind="strike", scope_id=room.id, policy_name="default", weight=1
    )


def held(author, room):
    make_message(make_room(), author=author, status="HELD", reason="review")


def blocked(author, room):
    make_message(make_room(), author=author, status="REJECTED", reason="policy")


def ruled_out(author, room):
    message = post(author, make_room(moderation_mode="post"), "bom dia")
    judge(message)
    rule(message, Outcome.BLOCK)
    assert message.status == "REJECTED"


def with_a_refused_edit(author, room):
    message = make_message(make_room(), author=author, status="APPROVED")
    Message.objects.filter(pk=message.pk).update(
        edit_text="x", edit_revision=2, edit_status="REJECTED", edit_reason="policy"
    )


def with_unjudged_messages(author, room):
    Message.objects.filter(author=author).update(queued_at=F("created_at"))


def known_from_rooms_without_moderation(author, room):
    Room.objects.filter(messages__author=author).update(moderation_mode="off")


def refused_and_edited(author, room):
    message = post(author, room, "BLOCK it")
    judge(message)
    edit(message, "boa tarde")
    judge(message)
    assert (message.status, message.reason) == ("APPROVED", "")


def with_a_refused_edit_that_was_replaced(author, room):
    message = post(author, make_room(), "bom dia")
    judge(message)
    for text in ("HOLD it", "boa tarde"):
        edit(message, text)
        judge(message)
    assert (message.text, message.edit_reason) == ("boa tarde", "")


def with_a_refused_edit_of_a_deleted_message(author, room):
    message = post(author, make_room(), "bom dia")
    judge(message)
    edit(message, "BLOCK it")
    judge(message)
    delete_message(actor_id=author.id, message_id=message.id)


FORGET = [
    pytest.param(each, marks=pytest.mark.proves("R248"))
    for each in (
        refused_and_edited,
        with_a_refused_edit_that_was_replaced,
        with_a_refused_edit_of_a_deleted_message,
    )
]


@pytest.mark.parametrize(
    "loses",
    [
        restricted, struck, held, blocked, ruled_out, with_a_refused_edit, with_unjudged_messages,
        known_from_rooms_without_moderation, *FORGET,
    ],
)  # fmt: skip
def test_author_who_is_not_in_good_standing_waits(author, room, loses):
    loses(author, room)
    message = post(author, room, "bom dia")
    assert seen(message) == UNSEEN
    judge(message)
    assert seen(message) == SHOWN


def test_text_that_no_provider_could_judge_says_nothing_about_its_author(author, room, monkeypatch):
    make_message(make_room(), author=author, status="HELD", reason="unjudged")
    with monkeypatch.context() as patch:
        patch.setattr(Obedient, "assess", lambda *_: fail())
        message = post(author, room, "bom dia")
        judge(message)
    assert (message.status, message.reason) == ("HELD", "unjudged")
    edit(message, "boa tarde")
    judge(message)
    assert seen(post(author, room)) == SHOWN


def test_new_authors_wait_until_enough_of_their_messages_were_allowed(room, settings):
    user = make_member(room).user
    for _ in range(5):
        message = post(user, room)
        assert seen(message) == UNSEEN
        judge(message)
    assert seen(post(user, room)) == SHOWN

    settings.ENV = settings.ENV.model_copy(update={"optimistic_messages": 0})
    other = make_member(room).user
    assert seen(post(other, room)) == SHOWN
    settings.ENV = settings.ENV.model_copy(update={"newcomer_hours": 24})
    assert seen(post(other, room)) == UNSEEN


@pytest.mark.parametrize("is_private", [True, False])
def test_policy_in_force_for_the_room_decides(author, room, settings, is_private, monkeypatch):
    given = []
    monkeypatch.setattr(Obedient, "assess", lambda _, contents: given.extend(contents) or fail())
    Room.objects.update(is_private=is_private, audience="minors")
    post(author, room)
    (content,) = given
    facts = content.room
    assert (facts.mode, facts.audience) == ("optimistic", "minors")
    assert facts.type == ("private" if is_private else "public")
    assert content.author.role == "MEMBER"


def test_counts_of_the_author_include_the_text_itself(author, room, monkeypatch):
    given = []
    monkeypatch.setattr("moderado.chat.services.facts.reads", lambda _: frozenset({"counts"}))
    monkeypatch.setattr(Obedient, "assess", lambda _, contents: given.extend(contents) or fail())
    message = post(author, room, "bom dia")
    judge(message)
    posted, judged = given
    assert posted.counts == judged.counts
    assert posted.counts["repeats_60s"] == 1


def fail():
    raise ProviderUnavailable


def test_edits_are_shown_at_once_or_wait(author, room):
    message = post(author, room, "bom dia")
    judge(message)
    edit(message, "boa tarde")
    assert (message.text, message.edit_text, message.queued_at is None) == (
        "boa tarde", None, False
    )  # fmt: skip
    judge(message)
    edit(message, "HOLD it")
    assert (message.text, message.edit_text) == ("boa tarde", "HOLD it")
    judge(message)
    assert (message.text, message.edit_status) == ("boa tarde", "HELD")
    edit(message, "boa noite")  # the held edit counts against its author
    assert (message.text, message.edit_text) == ("boa tarde", "boa noite")


@pytest.mark.proves("R250")
def test_text_that_is_shown_is_judged_before_edits_that_wait(author, room):
    """Edits that follow each other must not keep it from being judged."""
    message = post(author, room, "bom dia")
    with transaction.atomic():
        edit(message, "HOLD 2")
        leased = claims.lease(claims.Claimant().claim(), seconds=60)
        edit(message, "HOLD 3")
        edit(message, "HOLD 4")
        (still,) = claims.retake(leased)
        assert (content_of(still).revision, content_of(still).context) == (1, {"was_shown": True})
    Message.objects.update(lease_until=None, attempts=0)
    judge(message)
    judge(message)
    lines = ModerationLog.objects.filter(subject_id=message.id).order_by("created_at", "id")
    assert [(line.revision, line.verdict) for line in lines] == [(1, "ALLOW"), (4, "HOLD")]
    assert (message.text, message.edit_status) == ("bom dia", "HELD")


@pytest.mark.proves("R250")
def test_edit_waits_until_the_text_that_is_shown_was_judged(author, room, settings, remote):
    message = post(author, room, "bom dia")
    edit(message, "FLAG it")
    remote.says = Outcome.BLOCK
    judge(message)
    assert (message.status, message.edit_status) == ("REJECTED", "PENDING")
    judge(message)
    assert (message.status, message.reason, message.edit_status) == (
        "REJECTED", "policy", "REJECTED",
    )  # fmt: skip


class TestOutages:
    def test_text_waits_if_a_local_provider_fails(self, author, room, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(Obedient, "assess", lambda *_: fail())
            message = post(author, room)
        assert seen(message) == UNSEEN

    def test_failure_that_a_policy_approves_finds_nothing_out(
        self, author, room, settings, monkeypatch
    ):
        settings.MODERATION_PROVIDERS = [{**OBEDIENT, "ON_ERROR": "approve"}]
        with monkeypatch.context() as patch:
            patch.setattr(Obedient, "assess", lambda *_: fail())
            message = post(author, room)
        assert seen(message) == UNSEEN

    def test_text_waits_without_a_local_provider(self, author, room, settings):
        settings.MODERATION_PROVIDERS = [REMOTE]
        assert seen(post(author, room)) == UNSEEN

    def test_no_remote_provider_is_asked_while_posting(self, author, room, settings, monkeypatch):
        settings.MODERATION_PROVIDERS = [OBEDIENT, REMOTE]
        monkeypatch.setattr(Remote, "asked", [])
        assert seen(post(author, room)) == SHOWN
        assert Remote.asked == []


class TestWholeServer:
    """With the real local providers, or a remote one beside a local one."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_lists_and_words_in_two_messages(self, author, room, settings):
        blocklist = "moderado.moderation.providers.blocklist.BlocklistProvider"
        settings.MODERATION_PROVIDERS = [{"BACKEND": blocklist}]
        assert seen(post(author, room, "sua p.u.t.@")) == UNSEEN
        other = trusted(room)
        assert seen(post(other, room, "seu arrom")) == SHOWN
        assert seen(post(other, room, "bado")) == UNSEEN

    @pytest.mark.proves("R251")
    def test_words_in_two_messages_at_the_same_moment(self, author, room, settings):
        blocklist = "moderado.moderation.providers.blocklist.BlocklistProvider"
        settings.MODERATION_PROVIDERS = [{"BACKEND": blocklist}]
        is_stored, may_commit = threading.Event(), threading.Event()

        def first_device():
            with closing(connection), transaction.atomic():
                message = post(author, room, "seu arrom")
                is_stored.set()
                may_commit.wait(30)
                return message

        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(first_device)
            assert is_stored.wait(30)
            try:
                second = post(author, room, "bado")
            finally:
                may_commit.set()
            shown = first.result()
        assert (seen(shown), seen(second)) == (SHOWN, UNSEEN)
        judge(second)
        assert (second.status, second.seq) == ("HELD", 0)
        assert seen(post(trusted(room), room, "bado")) == SHOWN

    def test_later_block_removes_and_counts_the_exposure(self, author, room, settings, remote):
        reader, other = make_member(room), make_member(room)
        before = exposure("optimistic")
        message = post(author, room, "bom dia")
        Membership.objects.filter(pk=reader.pk).update(read_seq=message.seq)
        Message.objects.filter(pk=message.pk).update(
            published_at=F("published_at") - timedelta(seconds=100)
        )
        remote.says = Outcome.BLOCK
        judge(message)
        assert seen(message)[0] == "REJECTED"
        assert other.read_seq == 0
        texts, seconds = exposure("optimistic")
        assert texts - before[0] == 1
        assert 100 <= seconds - before[1] < 200

    def test_outage_of_the_remote_provider(self, author, room, settings, remote):
        """What was shown waits for a moderator while it is visible; the rest waits unseen."""
        remote.says = None
        shown, waiting = post(author, room, "bom dia"), post(make_member(room).user, room, "oi")
        assert (seen(shown), seen(waiting)) == (SHOWN, UNSEEN)
        judge(shown, waiting)
        assert (seen(shown), seen(waiting)) == (SHOWN, ("HELD", False))
        assert Case.objects.filter(subject_id__in=[shown.id, waiting.id], state="open").count() == 2

    def test_ruling_counts_the_exposure(self, author, room):
        before = exposure("optimistic")
        message = post(author, room, "bom dia")
        judge(message)
        rule(message, Outcome.BLOCK)
        assert exposure("optimistic")[0] - before[0] == 1


def exposure(mode):
    texts = EXPOSED_TEXTS.labels(mode)._value.get()
    return texts, EXPOSURE.labels(mode)._value.get()
