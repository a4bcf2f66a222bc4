"""Checks of a running composition. A failed check raises AssertionError with a message."""

import asyncio
import contextlib
import http
import re
import secrets
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import websockets
from composition import Composition, say

OURS = ("web", "worker", "beat")
HTTPS = {"X-Forwarded-Proto": "https"}
SECRETS = "/run/moderado"


def expect(condition: object, sentence: str) -> None:
    if not condition:
        raise AssertionError(sentence)


def until(condition: Callable[[], object], *, seconds: float, sentence: str) -> None:
    """Poll until the condition holds; raise AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, sentence)
        time.sleep(0.25)


def image_is_hardened(composition: Composition) -> None:
    """Check for an unprivileged user, a read-only file system, no capabilities, no build tools."""
    for service in OURS:
        uid = composition.inside(service, "id", "-u")
        expect(uid == "10001", f"{service} runs as {uid}")
        for place in ("/", "/app", "/opt/venv", "/etc"):
            expect(composition.refuses(service, "touch", f"{place}/x"), f"{place} is writable")
        status = composition.inside(service, "cat", "/proc/1/status")
        expect(re.search(r"CapEff:\s+0+$", status, re.MULTILINE), f"{service} has capabilities")
        expect(
            re.search(r"NoNewPrivs:\s+1$", status, re.MULTILINE), f"{service} may gain privileges"
        )
    expect(composition.inside("web", "which", "python"), "no python")
    for tool in ("gcc", "cc", "make", "pip", "pip3", "uv", "git"):
        expect(composition.refuses("web", "which", tool), f"{tool} is in the image")
    expect(composition.refuses("web", "python", "-m", "pip"), "pip is in the image")
    expect(composition.refuses("web", "/usr/local/bin/python3", "-m", "ensurepip"), "ensurepip")
    for service in ("nginx", "postgres", "redis"):
        expect(composition.inside(service, "id", "-u") != "0", f"{service} runs as root")
        expect(composition.refuses(service, "touch", "/x"), f"{service} has a writable root")
    say(f"image: hardened, {composition.image_megabytes()} MB with its base")


def redis_never_evicts(composition: Composition) -> None:
    """Check that Redis never evicts the queue and persists it."""
    for name, wanted in (("maxmemory-policy", "noeviction"), ("appendonly", "yes")):
        ask = f"REDISCLI_AUTH=$(cat {SECRETS}/redis/password) redis-cli CONFIG GET {name}"
        got = composition.inside("redis", "sh", "-c", ask).split()[-1]
        expect(got == wanted, f"redis: {name} is {got}")
    say("redis: noeviction, append-only file")


def nginx_limits_access(composition: Composition) -> None:
    """Check that internal paths are closed and that nginx's errors have the API's form."""
    with httpx.Client(base_url=composition.base_url) as client:
        for path in ("/metrics", "/metrics/", "/metrics?x=1", "//metrics", "/%6detrics"):
            answer = client.get(f"{composition.base_url}{path}", follow_redirects=True)
            expect("python_info" not in answer.text, f"{path} shows metrics")
            expect(answer.status_code == http.HTTPStatus.NOT_FOUND, f"{path}: {answer.status_code}")
        big = client.post("/api/auth/login/", content=b"x" * 2_000_000)
        expect(
            big.status_code == http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "a body of 2 MB was accepted",
        )
        expect(big.json()["code"] == "too_large", "413 has another form")
        foreign = client.get("/", headers={"Host": "evil.example"})
        expect(foreign.status_code == http.HTTPStatus.BAD_REQUEST, "a foreign Host was answered")
        ready = client.get("/readyz")
        expect(ready.status_code == http.HTTPStatus.OK, f"/readyz: {ready.status_code}")
    say("nginx: /metrics closed, large bodies and foreign hosts refused")


def metrics_are_internal(composition: Composition) -> None:
    """Check that the composition's network can read the metrics of web and worker."""
    for address in ("http://web:8000/metrics", "http://worker:9100/metrics"):
        read = f"import urllib.request as r; print(r.urlopen('{address}').read().decode())"
        text = composition.inside("beat", "python", "-c", read)
        expect("# TYPE moderado_" in text, f"{address} has no metrics of the server")
    say("metrics: readable from the internal network")


def static_files_are_served(composition: Composition) -> None:
    """Check that a static file of the admin is compressed and revalidated."""
    with httpx.Client(base_url=composition.base_url, follow_redirects=True) as client:
        page = client.get("/admin/login/").text
        paths = re.findall(r"/static/[^\"' ]+\.(?:css|js)", page)
        expect(paths, "the page names no static file")
        answer = client.get(paths[0], headers={"Accept-Encoding": "gzip"})
        expect(answer.status_code == http.HTTPStatus.OK, f"{paths[0]}: {answer.status_code}")
        expect(answer.headers.get("content-encoding") == "gzip", "it is not compressed")
        known = {"If-Modified-Since": answer.headers["last-modified"]}
        revalidated = client.get(paths[0], headers=known)
        expect(revalidated.status_code == http.HTTPStatus.NOT_MODIFIED, "it is not revalidated")
    say(f"static: {paths[0]} served")


