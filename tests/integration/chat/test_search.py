"""Search in both languages."""

import pytest
from django.db import connection

from moderado.chat.errors import NoSuchRoom
from moderado.chat.models import Message
from moderado.chat.selectors.search import Effort, search
from moderado.core.text import fold
from tests.factories import fill_room, make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db

Status = Message.Status


@pytest.fixture
def reader(room):
    return make_member(room).user


@pytest.fixture
def say(room):
    author = make_user()

    def say(*texts, **fields):
        fields = {"author": author, "status": Status.APPROVED, **fields}
        return [make_message(room, text=text, **fields) for text in texts]

    return say


@pytest.fixture
def find(room, reader):
    def find(query, **effort):
        found = search(reader_id=reader.id, room_id=room.id, query=query, effort=Effort(**effort))
        return [message.text for message in found]

    return find


@pytest.mark.parametrize(
    "said, asked",
    [
        ("uma mensagem nova", "mensagens"),
        ("muitas mensagens novas", "mensagem"),
        ("o canal da equipe", "canais"),
        ("os canais da equipe", "canal"),
        ("a reunião de hoje", "reuniões"),
        ("as reuniões de hoje", "reunião"),
        ("a decisão tomada", "decisões"),
        ("os pães de ontem", "pão"),
        ("um fóssil raro", "fósseis"),
        ("gatos correndo", "correr"),
        ("she was running away", "run"),
        ("several meetings today", "meeting"),
        ("the boxes arrived", "box"),
    ],
)
def test_search_finds_inflected_forms(say, find, said, asked):
    say(said, "nada disso aqui")

    assert find(asked, unless=0) == [said]


@pytest.mark.parametrize("asked", ["REUNIÃO", "reuniao", "Reunia\u0303o", "ｒｅｕｎｉａｏ"])
def test_accents_and_capitals_do_not_matter(say, find, asked):
    say("Reunião às dez", "almoço ao meio-dia")

    assert find(asked) == ["Reunião às dez"]


@pytest.mark.parametrize(
    "said, asked",
    [
        ("x = 7", "x"),
        ("eu disse que no momento não", "no"),
        ("to be or not to be", "to be"),
        ("o de sempre", "de"),
        ("parabéns 🎉!", "🎉"),
        ("amo isso ❤\ufe0f", "❤"),
        ("amo isso ❤", "❤\ufe0f"),
        ("família 👨\u200d👩\u200d👧 em casa", "👨\u200d👩\u200d👧"),
        ("明日の会議は三時からです", "会議"),
        ("오늘 회의는 세시입니다", "회의"),
        ("desconto de 50%!", "50%"),
        ("fala em C++ e C#", "c++"),
        ("o arquivo a_b.txt", "a_b"),
    ],
)
def test_search_finds_parts_that_are_no_words(say, find, said, asked):
    say("aqui", said, "ali: AbB, 60")

    assert find(asked) == [said]


def test_search_finds_whole_words_before_parts_of_them(say, find):
    say("eu e ela", "ele esteve aqui")

    assert find("e") == ["eu e ela", "ele esteve aqui"]


def test_search_for_parts_leaves_out_what_only_others_see(say, find):
    say("🎉 secreto", status=Status.HELD)

    assert find("🎉") == []


def test_search_requires_every_word(say, find):
    say("a reunião do projeto", "a reunião do clube", "o projeto parou")

    assert find("reunião projeto")[0] == "a reunião do projeto"


def test_search_tolerates_a_typing_error(say, find):
    say("uma mensagem nova", "nada disso aqui")

    assert find("mensajem") == ["uma mensagem nova"]


@pytest.mark.parametrize("asked", ["nensagem", "memsagem", "mensagen", "nensagem nova"])
def test_search_tolerates_typing_errors_at_any_place(say, find, asked):
    say("uma mensagem nova", "nada disso aqui")

    assert find(asked) == ["uma mensagem nova"]


@pytest.mark.parametrize("asked", ["mensajem", "mensagen", "mensajem nova"])
def test_old_messages_are_found_despite_a_typing_error_late_in_a_word(say, find, asked):
    say("uma mensagem nova", "nada disso aqui")

    assert find(asked, recent=1) == ["uma mensagem nova"]


