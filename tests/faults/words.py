"""Texts that can be recognized wherever they appear."""

from uuid import uuid4


def a_text(number: int = 0, *, outcome: str = "") -> str:
    """Return a unique text; with an outcome (BLOCK, HOLD, FLAG), one with that verdict."""
    return f"mensagem {number} canary{uuid4().hex[:16]} {outcome}".strip()
