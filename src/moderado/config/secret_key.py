"""Estimates the strength of SECRET_KEY.

An attacker who knows the key forges sessions and tokens of every account. The estimate is
conservative: runs of letters count as text, and only characters that neither repeat nor continue
a sequence count in full. Random keys of 32 hexadecimal digits or more pass.
"""

import base64
import binascii
import math
import re
from hashlib import new
from itertools import pairwise

MIN_BITS = 100
BITS_PER_LETTER_OF_TEXT = 1.5  # Shannon 1951, upper bound for English
MAX_REST_OF_TEXT = 0.2  # of a key made of words, the share that is in no word

# Parts of examples and placeholders. A random key contains none of them by chance.
EXAMPLES = (
    "changeme", "changethis", "chavesecreta", "deadbeef", "djangoinsecure", "example", "exemplo",
    "fordevelopment", "insecure", "loremipsum", "mudeesta", "mudeme", "mysecret", "placeholder",
    "replaceme", "secretkey", "segredo", "troqueesta", "troqueme", "yourkey", "yoursecret",
)  # fmt: skip
# Words of which a digest is no secret.
DIGESTED = (
    "", "0", "1", "123", "1234", "12345", "123456", "a", "abc", "admin", "app", "chat", "chave",
    "dev", "django", "foo", "hello", "key", "moderado", "password", "pass", "prod", "production",
    "root", "secret", "secret_key", "senha", "test", "teste", *EXAMPLES,
)  # fmt: skip
DIGESTS = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}  # by their length
CONSTANTS = (
    "31415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253",
    "27182818284590452353602874713526624977572470936999595749669676277240766303535475945713821785",
    "14142135623730950488016887242096980785696718753769480731766797379907324784621070388503875343",
    "16180339887498948482045868343656381177203091798057628621354486227052604628189024497072072041",
)
# Keys that this repository contains. Tools use them; a process that serves refuses them.
PUBLISHED = frozenset({
    "for-tools-that-start-no-engine-and-never-serve-anything-to-anybody",
    "for-containers-on-the-machine-of-one-developer-and-known-to-everybody",
    "for-a-check-that-starts-no-engine-and-never-serves-anything-to-anybody",
})  # fmt: skip
KEYBOARD = "1234567890 qwertyuiop asdfghjkl zxcvbnm"

_LEET = str.maketrans("013457@$!", "oieastasi")
_TEXT = re.compile("[A-Z]?[a-z]{3,}|[A-Z]{4,}")


def weakness(key: str) -> str | None:
    """Return why `key` can be guessed, or None. The answer does not quote the key."""
    forms = [key, *_decoded(key)]
    if any(example in _letters(form) for form in forms for example in EXAMPLES):
        return "it resembles an example or a placeholder"
    if any(_is_known(form) for form in forms):
        return "it is a constant, or the digest of a common word"
    if any(_bits(form) < MIN_BITS for form in forms):
        return "it is too regular: repeated characters, sequences or words"
    return None


def _letters(text: str) -> str:
    """Return the letters of `text`, also those that digits and signs stand for."""
    return re.sub("[^a-z]", "", text.casefold().translate(_LEET))


def _decoded(key: str) -> list[str]:
    """Return the printable texts of which `key` is a code. Random bytes are none by chance."""
    found = []
    padded = key.rstrip("=") + "=="
    for decode, code in (
        (bytes.fromhex, key),
        (base64.b64decode, padded),
        (base64.urlsafe_b64decode, padded),
    ):
        try:
            text = decode(code).decode("ascii")
        except (ValueError, binascii.Error):
            continue
        if text.isprintable() and 2 * len(text) >= len(key):  # not only the beginning
            found.append(text)
    return found


def _is_known(key: str) -> bool:
    """Tell whether `key` has the digest of a common word, or begins with a constant."""
    digits = key.lower()
    if any(digits.replace(".", "")[:40] in constant for constant in CONSTANTS):
        return True
    return any(
        digits[at : at + length] in _digests(name)
        for length, name in DIGESTS.items()
        for at in range(0, len(digits) - length + 1, length)
    )


def _digests(name: str) -> set[str]:
    digests = (new(name, word.encode(), usedforsecurity=False) for word in DIGESTED)
    return {digest.hexdigest() for digest in digests}


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
    if not text:
        rest = re.sub(r"(.)\1", r"\1", rest, flags=re.IGNORECASE)  # aAbBcC is a sequence, too
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
