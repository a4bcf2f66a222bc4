"""Texts that can be found again wherever they turn up."""

from uuid import uuid4


def a_text(number: int = 0, *, outcome: str = "") -> str:
    """A unique text; with an outcome (BLOCK, HOLD, FLAG), one that the judge gives that verdict."""
    return f"mensagem {number} canary{uuid4().hex[:16]} {outcome}".strip()