def logs_keep_secrets(composition: Composition) -> None:
    """Check that no log contains a token or a search."""
    canary = f"canary{secrets.token_hex(8)}"
    address = (
        composition.base_url.replace("http", "ws", 1) + f"/ws/chat/?token={canary}&ticket={canary}"
    )

    async def connect() -> None:
        async with websockets.connect(address) as sock:
            async for _ in sock:
                pass

    with contextlib.suppress(websockets.WebSocketException):
        asyncio.run(connect())
    httpx.get(f"{composition.base_url}/api/chat/rooms/", params={"search": canary})
    expect('"path":"/ws/chat/"' in composition.logs("nginx"), "nginx has not logged the socket")
    expect(canary not in composition.logs(), "a log contains a token")
    say("logs: no token, no query string")


def closes_with_1012(composition: Composition, *, after: Callable[[], None], what: str) -> None:
    """Check that an open socket closes with 1012 (service restart) through nginx.

    Args:
        after: What ends the socket, for example a stop.
        what: Its name in messages.
    """

    async def watch() -> int:
        async with httpx.AsyncClient(base_url=composition.base_url) as client:
            address = await _url_of_a_new_room(client)
        async with websockets.connect(address) as sock:
            await sock.recv()
            acting = asyncio.create_task(asyncio.to_thread(after))
            with contextlib.suppress(websockets.ConnectionClosed):
                async with asyncio.timeout(90):
                    async for _ in sock:
                        pass
            await acting
            return sock.close_code or 0

    code = asyncio.run(watch())
    expect(code == 1012, f"{what} closed the socket with {code}")  # noqa: PLR2004
    say(f"{what}: sockets are closed with 1012")


async def _url_of_a_new_room(client: httpx.AsyncClient) -> str:
    name = f"compose-{secrets.token_hex(4)}"
    account = {"email": f"{name}@example.org", "name": name, "password": secrets.token_urlsafe(16)}
    registered = await client.post("/api/auth/register/", json=account, headers=HTTPS)
    access = registered.raise_for_status().json()["tokens"]["access"]
    bearer = HTTPS | {"Authorization": f"Bearer {access}"}
    room = await client.post("/api/chat/rooms/", json={"name": name}, headers=bearer)
    host = urlsplit(str(client.base_url)).netloc
    return f"ws://{host}/ws/chat/{room.raise_for_status().json()['id']}/?token={access}"


