"""A text that an order removed is held in rooms of every mode, by any author."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderado.chat.models import Message
from moderado.enforcement.models import AuditLine
from moderado.enforcement.notice_errors import NoEvidence
from moderado.enforcement.services.hash_bank import bank_message, unbank
from moderado.moderation.errors import OwnCase, TextTooShort
from moderado.moderation.models import BankedText, ModerationLog
from moderado.moderation.services import hash_bank
from moderado.moderation.services.hash_bank import MIN_LETTERS, ORDERED_REMOVAL
from moderado.moderation.types import Outcome
from tests.factories import make_member, make_message, make_room, make_user
from tests.integration.chat.steps import edit, judge, post, rule

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S77")]

TEXT = "a casa dela fica na rua das flores, número 12"
DISGUISED = "A CASA dela fica: na rua das FLORES número 12!!"


@pytest.fixture(params=["pre", "optimistic", "post", "off"])
def room(request):
    return make_room(moderation_mode=request.param)


@pytest.fixture
def banked():
    given = {"message_id": make_message(text=TEXT).id, "order": "Processo 12"}
    return bank_message(actor_id=None, **given)[0]


def said(room, text):
    message = post(make_member(room).user, room, text)
    judge(message)
    return message


@pytest.mark.parametrize("text", [TEXT, DISGUISED])
def test_text_is_held_in_every_room_for_every_author(banked, room, text):
    message = said(room, text)
    assert (message.status, message.seq) == ("HELD", 0)  # never shown, not even for a moment
    line = ModerationLog.objects.get(subject_id=message.id)
    assert line.decided_by == ORDERED_REMOVAL


def test_edit_to_the_text_waits(banked, room):
    message = said(room, "bom dia")
    edit(message, TEXT)
    judge(message)
    assert (message.text, message.edit_status) == ("bom dia", "HELD")


@pytest.mark.proves("R168")
def test_edit_that_waits_does_not_choose_what_is_banked():
    other = "outro texto, comprido, que muitas pessoas escrevem"
    message = make_message(text=TEXT, edit_text=other, edit_revision=2, edit_status="HELD")
    room = make_room(moderation_mode="off")
    bank_message(actor_id=None, message_id=message.id, order="Processo 12")
    assert said(room, other).status == "APPROVED"
    assert said(room, TEXT).status == "HELD"

    bank_message(actor_id=None, message_id=message.id, order="Processo 12", revision=2)
    assert said(room, other).status == "HELD"
    with pytest.raises(NoEvidence):
        bank_message(actor_id=None, message_id=message.id, order="Processo 12", revision=3)


@pytest.mark.proves("R168")
def test_refused_edit_does_not_bring_a_banked_text_back():
    message = said(make_room(moderation_mode="off"), TEXT)
    edit(message, "bom dia")
    judge(message)
    assert (message.text, message.status) == ("bom dia", "APPROVED")
    bank_message(actor_id=None, message_id=make_message(text=TEXT).id, order="Processo 12")

    rule(message, Outcome.BLOCK)
    assert message.status == "REJECTED"
    assert message.text != TEXT


def test_other_texts_and_removed_entries_pass(banked, room):
    assert said(room, TEXT + " e não é longe").status == "APPROVED"
    unbank(actor_id=None, banked_id=banked.id)
    assert said(room, TEXT).status == "APPROVED"
    actions = list(AuditLine.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["text_banked", "text_unbanked"]


def test_short_texts_are_refused():
    short = make_message(text="bom dia, " + "!" * MIN_LETTERS)
    with pytest.raises(TextTooShort):
        bank_message(actor_id=None, message_id=short.id, order="-")
    assert not BankedText.objects.exists()


def test_bank_is_loaded_once_and_costs_no_statement_for_a_message(banked):
    room = make_room()
    said(room, "bom dia")  # loads the bank

    def statements():
        message = post(make_member(room).user, room, "boa tarde a todas as pessoas daqui")
        with CaptureQueriesContext(connection) as found:
            judge(message)
        return len(found)

    with_bank = statements()
    unbank(actor_id=None, banked_id=banked.id)
    said(room, "bom dia")
    assert statements() == with_bank


def test_same_order_banks_a_text_once_and_another_order_keeps_it(banked):
    again, is_new = bank_message(actor_id=None, message_id=banked.subject_id, order="Processo 12")
    other, _ = bank_message(actor_id=make_user().id, message_id=banked.subject_id, order="outro")
    assert again.id == banked.id != other.id
    assert not is_new
    unbank(actor_id=None, banked_id=banked.id)
    assert hash_bank.is_banked(TEXT, version=hash_bank.current_version())


@pytest.mark.proves("S106")
def test_authors_neither_bank_their_texts_nor_take_them_out_of_the_bank(banked):
    author = Message.objects.get(pk=banked.subject_id).author
    with pytest.raises(OwnCase):
        bank_message(actor_id=author.id, message_id=banked.subject_id, order="outro")
    with pytest.raises(OwnCase):
        unbank(actor_id=author.id, banked_id=banked.id)
    assert BankedText.objects.get() == banked


def test_command_adds_lists_and_removes(capsys):
    message = make_message(text=TEXT)
    call_command("hashbank", "add", message=message.id, order="Processo 12")
    call_command("hashbank", "list")
    assert capsys.readouterr().out.count("Processo 12") == 2
    call_command("hashbank", "remove", str(BankedText.objects.get().id), reason="Processo 13")
    assert AuditLine.objects.get(action="text_unbanked").details["reference"] == "Processo 13"
    assert not BankedText.objects.exists()
