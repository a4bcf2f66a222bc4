"""Texts that can be recognized wherever they appear."""

import re
from uuid import uuid4

CANARY = re.compile(r"canary[0-9a-f]{16}")

# Words in which a local provider finds something, and its verdict.
LISTED = {"LISTED": "BLOCK", "DOUBTED": "HOLD"}
OUTCOMES = {"BLOCK": "BLOCK", "HOLD": "HOLD", "FLAG": "FLAG", **LISTED}


def a_text(number: int = 0, *, outcome: str = "") -> str:
    """Return a unique text; with a word of `OUTCOMES`, one with that verdict."""
    return f"mensagem {number} canary{uuid4().hex[:16]} {outcome}".strip()
