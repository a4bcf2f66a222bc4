"""Exports of real tools, in their containers and encodings, are read completely or refused."""

import json
import os
import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.management import CommandError, call_command

from moderado.moderation.audit.exports import READERS, kind_of
from moderado.moderation.audit.files import Member
from moderado.moderation.audit.json_items import MAX_ITEM, items

CHAT = "27/11/2026 14:03 - Ana: você vem?\n27/11/2026 14:04 - Bia: já vou\n"
DAY = [{"type": "message", "user": "U1", "text": "oi", "ts": "1795424700.000100"}]
PACKAGE = [{"ID": 1, "Timestamp": "2023-01-02 03:04:05", "Contents": "oi", "Attachments": ""}]
COLUMNS = 'ID,Timestamp,Contents,Attachments\n1,2020-10-11 12:13:14.123000+00:00,"o, i",\n'


def discord(*messages):
    return json.dumps({"guild": {"id": "1"}, "messages": list(messages), "messageCount": 1})


def said(text, kind="Default"):
    author = {"id": "9", "name": "ana", "nickname": "Ana"}
    return {
        "type": kind,
        "timestamp": "2026-11-27T22:03:00-03:00",
        "content": text,
        "author": author,
    }


def zipped(path, files):
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content, encoding="utf-8")
    return path


def texts(path, kind=None):
    return [line.text for line in READERS[kind or kind_of(path)](path) if line]


def run(*arguments):
    output = StringIO()
    call_command("audit", "--offline", *map(str, arguments), stdout=output)
    return output.getvalue()


@pytest.mark.proves("R157")
@pytest.mark.parametrize("pack", [zipped, folder])
@pytest.mark.parametrize(
    ("files", "kind", "wanted"),
    [
        ({"0-bolo.txt": "farinha", "_chat.txt": CHAT, "9.json": "[1]"}, "whatsapp", 2),
        ({"README.txt": "hi", "Conversa do WhatsApp com Ana.txt": CHAT}, "whatsapp", 2),
        ({"G - c [part 1].json": discord(said("a")), "c.json": discord(said("b"))}, "discord", 2),
        (
            {
                "README.txt": "hi",
                "account/user.json": "{}",
                "messages/index.json": '{"1": "geral"}',
                "messages/c1/channel.json": '{"id": "1"}',
                "messages/c1/messages.json": json.dumps(PACKAGE),
                "messages/c2/messages.csv": COLUMNS,
            },
            "discord",
            2,
        ),
        (
            {
                "users.json": '[{"id": "U1", "name": "ana"}]',
                "integration_logs.json": '[{"user_id": "U1"}]',
                "geral/2026-11-20.json": json.dumps(DAY),
            },
            "slack",
            1,
        ),
    ],
)
def test_folders_and_zips_are_recognized_by_their_files(tmp_path, pack, files, kind, wanted):
    path = pack(tmp_path / "export.ZIP" if pack is zipped else tmp_path / "export", files)

    assert kind_of(path) == kind
    assert len(texts(path)) == wanted


@pytest.mark.proves("R157")
@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("messages.csv", COLUMNS, "o, i"),
        ("messages.json", json.dumps(PACKAGE), "oi"),
        ("messages.json", json.dumps([{"author": "ana", "text": "oi"}]), "oi"),
        ("2026-11-20.json", json.dumps(DAY), "oi"),
    ],
)
def test_single_files_are_recognized_by_their_contents(tmp_path, name, content, wanted):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")

    assert texts(path) == [wanted]


@pytest.mark.proves("R157")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognized(tmp_path, encoding):
    chat, lines = tmp_path / "chat.txt", tmp_path / "chat.jsonl"
    chat.write_bytes(CHAT.replace("\n", "\r\n").encode(encoding))
    written = json.dumps({"author": "Ana", "text": "você vem?"}, ensure_ascii=False)
    lines.write_bytes(f"{written}\r\n".encode(encoding))

    assert texts(chat) == ["você vem?", "já vou"]
    assert texts(lines) == ["você vem?"]


