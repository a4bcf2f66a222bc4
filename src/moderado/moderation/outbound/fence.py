"""A fence around the text to judge, so that a model can tell it from its instructions.

The fence has a random name for each prompt and is made of two characters that the text then cannot
contain. Names of roles and control tokens of chat formats in the text are broken.
"""

import re
import secrets
from dataclasses import dataclass

OPEN, CLOSE = "⟦", "⟧"
_ESCAPED = str.maketrans({OPEN: "[[", CLOSE: "]]"})
# Tokens that delimit turns in the chat formats of Llama, Qwen, gpt-oss, Mistral and Gemma.
_CONTROL = re.compile(
    r"<(?=\|)|<(?=/?(?:s|start_of_turn|end_of_turn|BEGIN|END)\b)|\[(?=/?INST\])", re.IGNORECASE
)
_BREAK = "\u200b"


@dataclass(frozen=True, slots=True)
class Fenced:
    """A fenced text, and the id that the answer must repeat."""

    text: str
    id: str


def fenced(text: str) -> Fenced:
    """Return `text` between lines with a random id."""
    name = secrets.token_hex(8)
    return Fenced(f"{OPEN}{name}{CLOSE}\n{escaped(text)}\n{OPEN}/{name}{CLOSE}", name)


def escaped(text: str) -> str:
    """Return `text` without the characters of the fence and without tokens that delimit turns."""
    return _CONTROL.sub(lambda token: token.group() + _BREAK, text.translate(_ESCAPED))
