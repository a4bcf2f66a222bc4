"""Exports of chats are read, judged and reported."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from moderado.moderation.audit.exports import READERS, SAMPLES, kind_of, sample
from moderado.moderation.audit.lines import moment

OFFENCE = "vai se foder, seu filho da puta"


def read(path, kind=None):
    return list(READERS[kind or kind_of(path)](path))


def run(*arguments):
    output = StringIO()
    call_command("audit", "--offline", *map(str, arguments), stdout=output)
    return output.getvalue()


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_are_recognized_and_read_completely(kind):
    path = sample(kind)
    lines = read(path)

    assert kind_of(path) == kind
    assert len(lines) > 15
    assert all(line and line.author and line.text and line.at for line in lines)
    assert {"Ana", "Bento", "Caio"} <= {line.author for line in lines}


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("2026-11-20T09:05:00+00:00", datetime(2026, 11, 20, 9, 5, tzinfo=UTC)),
        ("2026-11-20T06:05:00-03:00", datetime(2026, 11, 20, 9, 5, tzinfo=UTC)),
        ("2026-11-20T09:05:00Z", datetime(2026, 11, 20, 9, 5, tzinfo=UTC)),
        ("1795424700.000100", datetime(2026, 11, 23, 9, 5, 0, 100, tzinfo=UTC)),
        (1795424700000, datetime(2026, 11, 23, 9, 5, tzinfo=UTC)),
        ("yesterday", None),
        (True, None),
        (float("inf"), None),
        (None, None),
    ],
)
def test_times_are_read_in_usual_forms(written, wanted):
    assert moment(written) == wanted


@pytest.mark.parametrize(
    ("text", "author", "when"),
    [
        ("27/11/2026 14:03 - Ana: oi", "Ana", (2026, 11, 27, 14, 3)),
        ("[27/11/2026, 14:03:22] Ana: oi", "Ana", (2026, 11, 27, 14, 3)),
        ("\u200e[27/11/26, 2:03:22\u202fPM] ~ Ana: oi", "Ana", (2026, 11, 27, 14, 3)),
        ("11/27/26, 12:03 AM - Ana: oi", "Ana", (2026, 11, 27, 0, 3)),
        ("3/4/26, 2:03 PM - Ana: oi", "Ana", (2026, 3, 4, 14, 3)),
        ("03/04/2026 14:03 - Ana: oi", "Ana", (2026, 4, 3, 14, 3)),
        ("2026-11-27, 14:03 - Ana: oi", "Ana", (2026, 11, 27, 14, 3)),
        ("27.11.26, 14:03 - Ana: oi", "Ana", (2026, 11, 27, 14, 3)),
    ],
)
def test_whatsapp_has_the_dates_of_the_phone(tmp_path, text, author, when):
    path = tmp_path / "chat.txt"
    path.write_text(f"{text}\nsegunda linha\n", encoding="utf-8")

    (line,) = read(path)

    assert (line.author, line.text) == (author, "oi\nsegunda linha")
    assert line.at.timetuple()[:5] == when


def test_whatsapp_leaves_notices_and_media_out(tmp_path):
    path = tmp_path / "chat.txt"
    head = "27/11/2026 14:03 - "
    lines = ["Ana criou o grupo", "Ana: <Mídia oculta>", "Ana: <Media omitted>", "Ana: oi: tudo?"]
    path.write_text("\n".join(head + line for line in lines), encoding="utf-8")

    assert [line.text for line in read(path)] == ["oi: tudo?"]


def test_zips_are_read_in_place(tmp_path):
    slack, whatsapp = tmp_path / "slack.zip", tmp_path / "whatsapp.zip"
    with ZipFile(slack, "w") as archive:
        for file in sample("slack").rglob("*.json"):
            archive.write(file, f"../{file.relative_to(sample('slack'))}")
    with ZipFile(whatsapp, "w") as archive:
        archive.write(sample("whatsapp"), "_chat.txt")

    assert (kind_of(slack), kind_of(whatsapp)) == ("slack", "whatsapp")
    assert read(slack) == read(sample("slack"))
    assert read(whatsapp) == read(sample("whatsapp"))
    assert {each.name for each in tmp_path.iterdir()} == {"slack.zip", "whatsapp.zip"}


def test_slack_text_is_what_people_see():
    texts = [line.text for line in read(sample("slack"))]

    assert "see the market & the park" in texts
    assert "@Elias vai se foder" in texts


def test_report_counts_as_the_verdicts_do():
    figures = json.loads(run("--sample", "jsonl", "--json"))

    assert sum(figures["outcomes"].values()) == figures["messages"] == 30
    assert figures["outcomes"]["ALLOW"] < 30
    assert sum(rule["messages"] for rule in figures["rules"]) == 30 - figures["outcomes"]["ALLOW"]
    assert sum(hour["messages"] for hour in figures["hours"]) == 30
    assert figures["evasion"]["messages"] >= 3
    assert figures["queue"]["cases"] == figures["outcomes"]["HOLD"] + figures["outcomes"]["FLAG"]
    assert figures["sent"]["texts"] == 30 - figures["outcomes"]["BLOCK"]
    assert figures["costs"]["openai"] == 0
    # 30 texts without what is blocked before, each a record of at most 1,000 characters.
    assert figures["costs"]["azure"] == pytest.approx(figures["sent"]["records"] * 0.75 / 1000)
    assert figures["costs"]["openai_compatible"] > 0


@pytest.mark.parametrize(("language", "price"), [("pt-br", "US$ 0,75"), ("en", "US$ 0.75")])
def test_page_writes_prices_as_its_language_does(tmp_path, language, price):
    page = tmp_path / "report.html"

    run("--sample", "jsonl", "--html", page, "--language", language)

    assert price in page.read_text(encoding="utf-8")


@pytest.mark.proves("S65")
@pytest.mark.parametrize("language", ["pt-br", "en"])
def test_page_of_a_hostile_export_is_inert(tmp_path, language):
    attacks = [
        "<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", "'\"><svg onload=a>",
        "</style><style>body{display:none}", "\u202egnp.exe", "{{7*7}}%s%(x)s{0}",
    ]  # fmt: skip
    path, page = tmp_path / "<b>chat.jsonl", tmp_path / "report.html"
    path.write_text(
        "\n".join(json.dumps({"author": each, "text": f"{each} {OFFENCE}"}) for each in attacks)
    )

    run(path, "--html", page, "--language", language)
    html = page.read_text(encoding="utf-8")

    tags = set(re.findall(r"<([a-zA-Z]+)", html))
    assert tags <= {
        "html", "head", "meta", "title", "style", "body", "h", "p", "section", "svg", "rect",
        "text", "table", "thead", "tbody", "tr", "th", "td", "b", "bdi",
    }  # fmt: skip
    assert not re.search(r"<[^>]+\s(?:on\w+|style|href|src)\s*=", html)
    assert 'http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;' in html
    assert "\u202e" not in html
    assert f'<html lang="{language}">' in html
    assert "&lt;script&gt;" in html


@pytest.mark.proves("S65")
def test_broken_entries_are_counted_and_skipped(tmp_path):
    path = tmp_path / "chat.jsonl"
    deep = "[" * 100_000
    bad = ["{", "[]", "1", '{"text": 3}', '{"author": "x"}', deep, '{"text": "\\ud800"}']
    late = '{"text": "oi", "at": 1e999}'
    path.write_bytes("\n".join([*bad, late]).encode() + b'\n{"text": "\xff"}\n')

    figures = json.loads(run(path, "--json", "--html", tmp_path / "report.html"))

    assert (figures["messages"], figures["skipped"]) == (3, 6)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.zip", b"PK nothing"), ("a.json", b'{"messages": 3}'), ("a.txt", b"x"), ("a.csv", b"x")],
)
def test_what_is_no_export_is_refused_with_a_sentence(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(CommandError):
        run(path)
    with pytest.raises(CommandError):
        run(tmp_path / "missing.txt")


def test_anonymous_report_names_nobody_and_quotes_nothing(tmp_path):
    page = tmp_path / "report.html"

    written = run("--sample", "jsonl", "--json", "--anonymous", "--html", page)

    for text in (written, page.read_text(encoding="utf-8")):
        assert not any(name in text for name in ("Ana", "Caio", "Elias"))
        assert "idiota," not in text
        assert "cala a boca" not in text
