"""Acts of persons in pairs, in both orders: blocks, exports, notices and the codes of notices.

As in `test_races_of_staff`: the later act begins before the other one commits. Each function of
`PAIRS` yields two acts in a new world, is sent their results, and checks the state in the end.
"""

import pytest
from django.db.models.functions import Now

from moderado.core.ids import new_id
from moderado.enforcement.models import Export, ExportPart, Notice, NoticeMail, PersonBlock
from moderado.enforcement.services import blocks, exports, notices
from moderado.enforcement.types import MailKind, NoticeState
from moderado.moderation.models import Case
from tests.factories import make_notice, make_user
from tests.integration.enforcement.races import overtake, race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R222"),
]

DONE = "done"


class World:
    """Two persons, who are strangers to each other."""

    def __init__(self):
        self.ana, self.bia = make_user(), make_user()

    def blocks(self, user, other):
        return lambda: blocks.block_person(user_id=user.id, blocked_id=other.id)

    def unblocks(self, user, other):
        return lambda: blocks.unblock_person(user_id=user.id, blocked_id=other.id)

    def exports(self):
        return lambda: exports.request_export(user_id=self.ana.id)

    def leases(self):
        """Let a worker claim an export, and store its last part."""
        exports.request_export(user_id=self.ana.id)
        leased = exports.claim_export()
        return lambda: exports.save_parts(leased, [("a.json", b"{}")], is_last=True)

    def deletes_exports(self):
        return lambda: exports.delete_exports(user_id=self.ana.id)

    def submits(self, client_id=None, text="Ela me ameaça"):
        given = {
            "name": "Bia", "email": "bia@example.org", "role": "victim", "category": "hate",
            "reference": str(self.ana.id), "text": text, "address": "203.0.113.7",
        }  # fmt: skip
        return lambda: notices.submit_notice(**given, client_id=client_id)

    def notice(self):
        self.made, self.code = make_notice(reference=str(self.ana.id), email="bia@example.org")
        return self.made

    def confirms(self, code=None, notice=None):
        protocol = (notice or self.made).protocol
        return lambda: notices.confirm_notice(protocol=protocol, code=code or self.code)


def blocked():
    return set(PersonBlock.objects.values_list("blocker", "blocked"))


def block_and_its_repeat(world):
    act = world.blocks(world.ana, world.bia)
    assert (yield act, act) == (DONE, DONE)
    assert blocked() == {(world.ana.id, world.bia.id)}


def two_block_each_other(world):
    acts = world.blocks(world.ana, world.bia), world.blocks(world.bia, world.ana)
    assert (yield acts) == (DONE, DONE)
    assert blocked() == {(world.ana.id, world.bia.id), (world.bia.id, world.ana.id)}


def unblocked_twice(world):
    world.blocks(world.ana, world.bia)()
    act = world.unblocks(world.ana, world.bia)
    assert (yield act, act) == (DONE, DONE)
    assert blocked() == set()


def unblocked_while_the_other_blocks(world):
    world.blocks(world.ana, world.bia)()
    acts = world.unblocks(world.ana, world.bia), world.blocks(world.bia, world.ana)
    assert (yield acts) == (DONE, DONE)
    assert blocked() == {(world.bia.id, world.ana.id)}


def export_and_its_repeat(world):
    assert (yield world.exports(), world.exports()) == (DONE, DONE)
    waiting = Export.objects.filter(user=world.ana)
    assert waiting.count() == 1


def export_is_ready_and_asked_for_again(world):
    """The later request gets the one that is ready, or replaces it; no parts are left behind."""
    acts = world.leases(), world.exports()
    assert (yield acts) == (DONE, DONE)
    assert Export.objects.filter(user=world.ana, state__in=["queued", "running"]).count() <= 1
    kept = set(ExportPart.objects.values_list("export_id", flat=True))
    assert kept <= set(Export.objects.filter(state="ready").values_list("pk", flat=True))


def export_is_ready_and_deleted(world):
    """As by an erasure: no part stays, whichever was first."""
    assert (yield world.leases(), world.deletes_exports()) == (DONE, DONE)
    assert not ExportPart.objects.exists()
    assert not Export.objects.exists()


def notice_and_its_repeat(world):
    act = world.submits(client_id=new_id())
    assert (yield act, act) == (DONE, DONE)
    assert Notice.objects.count() == NoticeMail.objects.count() == 1


def notice_and_another_by_the_same_id(world):
    client_id = new_id()
    first, second = world.submits(client_id), world.submits(client_id, text="Outra coisa")
    assert sorted((yield first, second)) == ["conflict", DONE]
    assert Notice.objects.count() == 1


def two_notices_about_one_person(world):
    notice, other = world.notice(), make_notice(reference=str(world.ana.id))
    acts = world.confirms(), world.confirms(other[1], other[0])
    assert (yield acts) == (DONE, DONE)
    case = Case.objects.get(origin="notice")
    found = Notice.objects.filter(pk__in=[notice.pk, other[0].pk])
    assert set(found.values_list("case", "state")) == {(case.pk, NoticeState.OPEN)}


def code_is_confirmed_twice(world):
    world.notice()
    assert (yield world.confirms(), world.confirms()) == (DONE, DONE)
    assert Case.objects.filter(origin="notice").count() == 1
    assert NoticeMail.objects.filter(kind=MailKind.RECEIPT).count() == 1


def code_is_confirmed_and_guessed(world):
    world.notice()
    guess = world.confirms("ABCD-EFGH")
    assert (yield world.confirms(), guess) == (DONE, "wrong_code")
    assert Notice.objects.get().state == NoticeState.OPEN


def code_is_confirmed_as_it_expires(world):
    """A confirmed notice stays confirmed, and an expired code confirms none."""
    notice = world.notice()

    def expires():
        Notice.objects.filter(pk=notice.pk).update(code_expires_at=Now())

    confirmed, expired = yield world.confirms(), expires
    assert expired == DONE
    assert (confirmed, Notice.objects.get().state) in {
        (DONE, NoticeState.OPEN),
        ("code_expired", NoticeState.UNCONFIRMED),
    }


PAIRS = [
    block_and_its_repeat, two_block_each_other, unblocked_twice, unblocked_while_the_other_blocks,
    export_and_its_repeat, export_is_ready_and_asked_for_again, export_is_ready_and_deleted,
    notice_and_its_repeat, notice_and_another_by_the_same_id, two_notices_about_one_person,
    code_is_confirmed_twice, code_is_confirmed_and_guessed, code_is_confirmed_as_it_expires,
]  # fmt: skip


@pytest.mark.parametrize("is_first", [True, False], ids=["in order", "in reverse"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.__name__)
def test_two_acts_of_persons_at_one_moment(pair, is_first, settings):
    settings.SENDS_EMAIL = True
    steps = pair(World())
    first, second = next(steps)

    results = overtake(first, second) if is_first else overtake(second, first)[::-1]

    with pytest.raises(StopIteration):
        steps.send(results)


def test_last_attempt_counts_for_one_of_two_guesses():
    world = World()
    notice = world.notice()
    Notice.objects.filter(pk=notice.pk).update(attempts=notices.MAX_ATTEMPTS - 1)
    guess = world.confirms("ABCD-EFGH")

    assert sorted(race(guess, guess)) == ["code_expired", "wrong_code"]
    assert Notice.objects.get().attempts == notices.MAX_ATTEMPTS