def test_search_returns_each_message_once(say, find, reader):
    say("uma mensagem nova", author=reader)
    say("uma mensagem velha")

    assert sorted(find("mensajem")) == ["uma mensagem nova", "uma mensagem velha"]


@pytest.mark.parametrize("status", [Status.REMOVED, Status.REJECTED, Status.HELD])
def test_search_excludes_removed_messages(say, find, status):
    say("uma mensagem nova")
    assert find("mensagem") == find("mensajem") != []

    Message.objects.update(status=status)

    assert find("mensagem") == find("mensajem") == []


def test_search_finds_the_edited_text(say, find):
    say("uma mensagem nova")

    Message.objects.update(text="um recado novo")

    assert find("mensagem") == find("mensajem") == []
    assert find("recado") == find("recaro") == ["um recado novo"]


def test_search_orders_by_relevance(say, find):
    say("o canal novo", "os canais novos", "um texto longo em que um canal aparece só de passagem")

    assert find("canais")[0] == "os canais novos"
    assert find("canal novo")[0] == "o canal novo"


def test_search_excludes_unpublished_messages_of_others(say, find):
    for status in Status:
        say(f"segredo {status}", status=status)

    assert find("segredo") == find("segredoo") == ["segredo APPROVED"]


def test_search_includes_own_unpublished_messages(say, find, reader):
    for status in Status:
        say(f"segredo meu {status}", status=status, author=reader)

    found = {f"segredo meu {status}" for status in Status if status != Status.REMOVED}
    assert set(find("segredo")) == set(find("segredoo")) == found


def test_other_rooms_are_not_searched(find):
    make_message(text="segredo alheio", status=Status.APPROVED)

    assert find("segredo") == []


def test_search_in_a_hidden_room_is_refused():
    room = make_room(is_private=True)
    make_message(room, text="segredo", status=Status.APPROVED)

    with pytest.raises(NoSuchRoom):
        search(reader_id=make_user().id, room_id=room.id, query="segredo")


@pytest.mark.parametrize("query", ["", "  ", "!!", "a & b | !c <-> :*", "'", "%_\\", "a" * 200])
def test_search_accepts_any_query(say, find, query):
    say("bom dia")

    assert find(query) == []


def test_search_excludes_waiting_edits(say, find):
    say("texto visível", edit_text="segredo", edit_status=Status.PENDING)

    assert find("segredo") == []


def test_search_returns_at_most_100_messages(say, find):
    say(*["bom dia"] * 120)

    assert len(find("dia")) == 100


def test_search_by_similarity_is_abandoned_after_its_timeout(room, find):
    fill_room(room, make_user(), 5_000, "uma mensagem nova")

    assert find("mensajem", milliseconds=1) == []
    assert find("mensajem")


def test_timeout_of_similarity_ends_with_it(say, find):
    say("uma mensagem nova")
    find("mensajem", milliseconds=1_234)

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() != ("1234ms",)


@pytest.mark.parametrize("text", ["Ação É ÚTIL", "ﬁm", "x\u0301\u0302y", "STRASSE ﬀ", "東京 Ⅻ"])
def test_queries_are_folded_as_the_database_folds(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT chat_fold(%s)", [text])
        assert cursor.fetchone() == (fold(text),)


def test_search_uses_an_index(room):
    author = make_user()
    for other in (room, make_room(), make_room()):
        fill_room(other, author, 3000, "palavra# comum")
    with connection.cursor() as cursor:
        # As autovacuum does: until then a GIN index has a pending list that is scanned.
        cursor.execute("SELECT gin_clean_pending_list('message_words')")
        cursor.execute("ANALYZE chat_message")
        cursor.execute(
            "EXPLAIN SELECT id FROM chat_message WHERE room_id = %s AND status = 'APPROVED'"
            " AND chat_search_vector(text) @@ plainto_tsquery('portuguese', 'palavra77')",
            [room.id],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "message_words" in plan
    assert "Seq Scan" not in plan
