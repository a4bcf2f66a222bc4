"""Estimates the strength of SECRET_KEY.

An attacker who knows the key forges sessions and tokens of every account. The estimate is
conservative: runs of letters count as text, and only characters that neither repeat nor continue
a sequence count in full. Random keys of 32 hexadecimal digits or more pass.
"""

import math
import re
from itertools import pairwise

MIN_BITS = 100
BITS_PER_LETTER_OF_TEXT = 1.5  # Shannon 1951, upper bound for English
MAX_REST_OF_TEXT = 0.2  # of a key made of words, the share that is in no word

# Parts of examples and placeholders. A random key contains none of them by chance.
EXAMPLES = (
    "changeme", "changethis", "chavesecreta", "deadbeef", "djangoinsecure", "example", "exemplo",
    "fordevelopment", "insecure", "mudeesta", "mudeme", "mysecret", "placeholder", "replaceme",
    "secretkey", "segredo", "troqueesta", "troqueme", "yourkey", "yoursecret",
)  # fmt: skip
# Keys that this repository contains. Tools use them; a process that serves refuses them.
PUBLISHED = frozenset({
    "for-tools-that-start-no-engine-and-never-serve-anything-to-anybody",
    "for-containers-on-the-machine-of-one-developer-and-known-to-everybody",
    "for-a-check-that-starts-no-engine-and-never-serves-anything-to-anybody",
})  # fmt: skip
KEYBOARD = "1234567890 qwertyuiop asdfghjkl zxcvbnm"

_TEXT = re.compile("[A-Z]?[a-z]{3,}|[A-Z]{4,}")


def weakness(key: str) -> str | None:
    """Return why `key` can be guessed, or None. The answer does not quote the key."""
    letters = re.sub("[^a-z]", "", key.casefold())
    if any(example in letters for example in EXAMPLES):
        return "it resembles an example or a placeholder"
    if _bits(key) < MIN_BITS:
        return "it is too regular: repeated characters, sequences or words"
    return None


def _bits(key: str) -> float:
    """Estimate the entropy of `key` in bits."""
    digits = re.sub("[-_:. ]", "", key)
    if re.fullmatch("[0-9a-f]+|[0-9A-F]+", digits):
        return 0 if _counts(digits) else min(4.0, 1.15 * _diversity(digits)) * _fresh(digits)
    text, rest = _TEXT.findall(key), _TEXT.sub("", key)
    outside = re.sub("[^a-zA-Z0-9]", "", rest)
    if len(outside) > MAX_REST_OF_TEXT * len(key):  # letters of a random key, not words
        text, rest = [], key
    letters = sum(map(len, {run.lower() for run in text}))
    return BITS_PER_LETTER_OF_TEXT * letters + _diversity(key) * _fresh(rest)


def _diversity(text: str) -> float:
    return math.log2(max(1, len(set(text))))


def _fresh(text: str) -> int:
    """Count the characters that neither repeat an earlier part nor continue a sequence."""
    steps = [ord(right) - ord(left) for left, right in pairwise(text)]
    seen: set[str] = set()
    count = 0
    for at in range(len(text)):
        part = text[max(0, at - 2) : at + 1].lower()
        on_keyboard = len(part) > 2 and (part in KEYBOARD or part[::-1] in KEYBOARD)  # noqa: PLR2004
        continues = on_keyboard or steps[max(0, at - 2) : at] in ([0, 0], [1, 1], [-1, -1])
        count += part not in seen and not continues
        seen.add(part)
    return count


def _counts(digits: str) -> bool:
    """Whether most bytes follow each other by the same step, as in 000102…"""
    values = bytes.fromhex(digits[: len(digits) // 2 * 2])
    steps = [(right - left) % 256 for left, right in pairwise(values)]
    return bool(steps) and len(set(steps)) <= len(steps) // 2
