"""The limits of a connection fit together, and the documents state the same ones."""

from pathlib import Path

import pytest

from moderado.core import wire_limits as limits
from moderado.realtime.rooms import send_batcher

ROOT = Path(__file__).resolve().parents[3]
KIB = limits.KIB
OUTBOX = f"{limits.MAX_OUTBOX_FRAMES}, and {limits.MAX_OUTBOX_BYTES // KIB // KIB} MiB"

CONTROL = f"{limits.CONTROL_FRAMES_BURST}, then {limits.CONTROL_FRAMES_PER_SECOND} a second"


def test_published_batch_fits_into_empty_outbox():
    assert limits.MAX_BATCH_LINES <= limits.MAX_OUTBOX_FRAMES
    assert limits.MAX_BATCH_BYTES <= limits.MAX_OUTBOX_BYTES


def test_stored_batch_fits_into_empty_outbox():
    """A client held back while it catches up receives a whole commit at once."""
    assert send_batcher.BATCH_MAX <= limits.MAX_OUTBOX_FRAMES


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("docs/protocol.md", f"| request body | {limits.MAX_BODY_BYTES // KIB} KiB for messages"),
        ("docs/protocol.md", f"| `client_id` | 1 to {limits.MAX_CLIENT_ID} characters |"),
        ("docs/protocol.md", f"| rooms of a socket | {limits.MAX_ROOMS} |"),
        ("docs/protocol.md", f"| `pending` of a `sync` | {limits.MAX_PENDING_IDS} ids |"),
        ("docs/protocol.md", f"| frames that wait for a slow client | {OUTBOX} |"),
        ("docs/protocol.md", f"| control frames and fragments of a socket | {CONTROL} |"),
        ("docs/protocol.md", f"text message of at most {limits.MAX_FRAME_BYTES // KIB} KiB"),
        ("docs/protocol.md", f"up to {limits.MAX_ROOMS} rooms"),
        ("docs/protocol.md", f"within {limits.AUTHENTICATION_SECONDS} s"),
        ("SECURITY.md", f"at most {limits.MAX_FRAME_BYTES // KIB} KiB"),
        ("src/moderado/web/static/moderado/client.js", f"At most {limits.MAX_ROOMS} at a time"),
        ("deploy/development.sh", f"--ws-max-size {limits.MAX_FRAME_BYTES}"),
    ],
)
def test_document_states_limit(document, text):
    assert text in (ROOT / document).read_text()
