"""`moderado up` restarts what dies and keeps the rest running."""

import json
import os
import signal
import socket
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.test_make_up import SECONDS_TO_STOP, free_port, up
from tests.processes import is_running, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(240)]

PROGRAMS = {
    "PostgreSQL": "/postgres -D ",
    "Valkey": "valkey-server ",
    "web": " -m gunicorn ",
    "worker": "moderado.config.celery worker",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("restarts") / "home"


@pytest.fixture(scope="module")
def copy(home):
    with up(home, free_port()) as running:
        yield running


@pytest.fixture
def alice(copy):
    """A client of Alice, signed in to a server that is ready."""
    wait_until(lambda: is_ready(copy), what="ready")
    with copy.signed_in() as client:
        yield client


@pytest.fixture
def room(alice):
    return alice.post("/api/chat/rooms/", json={"name": "Sala"}).json()["id"]


def is_ready(copy):
    try:
        return httpx.get(f"{copy.url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def running(copy):
    """Return the process id of each program: the first one that the instance started."""
    found = {}
    for pid in copy.family()[1:]:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        for name, part in PROGRAMS.items():
            if part in command:
                found.setdefault(name, pid)
    return found


def beats(copy):
    """Return the process ids of beat."""
    names = {pid: Path(f"/proc/{pid}/comm") for pid in copy.family()}
    return [pid for pid, name in names.items() if name.exists() and name.read_text() == "beat\n"]


@contextmanager
def killed(copy, name, with_signal=signal.SIGKILL):
    """End a program; in the block, all others keep running. It is restarted afterwards."""
    before, since = running(copy), len(copy.events)
    assert before.keys() == PROGRAMS.keys()
    os.kill(before[name], with_signal)
    yield lambda event: [
        each
        for each in copy.events[since:]
        if each["event"] == event and each.get("process") == name
    ]
    wait_until(lambda: running(copy).get(name, before[name]) != before[name], what="restarted")
    after = running(copy)
    assert {each for each in PROGRAMS if after[each] != before[each]} == {name}


@contextmanager
def port_taken(url):
    """Take the port of a server that has just been killed."""
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: takes(thief, url), what="the port is free")
        yield


def takes(thief, url):
    try:
        thief.bind(("127.0.0.1", urlsplit(url).port))
        thief.listen()
    except OSError:
        return False
    return True


def post(client, room, text):
    return client.post(f"/api/chat/rooms/{room}/messages/", json={"content": text})


def wait_until_approved(client, room, message):
    def is_approved():
        answer = client.get(f"/api/chat/rooms/{room}/messages/")
        found = answer.json()["results"] if answer.is_success else []
        return any(each["id"] == message and each["status"] == "APPROVED" for each in found)

    wait_until(is_approved, what="judged")


@pytest.mark.proves("R65")
def test_dead_valkey_is_restarted_and_sends_are_confirmed_meanwhile(copy, home, alice, room):
    url = json.loads((home / "running.json").read_text())["redis_url"]
    with killed(copy, "Valkey") as reported:
        with port_taken(url):
            wait_until(lambda: len(reported("standalone_process_ended")) > 1, what="tried again")
            answer = post(alice, room, "Olá")
            assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
        wait_until(lambda: reported("standalone_process_back"), what="it is back")

    first, second, *_ = reported("standalone_process_ended")
    assert first["what"] == "was killed by SIGKILL"
    assert "Address already in use" in second["cause"]
    assert second["restart_in"] > first["restart_in"]
    wait_until_approved(alice, room, answer.json()["id"])


@pytest.mark.proves("R65")
def test_dead_postgres_is_restarted_and_sends_are_refused_meanwhile(copy, home, alice, room):
    kept = post(alice, room, "Antes").json()["id"]
    configuration = home / "pg" / "postgresql.auto.conf"
    sound = configuration.read_text()
    configuration.write_text(f"{sound}\nno_such_setting = 1\n")
    with killed(copy, "PostgreSQL") as reported:
        try:
            wait_until(lambda: len(reported("standalone_process_ended")) > 1, what="tried again")
            refused = post(alice, room, "Durante")
        finally:
            configuration.write_text(sound)
        wait_until(lambda: reported("standalone_process_back"), what="it is back")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "configuration file" in reported("standalone_process_ended")[1]["cause"]
    wait_until(lambda: is_ready(copy), what="ready")
    wait_until_approved(alice, room, kept)
    wait_until_approved(alice, room, post(alice, room, "Depois").json()["id"])


@pytest.mark.proves("R65")
@pytest.mark.parametrize("name", ["web", "worker"])
def test_dead_process_is_restarted_alone(copy, alice, room, name):
    with killed(copy, name) as reported:
        wait_until(lambda: reported("standalone_process_ended"), what="its end is reported")

    assert reported("standalone_process_ended")[0]["what"] == "was killed by SIGKILL"
    wait_until(lambda: is_ready(copy), what="ready")
    wait_until_approved(alice, room, post(alice, room, "Olá").json()["id"])


@pytest.mark.proves("R65")
@pytest.mark.parametrize("name", PROGRAMS)
def test_process_that_is_asked_to_end_is_restarted_alone(copy, alice, room, name):
    with killed(copy, name, signal.SIGTERM) as reported:
        wait_until(lambda: reported("standalone_process_ended"), what="its end is reported")

    wait_until(lambda: is_ready(copy), what="ready")
    wait_until_approved(alice, room, post(alice, room, "Olá").json()["id"])


@pytest.mark.proves("R65")
def test_dead_beat_is_restarted_alone(copy, alice):
    wait_until(lambda: beats(copy), what="beat runs")
    (beat,), before, since = beats(copy), running(copy), len(copy.events)

    os.kill(beat, signal.SIGKILL)

    wait_until(lambda: len(beats(copy)) == 1 and beats(copy) != [beat], what="another beat")
    assert running(copy) == before
    ends = [each for each in copy.events[since:] if "beat_ended" in json.dumps(each)]
    assert len(ends) == 1, copy.events[since:]
    assert "-9" in json.dumps(ends)


@pytest.mark.proves("R65")
def test_interrupt_during_a_restart_stops_everything(tmp_path):
    with up(tmp_path, free_port()) as copy:
        url = json.loads((tmp_path / "running.json").read_text())["redis_url"]
        everything = copy.family()
        os.kill(running(copy)["Valkey"], signal.SIGKILL)
        with port_taken(url):
            wait_until(
                lambda: any(e["event"] == "standalone_process_ended" for e in copy.events),
                what="its end is reported",
            )
            copy.process.send_signal(signal.SIGINT)
            assert copy.process.wait(timeout=SECONDS_TO_STOP) == 0
        assert not [pid for pid in everything if is_running(pid)]