@pytest.mark.proves("R157")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", ""),
        ("a.json", ""),
        ("a.json", '{\n"text": "oi"\n}'),
        ("a.json", "[]"),
        ("a.jsonl", '{"body_html": "oi"}\n'),
        ("a.txt", "27/11/2026 14:03 - Ana criou o grupo\n"),
    ],
)
def test_an_export_without_a_readable_message_is_refused(tmp_path, name, content):
    path, page = tmp_path / name, tmp_path / "report.html"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(CommandError, match="No message could be read"):
        run(path, "--html", page)
    assert not page.exists()


@pytest.mark.proves("R158")
@pytest.mark.parametrize(
    "line",
    [
        "[27/11/2026, 14:03:22] Grupo: \u200eAs mensagens são protegidas com a criptografia.",
        "[27/11/2026, 14:03:22] Ana: \u200eimagem ocultada",
        "[27/11/2026, 14:03:22] Ana: \u200eEsta mensagem foi apagada.",
        "[11/27/26, 2:03:22\u202fPM] Ana: \u200eThis message was deleted.",
        "[27/11/2026, 14:03:22] Ana: plano.pdf • \u200e3 páginas \u200edocumento omitido",
        "\u200e[27/11/2026, 14:03:22] Ana: \u200e<anexado: 0001-PHOTO.jpg>",
        "27/11/2026 14:03 - Ana: IMG-0001.jpg (arquivo anexado)",
        "11/27/26, 2:03 PM - Ana: PTT-0001.opus (file attached)",
        "27/11/2026 14:03 - Ana: Mensagem apagada",
        "27/11/2026 14:03 - Ana: You deleted this message",
        "27/11/2026 14:03 - Ana: null",
        "27/11/2026 14:03 - Ana: <Arquivo de mídia oculto>",
        '27/11/2026 14:03 - Ana mudou o nome do grupo de "Amigos: 2025" para "Nós"',
    ],
)
def test_notices_of_whatsapp_are_no_messages(tmp_path, line):
    path = tmp_path / "chat.txt"
    path.write_text(f"{line}\n27/11/2026 14:05 - Ana: oi\n", encoding="utf-8")

    assert texts(path) == ["oi"]


@pytest.mark.proves("R158")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("27/11/2026 14:03 - Ana: IMG-1.jpg (arquivo anexado)\nlegenda", "legenda"),
        ("27/11/2026 14:03 - Ana: oi <Mensagem editada>", "oi"),
        ("[27/11/2026, 14:03:27] ~\u202fAna: oi \u200e<This message was edited>", "oi"),
        ("27/11/2026 14:03 - Ana: a mensagem apagada", "a mensagem apagada"),
        ("27/11/2026 14:03 - Ana: disse: <oi>", "disse: <oi>"),
    ],
)
def test_words_beside_notices_are_kept(tmp_path, line, wanted):
    path = tmp_path / "chat.txt"
    path.write_text(line, encoding="utf-8")

    assert texts(path) == [wanted]


@pytest.mark.proves("R158")
def test_notices_of_discord_and_slack_are_no_messages(tmp_path):
    export, day = tmp_path / "export.json", tmp_path / "2026-11-20.json"
    kinds = ["GuildMemberJoin", "ChannelPinnedMessage", "Call", "ThreadCreated"]
    notices = [said("Joined the server.", kind) for kind in kinds]
    export.write_text(discord(*notices, said(""), said("a", "Reply"), said("b", "20")))
    subtypes = ["channel_join", "channel_topic", "tombstone", "bot_message", "thread_broadcast"]
    spoken = [{**DAY[0], "subtype": each, "text": each} for each in subtypes]
    day.write_text(json.dumps([*DAY, {**DAY[0], "text": "", "files": [{}]}, *spoken]))

    assert texts(export) == ["a", "b"]
    assert texts(day) == ["oi", "bot_message", "thread_broadcast"]


