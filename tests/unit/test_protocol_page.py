"""The page for authors of clients names every frame, status, reason and code of the source."""

import re
from pathlib import Path

import pytest

from moderado.chat.types import MESSAGE_STATUSES
from moderado.core.errors import ApplicationError
from moderado.moderation.types import CloseReason, Reason
from moderado.realtime.session import commands
from moderado.realtime.wire import protocol
from moderado.realtime.wire.close_codes import CLOSE_REASONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()
REALTIME = ROOT / "src" / "moderado" / "realtime"


def first_cells(heading: str) -> list[str]:
    """Return the codes in the first column of the table under a line that begins so."""
    table = PAGE[PAGE.index(heading) :].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    return [code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])]


@pytest.mark.proves("R76")
@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("| `status` | who sees it", MESSAGE_STATUSES),
        ("| `reason` | with", Reason),
        ("| `close_reason` |", CloseReason),
    ],
)
def test_table_has_all_values(heading, values):
    assert sorted(first_cells(heading)) == sorted(values)


@pytest.mark.proves("R76")
@pytest.mark.parametrize(
    ("heading", "frames"),
    [
        ("| `type` | answer", protocol.ClientFrame.__subclasses__()),
        ("| `type` | meaning", protocol.SERVER_FRAMES),
    ],
)
def test_table_has_all_frames(heading, frames):
    assert sorted(first_cells(heading)) == sorted(f.__struct_config__.tag for f in frames)


@pytest.mark.proves("R76")
def test_table_of_refused_frames_has_all_codes_of_the_entry_point():
    assert commands.AlreadyAuthenticated.code  # its module defines errors of frames
    sources = "".join(path.read_text() for path in REALTIME.rglob("*.py"))
    refused = set(re.findall(r'BadFrame\("(\w+)"', sources))
    raised = {
        error.code
        for error in subclasses(ApplicationError)
        if error.__module__.startswith("moderado.realtime.")
    }
    closing = {reason.name for reason in CLOSE_REASONS.values()}

    shown = set(first_cells("| `code` | meaning | repeat the frame?"))
    without_error = {"too_slow", "protocol_error", "invalid_data"}  # no `error` before
    assert shown >= refused | raised | (closing - without_error)
    assert shown <= {error.code for error in subclasses(ApplicationError)} | refused | closing


def subclasses(base):
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)
