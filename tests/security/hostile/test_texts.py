"""Hostile texts are stored and shown as text, or refused."""

import asyncio
import json
import sys
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from moderado.chat.models import Message
from moderado.chat.services import posting, rooms
from moderado.chat.services.screening import screen_waiting
from moderado.core.errors import Invalid
from moderado.moderation.models import Case, SubjectRevision
from moderado.moderation.rules.group import rules_of
from moderado.moderation.rules.matcher import Matcher
from tests import factories
from tests.security.hostile.strings import EVERYTHING, MARKUP

pytestmark = pytest.mark.django_db

UNSEEN = ["\u2800" * 40, "\u200b\u200d", "\u202e\u202c", "\ufeff", "\u3164", "\U000e0041", "\u00ad"]


def post(member, text):
    return posting.post_message(author_id=member.user_id, room_id=member.room_id, text=text).view.id


@pytest.mark.proves("S15", "S31")
@pytest.mark.parametrize(
    "text",
    [
        "x" * 4_001,
        "é" * 8_193,
        "a" + "\u0301" * 5_000,
        "x\x00",
        "\ud800",
        *UNSEEN,
    ],
)
def test_unstorable_text_is_refused_and_not_stored(text):
    member = factories.make_member()
    client = APIClient()
    client.force_login(member.user)

    answer = client.generic(
        "POST",
        f"/api/chat/rooms/{member.room_id}/messages/",
        json.dumps({"content": text}),
        "application/json",
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Message.objects.exists()


@pytest.mark.proves("S15")
@pytest.mark.parametrize("text", ["\ufdfa" * 4_000, "\U0001f4a9" * 4_000, "a" + "\u0301" * 3_900])
def test_longest_text_is_judged_whatever_its_encoding(text):
    member = factories.make_member()
    message_id = post(member, text)

    screen_waiting()

    assert Message.objects.get(pk=message_id).queued_at is None


@pytest.mark.proves("S24")
def test_hostile_text_is_judged_or_refused_and_returned_unchanged():
    member = factories.make_member()
    client = APIClient()
    client.force_login(member.user)
    stored = {}
    for text in EVERYTHING:
        try:
            stored[str(post(member, text))] = text
        except Invalid:
            continue
    screen_waiting()

    url, read = f"/api/chat/rooms/{member.room_id}/messages/?page_size=100", {}
    while url:
        answer = client.get(url)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        read |= {one["id"]: one["content"] for one in answer.json()["results"]}
        url = answer.json()["next"]

    assert len(stored) > 90
    assert not Message.objects.exclude(queued_at=None).exists()
    assert all(read[message_id] == text for message_id, text in stored.items() if text in MARKUP)


class Structure(HTMLParser):
    """Return the structure of a page without its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, frozenset[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, frozenset(name for name, _ in attrs)))


@pytest.mark.proves("S24")
def test_admin_lists_have_the_same_structure_for_hostile_text(client):
    tables = ["chat_message", "moderation_case", "chat_room", "accounts_user"]
    pages = [reverse(f"admin:{table}_changelist") for table in tables]
    room = factories.make_room()
    made = [factories.make_message(room, status="HELD") for _ in MARKUP]
    for message in made:
        Case.objects.create(
            subject_type="message", subject_id=message.id, revision=1, text="x", scope_id=room.id
        )
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    before = [Structure(client.get(page).text).found for page in pages]

    for message, attack in zip(made, MARKUP, strict=True):
        Message.objects.filter(pk=message.pk).update(text=attack)
        Case.objects.filter(subject_id=message.pk).update(text=attack)
        type(message.author).objects.filter(pk=message.author_id).update(name=attack[:80])
    type(room).objects.filter(pk=room.pk).update(name=MARKUP[0])
    after = [Structure(client.get(page).text).found for page in pages]

    assert after == before


@pytest.mark.proves("S24")
def test_admin_pages_have_the_same_structure_for_hostile_text(client):
    """Return the admin pages of a message, its author, its room and its log lines."""
    room = factories.make_room()
    message = factories.make_message(room, status="HELD")
    case = Case.objects.create(
        subject_type="message", subject_id=message.id, revision=1, text="x", scope_id=room.id
    )
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    subjects = {"chat_message": message, "moderation_case": case, "chat_room": room,
                "accounts_user": message.author}  # fmt: skip
    pages = [reverse(f"admin:{name}_change", args=[one.pk]) for name, one in subjects.items()]
    pages += [reverse("admin:accounts_user_history", args=[message.author_id])]
    before = [Structure(client.get(page).text).found for page in pages]

    attack = " ".join(
        " ".join(MARKUP).split()
    )  # a text with line breaks becomes a paragraph, as intended
    for name in MARKUP[::12]:
        Message.objects.filter(pk=message.pk).update(text=attack, edit_text=attack)
        Case.objects.filter(pk=case.pk).update(text=attack, note=attack)
        type(message.author).objects.filter(pk=message.author_id).update(name=name[:80])
        type(room).objects.filter(pk=room.pk).update(name=name[:80])
        after = [Structure(client.get(page).text).found for page in pages]
        assert after == before, name


@pytest.mark.proves("S24")
def test_corpus_has_sixty_attacks():
    assert len(set(MARKUP)) == 60


@pytest.mark.proves("S27", "S31")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Sala\n{}", "Sala {}"),
        ("\u202egnal\u202c", "gnal"),
        ("a\u2066\u200bb\x1b[2J", "ab[2J"),
        (" Sala \u2028 1 ", "Sala 1"),
    ],
)
def test_room_name_has_one_line_and_no_hidden_characters(given, kept):
    room = rooms.create_room(creator_id=factories.make_user().id, name=given)

    assert SubjectRevision.objects.get(subject_id=room.id).text == kept


@pytest.mark.proves("S31")
@pytest.mark.parametrize("name", UNSEEN)
def test_room_name_needs_a_visible_character(name):
    with pytest.raises(Invalid):
        rooms.create_room(creator_id=factories.make_user().id, name=name)


# For backtracking engines: 20 ways to hang them. RE2 refuses some and runs the rest linearly.
HANGING = [
    r"(a+)+$", r"(a|a)*$", r"(a|aa)+$", r"([a-zA-Z]+)*$", r"(.*a){20}", r"(a*)*b", r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(.*)*=(.*)*", r"(a?){30}a{30}", r"a{1000}",
    r"(a{1,30}){1,30}", r"((a{100}){100}){100}", r"(a{0,1000}){0,1000}", r"(.{0,100}a){100}",
    r"[\w\s]{1000}", r".{1000}b", r"(a.{500}b|b.{500}a)", r"(?=a)b", r"(a)\1+",
    r"(a|b|c|d|e){1000}z", r".*.*.*.*.*.*.*.*.*.*x", r"\p{L}{500}x", r"(?i)(\pL+\s?){50}x",
]  # fmt: skip


# The longest texts, for the patterns above.
WORST = ["a" * 4_000, "a" * 3_999 + "!", "x" * 4_000, "ab" * 2_000, "a " * 2_000, "=" * 4_000]


@pytest.mark.proves("S25")
@pytest.mark.parametrize("pattern", HANGING)
def test_pattern_is_refused_or_matches_in_bounded_time(pattern):
    """RE2's time is proportional to program size times text length, and both are limited."""
    group = {"id": "x", "patterns": [pattern], "category": "spam", "severity": 0, "action": "hold"}
    try:
        matcher = Matcher(rules=rules_of(group))
    except ValueError:
        return

    for text in WORST:
        matcher.find(text)
    (compiled,) = matcher.lists[0].patterns._letters._compiled
    assert compiled.programsize <= 600
    assert compiled.options.max_mem == 8 << 20


@pytest.fixture
def _polite_threads():
    """The interpreter's lock is not switched by a timer: a thread holds it until it releases it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1_000.0)
    yield
    sys.setswitchinterval(before)


@pytest.mark.proves("S25")
@pytest.mark.usefixtures("_polite_threads")
async def test_slowest_pattern_does_not_block_the_event_loop():
    group = {"id": "x", "patterns": [r"(.*a){20}"], "category": "spam", "severity": 0,
             "action": "hold"}  # fmt: skip
    (compiled,) = Matcher(rules=rules_of(group)).lists[0].patterns._letters._compiled
    turns = 0

    def try_it() -> int:
        """Return how often the event loop ran during one search of a very long text.

        It would be 0 if the search held the interpreter's lock.
        """
        before = turns
        compiled.search("a" * 4_000 * 50)
        return turns - before

    trying = asyncio.create_task(asyncio.to_thread(try_it))
    while not trying.done():
        turns += 1
        await asyncio.sleep(0)

    assert trying.result() >= 1