def starts_with_nothing_set(composition: Composition) -> None:
    """Start as the first lines of the Compose file say, and wait until it serves."""
    began = time.monotonic()
    composition.run("up", "--build", "-d")

    def is_ready() -> bool:
        try:
            answer = httpx.get(f"{composition.base_url}/readyz", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.status_code == http.HTTPStatus.OK

    until(is_ready, seconds=240, sentence="it does not become ready")
    say(f"nothing set: ready after {time.monotonic() - began:.0f} s")
    composition.run("up", "-d", "--wait", "--wait-timeout", "240")


def signs_in_on_the_page(composition: Composition) -> None:
    """Check that a browser on this machine can register and sign in over plain HTTP."""
    person = {"email": "ana@example.org", "name": "Ana", "password": secrets.token_urlsafe(16)}
    with httpx.Client(base_url=composition.base_url, follow_redirects=True) as browser:
        browser.post("/api/auth/register/", json=person).raise_for_status()
        page = browser.get("/sign-in/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        expect(token, "the sign-in page has no form")
        form = person | {"csrfmiddlewaretoken": token[1] if token else ""}
        answer = browser.post("/sign-in/", data=form, headers={"Origin": composition.base_url})
        expect(answer.status_code == http.HTTPStatus.OK, f"sign-in: {answer.status_code}")
        expect("sessionid" in browser.cookies, "there is no session")
        expect(answer.url.path == "/", f"signed in to {answer.url}")
    expect("tls_missing" in composition.logs("web"), "the log does not say that TLS is missing")
    say("sign-in on the page over plain HTTP: passed; the log says tls_missing")


def one_image_is_built(composition: Composition) -> None:
    """Check that all services of the server run the image that one service builds."""
    built = re.findall(r"^    build:", composition.run("config"), re.MULTILINE)
    expect(len(built) == 1, f"{len(built)} services are built")
    used = {
        composition.inside(service, "sha256sum", "/app/src/moderado/config/env.py")
        for service in OURS
    }
    expect(len(used) == 1, "the services run different code")
    say("one image, built once")


ALTERS = """
import psycopg
for path in ("server/database_url",):
    url = open(f"/run/moderado/{path}").read()
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute("ALTER TABLE moderation_moderationlog DISABLE TRIGGER ALL")
        except psycopg.errors.InsufficientPrivilege:
            print("refused")
"""


def secrets_are_separate(composition: Composition) -> None:
    """Check that each service reads its own secrets only, and that no log holds one."""
    found = {
        name: composition.inside("postgres", "cat", f"{SECRETS}/owner/{name}")
        for name in ("postgres_password",)
    }
    found["redis"] = composition.inside("redis", "cat", f"{SECRETS}/redis/password")
    found["key"] = composition.inside("web", "cat", f"{SECRETS}/server/secret_key")
    expect(len(set(found.values())) == len(found), "two secrets are the same")
    expect(all(len(value) >= 48 for value in found.values()), "a secret is short")  # noqa: PLR2004
    logs = composition.logs()
    expect(not any(value in logs for value in found.values()), "a log contains a secret")
    for service in OURS:
        for place in ("owner", "redis", "kept"):
            expect(composition.refuses(service, "ls", f"{SECRETS}/{place}"), f"{service}: {place}")
        expect(found["postgres_password"] not in composition.inside(service, "env"), service)
    for service, place in (("postgres", "server"), ("redis", "server"), ("redis", "owner")):
        expect(composition.refuses(service, "ls", f"{SECRETS}/{place}"), f"{service}: {place}")
    expect(composition.refuses("postgres", "cat", f"{SECRETS}/owner/database_owner_url"), "modes")
    refused = composition.inside("web", "python", "-c", ALTERS)
    expect(refused == "refused", "the server's role can switch the triggers of the log off")
    say("secrets: generated, separate, in no log; the server's role cannot alter the log")


def other_hosts_need_https(composition: Composition) -> None:
    """Check that a host that is not the loopback is redirected to HTTPS, behind a trusted proxy."""
    address = f"{composition.base_url}/admin/login/"
    other = {"Host": "chat.example.org"}
    plain = httpx.get(address, headers=other)
    expect(plain.is_redirect, f"plain HTTP: {plain.status_code}")
    expect(plain.headers["location"].startswith("https://chat."), "redirected to no https")
    secure = httpx.get(address, headers=other | HTTPS)
    expect(secure.status_code == http.HTTPStatus.OK, f"https: {secure.status_code}")
    expect("strict-transport-security" in secure.headers, "no HSTS")
    cookies = secure.headers.get_list("set-cookie")
    expect(cookies and all("__Host-" in cookie for cookie in cookies), f"cookies: {cookies}")
    expect(all("Secure" in cookie for cookie in cookies), "a cookie without Secure")
    expect(httpx.get(address).status_code == http.HTTPStatus.OK, "localhost is redirected")
    say("chat.example.org: redirected to HTTPS, HSTS is on; localhost is not")


def rotated_secrets_work(composition: Composition) -> None:
    """Check that rotated passwords are in use after the next start."""
    names = ("POSTGRES_APPLICATION_PASSWORD", "REDIS_PASSWORD")
    before = composition.inside("redis", "cat", f"{SECRETS}/redis/password")
    composition.run(
        "run", "--rm", "secrets", "python", "/app/deploy/make_secrets.py", "rotate", *names
    )
    composition.run("up", "-d", "--force-recreate", "--wait", "--wait-timeout", "240")
    after = composition.inside("redis", "cat", f"{SECRETS}/redis/password")
    expect(before != after, "the password is the same")
    say("rotated secrets: everything is healthy again")


PIDS_OF_CELERY = """
import pathlib
for process in pathlib.Path("/proc").glob("[0-9]*"):
    words = process.joinpath("cmdline").read_bytes().split(b"\\0")
    if any(word.startswith(b"--app=moderado") for word in words):
        print(process.name)
"""


def restarts_after_an_edit(composition: Composition) -> None:
    """Check that web, worker and beat restart after a source file changed."""

    def celery_processes(service: str) -> set[str]:
        return set(composition.inside(service, "python", "-c", PIDS_OF_CELERY).split())

    def page_is_there() -> bool:
        try:
            return httpx.get(f"{composition.base_url}/edited/", timeout=5).text == "yes"
        except httpx.HTTPError:
            return False

    before = {service: celery_processes(service) for service in ("worker", "beat")}
    module = composition.folder / "src/moderado/config/urls.py"
    module.write_text(
        module.read_text()
        + "\nfrom django.http import HttpResponse\n"
        + 'urlpatterns.insert(0, path("edited/", lambda request: HttpResponse("yes")))\n'
    )
    began = time.monotonic()
    until(page_is_there, seconds=120, sentence="the web did not notice an edit")
    took = time.monotonic() - began
    for service, old in before.items():
        while celery_processes(service) & old:
            expect(time.monotonic() - began < 120, f"{service} did not notice an edit")  # noqa: PLR2004
            time.sleep(0.25)
    say(f"an edit is in effect after {took:.1f} s, in worker and beat too")


def debugger_answers(composition: Composition) -> None:
    """Check that debugpy listens on its port with DEBUGGER=web."""
    composition.set(DEBUGGER="web")
    composition.up("web")
    port = int(composition.variables["DEBUGGER_PORT"])

    def is_listening() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                return sock.recv(64).startswith(b"Content-Length")
        except OSError:
            return False

    until(is_listening, seconds=30, sentence="debugpy does not answer")
    say("DEBUGGER=web: debugpy answers")
