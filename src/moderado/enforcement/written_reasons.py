"""What moderators write about a decision: the reason, a code or a few words, and notes."""

from moderado.core.text import clean, clean_line

REASON_LENGTH = 64  # characters
NOTE_LENGTH = 2_000  # characters


def clean_reason(text: str) -> str:
    """Return a reason on one line of visible characters.

    Raises:
        Invalid: It is empty, or longer than `REASON_LENGTH`.
    """
    return clean_line(text, max_length=REASON_LENGTH, field="reason")


def clean_note(text: str, *, field: str = "public_note") -> str:
    """Return a note in NFC and trimmed; empty if there is none.

    Args:
        text: The note.
        field: The field that errors name.

    Raises:
        Invalid: It is longer than `NOTE_LENGTH`, or nothing in it is visible.
    """
    return clean(text, max_length=NOTE_LENGTH, field=field) if text.strip() else ""
