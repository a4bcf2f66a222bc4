"""From text to words, and from a word to the numbers of its features.

Everything here is part of the file format (`docs/classifier.md`): a change needs new weights.
"""

import re
import unicodedata
from zlib import crc32

BUCKETS = 65_536
SHORTEST, LONGEST = 2, 5  # characters of an n-gram, the borders of the word included
# A longer word counts as its beginning. This bounds the cost of a hostile text.
MAX_WORD_LENGTH = 40
# Added to the number of features of a text: one or two words alone are little evidence.
SHORT_TEXT_FEATURES = 80

# Addresses say nothing about abuse, and are the places of opaque ids.
_ADDRESSES = re.compile(r"@\w+|https?://\S+|www\.\S+")
_EMAILS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# What is not written to be read: keys, digests, tokens. Words of such random letters may add up.
_SHORTEST_CODE = 16  # characters
_CODES = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{16,}")
_HAS_DIGIT, _HAS_LETTER = re.compile("[0-9]"), re.compile("[A-Za-z]")
_CAPITAL = re.compile("[A-Z]")
# Copper, and codes such as "CU" in a text that is not in capitals.
_SYMBOLS = re.compile(r"\b(?:Cu|CU)\b")
_MARKS = re.compile("[\u0300-\u036f]")
_WORDS = re.compile(r"\w+|[^\w\s]")
_REPEATED = re.compile(r"(.)(?=\1\1)")
_NUMBERS = "1234"  # longer numbers have the features of this one


def words_of(text: str) -> list[str]:
    """Return the words and the signs of a text in order: lower case, without accents."""
    if "@" in text:
        text = _EMAILS.sub(" ", text)
    return _WORDS.findall(normalize(_without_codes(_ADDRESSES.sub(" ", text))))


def _without_codes(text: str) -> str:
    """Return the text without tokens that are not written to be read."""
    if len(text) >= _SHORTEST_CODE and _CODES.search(text):
        text = _CODES.sub(lambda found: " " if _is_code(found[0]) else found[0], text)
    if "Cu" in text or ("CU" in text and not text.isupper()):
        text = _SYMBOLS.sub(" ", text)
    return text


def _is_code(token: str) -> bool:
    """Tell whether a long token has digits beside letters, or capitals all over."""
    if _HAS_DIGIT.search(token):
        return _HAS_LETTER.search(token) is not None
    capitals = len(_CAPITAL.findall(token))
    return len(token) <= 3 * capitals <= 2 * len(token)


def normalize(text: str) -> str:
    """Return a text in lower case and compatibility form, without accents."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return _MARKS.sub("", unicodedata.normalize("NFKD", lowered))


def representative(word: str) -> str:
    """Return one word for all that have the same features: numbers of equal length."""
    if not word.isdecimal():
        return word
    return _NUMBERS[: len(_shortened(word))]


def features_of(word: str) -> list[int]:
    """Return the buckets of a word's distinct n-grams and of the whole word.

    A character repeated more than twice counts twice; a number counts by its length.
    """
    written = _shortened(word)
    if written.isdecimal():
        written = "0" * min(len(written), len(_NUMBERS))
    bordered = f"<{written}>"
    grams = {
        bordered[start : start + length]
        for length in range(SHORTEST, LONGEST + 1)
        for start in range(len(bordered) - length + 1)
    }
    grams.add(bordered)
    return [crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS for gram in sorted(grams)]


def _shortened(word: str) -> str:
    return _REPEATED.sub("", word[:MAX_WORD_LENGTH])
