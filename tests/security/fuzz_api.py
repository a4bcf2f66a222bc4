"""`make fuzz-api`: requests generated from the OpenAPI document, valid and invalid.

The first run uses unknown ids, the second one acts as a room's administrator on existing ids. No
answer is a 5xx; each has a documented status, type, headers and shape. Variables: EXAMPLES, SEED.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.security.hostile.serving import database
from tests.security.hostile.strings import MARK

SCHEMATHESIS = Path(sysconfig.get_path("scripts")) / "schemathesis"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,"
    "allow_header_conformance,ignored_auth"
)
# These would end the session or the room during the second run.
LAST = ["DELETE /api/chat/rooms/{room_id}/", "POST /api/chat/rooms/{room_id}/leave/"]


def _prepared() -> tuple[str, dict[str, str]]:
    """Return a token of an administrator who is also staff, and existing ids."""
    from tests import factories  # noqa: PLC0415  (once there are settings)
    from tests.factories import token_of  # noqa: PLC0415

    root = factories.make_user(is_staff=True, is_superuser=True)
    room = factories.make_member(user=root, role="ADMIN").room
    other = factories.make_member(room).user
    message = factories.make_message(room, author=root, text=MARK)
    ids = {"room_id": room.id, "user_id": other.id, "message_id": message.id}
    return token_of(root), {name: str(value) for name, value in ids.items()}


def _walk(url: str, token: str, ids: Mapping[str, str], folder: Path) -> int:
    """Run schemathesis once; return its exit code."""
    config = folder / "schemathesis.toml"
    parameters = [f'"path.{name}" = {json.dumps(value)}' for name, value in ids.items()]
    config.write_text("\n".join(["[parameters]", *parameters, ""]))
    # fmt: off
    command = [
        SCHEMATHESIS, "--config-file", config, "run", f"{url}/api/schema/",
        "--header", f"Authorization: Bearer {token}", "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color",
        "--max-examples", os.environ.get("EXAMPLES", "100"),
        "--seed", os.environ.get("SEED", "1"), "--generation-database", "none",
        "--suppress-health-check", "all", "--warnings", "off",
    ]
    # fmt: on
    for name in LAST if ids else []:
        command += ["--exclude-name", name]
    return subprocess.run(command, cwd=folder, check=False).returncode


def main() -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(database())
        from tests import processes  # noqa: PLC0415  (once there are settings)

        log = folder / "log"
        url = stack.enter_context(processes.web(log))
        token, ids = _prepared()
        failed = [walk for walk in ({}, ids) if _walk(url, token, walk, folder)]
        lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if MARK in line or "Traceback" in line]
    print(*told[:20], sep="\n")
    return 1 if failed or told else 0


if __name__ == "__main__":
    sys.exit(main())