@pytest.mark.proves("R158")
def test_hours_are_those_of_utc_whatever_offset_is_written(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(discord(said("oi")))

    figures = json.loads(run(path, "--json"))

    assert [hour for hour, found in enumerate(figures["hours"]) if found["messages"]] == [1]
    assert figures["first"] == "2026-11-28T01:03:00+00:00"


@pytest.mark.proves("S146")
@pytest.mark.parametrize("harm", ["encrypted", "method", "damaged"])
def test_a_broken_zip_is_refused_with_a_sentence(tmp_path, harm):
    path = zipped(tmp_path / "a.zip", {"_chat.txt": CHAT * 50})
    content = bytearray(path.read_bytes())
    entry = content.find(b"PK\x01\x02")
    if harm == "encrypted":
        content[6] |= 1
        content[entry + 8] |= 1
    elif harm == "method":
        content[8] = content[entry + 10] = 99
    else:
        content[50:60] = b"\xff" * 10
    path.write_bytes(bytes(content))

    with pytest.raises(CommandError, match="broken or encrypted"):
        run(path)


@pytest.mark.proves("S146")
def test_a_broken_file_of_an_export_is_counted(tmp_path):
    files = {"a/2026-11-20.json": json.dumps(DAY), "a/2026-11-21.json": '[{"type": "mess'}
    path = zipped(tmp_path / "a.zip", files)

    figures = json.loads(run(path, "--json"))

    assert (figures["messages"], figures["skipped"]) == (1, 1)


@pytest.mark.proves("S146")
def test_links_and_folders_with_names_of_files_are_left_out(tmp_path):
    path = folder(tmp_path / "slack", {"a/2026-11-20.json": json.dumps(DAY)})
    secret = tmp_path / "2026-11-21.json"
    secret.write_text(json.dumps(DAY))
    (path / "a" / "2026-11-21.json").symlink_to(secret)
    (path / "a" / "2026-11-22.json").mkdir()
    os.mkfifo(path / "a" / "2026-11-23.json")

    assert texts(path) == ["oi"]


@pytest.mark.proves("S146")
def test_only_a_part_of_a_large_file_is_in_memory():
    class Endless:
        """An array that does not end, as a small ZIP can hold."""

        def __init__(self, first, piece):
            self.first, self.piece, self.read_in_all = first, piece, 0

        def read(self, size):
            found = (self.first + self.piece * size)[:size]
            self.first = ""
            self.read_in_all += len(found)
            return found

    many = Endless("[", '{"text":"oi"},')
    found = items(many)
    assert next(found) == next(found) == {"text": "oi"}
    assert many.read_in_all < 1_000_000

    with pytest.raises(ValueError, match="too long"):
        next(items(Endless('["', "a")))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 65_536])
def test_messages_are_decoded_across_the_pieces_of_a_file(monkeypatch, size):
    monkeypatch.setattr("moderado.moderation.audit.json_items._CHUNK", size)
    wanted = [{"a": 'x"]},'}, 12.5e3, None, [], "é🙂", 1234567]

    class Short(StringIO):
        def read(self, most=-1):
            return super().read(min(most, size))

    for whole in (wanted, {"guild": {"messages": [1]}, "n": 12, "messages": wanted, "z": 1}):
        assert list(items(Short(json.dumps(whole, indent=1)))) == wanted
    for broken in ("", "{", "[1", "[1,", "[1 2]", "{}", '{"messages": 3}', '{"a": 1', "3"):
        with pytest.raises(ValueError, match=r"missing|no list|Expecting"):
            list(items(Short(broken)))


@pytest.mark.proves("S146")
def test_the_page_never_replaces_the_export(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_text('{"text": "oi"}\n')
    (tmp_path / "page.html").symlink_to(path)

    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(CommandError, match="neither"):
        run(tmp_path / "pipe.jsonl")  # it can be read only once
    for page in (path, tmp_path / "page.html", tmp_path / "missing" / "page.html"):
        with pytest.raises(CommandError):
            run(path, "--html", page)
    assert path.read_text() == '{"text": "oi"}\n'


def test_a_name_of_any_bytes_is_written(tmp_path):
    path, page = tmp_path / os.fsdecode(b"\xff.jsonl"), tmp_path / "page.html"
    path.write_text('{"text": "oi"}\n')

    run(path, "--html", page)

    assert "\ufffd.jsonl" in page.read_text(encoding="utf-8")


@pytest.mark.proves("R158")
def test_columns_of_thousands_of_days_have_a_width(tmp_path):
    path, page = tmp_path / "chat.jsonl", tmp_path / "page.html"
    days = (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(2000))
    path.write_text(
        "\n".join(json.dumps({"text": "puta", "at": day.isoformat()}) for day in days),
        encoding="utf-8",
    )

    run(path, "--html", page)

    widths = re.findall(r'width="([^"]+)"', page.read_text(encoding="utf-8"))
    assert len(widths) > 2000
    assert all(float(width) >= 0 for width in widths if width[0] != "d")
    assert sum(float(width) > 0 for width in widths if width[0] != "d") > 2000


@pytest.mark.proves("R161")
@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "--sample", "jsonl", "chat.jsonl"),
        ("audit", "--sample", "jsonl", "--offline", "--policy", "games"),
        ("audit", "--sample", "jsonl", "--offline", "--seconds-a-case", "-5"),
        ("audit", "--sample", "jsonl", "--offline", "--azure-price", "nan"),
        ("audit", "--sample", "jsonl", "--offline", "--token-price", "-1"),
        ("explain", "oi", "--number", "3"),
        ("explain", "oi", "--offline", "--policy", "games"),
    ],
)
def test_options_that_would_change_nothing_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command(*arguments, stdout=StringIO())


@pytest.mark.proves("R162")
def test_an_anonymous_page_does_not_name_the_export(tmp_path):
    path, page = tmp_path / "Conversa do WhatsApp com Ana.txt", tmp_path / "page.html"
    path.write_text(CHAT, encoding="utf-8")

    run(path, "--html", page, "--anonymous")
    anonymous = page.read_text(encoding="utf-8")
    run(path, "--html", page)

    assert "Ana" not in anonymous
    assert "com Ana.txt" in page.read_text(encoding="utf-8")


@pytest.mark.proves("S147")
@pytest.mark.parametrize("text", ["<" + "omitted" * 20_000, "a" + " " * 150_000 + "a"])
def test_long_messages_are_not_searched_for_notices(tmp_path, monkeypatch, text):
    searched = []

    class Counted:
        def fullmatch(self, found):
            searched.append(len(found))

    monkeypatch.setattr("moderado.moderation.audit.whatsapp._MEDIA", Counted())
    path = tmp_path / "chat.txt"
    path.write_text(f"27/11/2026 14:03 - Ana: {text}\n27/11/2026 14:03 - Ana: oi", encoding="utf-8")

    assert texts(path) == [text, "oi"]
    assert searched == [2]


class Measured(StringIO):
    """Notes how many characters of a line were asked for at once."""

    most = 0

    def readline(self, size=-1):
        self.most = max(self.most, size if size >= 0 else MAX_ITEM + 1)
        return super().readline(size)

    def __next__(self):
        return self.readline() or next(iter(()))


@pytest.mark.proves("S148")
@pytest.mark.parametrize(
    ("name", "first"), [("messages.csv", COLUMNS), ("chat.jsonl", '{"text": "oi"}\n')]
)
def test_a_line_is_read_up_to_a_limit(monkeypatch, tmp_path, name, first):
    file = Measured(first)
    monkeypatch.setattr(Member, "text", lambda _member: nullcontext(file))
    path = tmp_path / name
    path.write_text(first, encoding="utf-8")

    kind = "discord" if name.endswith(".csv") else "jsonl"
    monkeypatch.setattr("moderado.moderation.audit.jsonl._is_array", lambda _member: False)
    assert len(texts(path, kind)) == 1
    assert 0 < file.most <= MAX_ITEM


@pytest.mark.proves("S148")
def test_lines_that_belong_to_no_message_are_not_gathered_without_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("moderado.moderation.audit.whatsapp._LONGEST", 100)
    path = tmp_path / "chat.txt"
    path.write_text(f"{CHAT}" + "x\n" * 5_000 + CHAT, encoding="utf-8")

    first, second, *rest = texts(path)

    assert first == "você vem?"
    assert second.startswith("já vou\nx\nx")
    assert len(second) <= 200
    assert rest == ["você vem?", "já vou"]
