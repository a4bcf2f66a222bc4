"""Refuses passwords that an attacker guesses early.

zxcvbn estimates how many guesses a password takes. It knows 30,000 passwords of published leaks,
English words and names, keyboard rows, dates, repetitions, and letters written as digits. This
module adds `frequent_words.txt`, words and names of Portuguese passwords, and the context: the
account's name and e-mail address, the host's name and words of this site. Nothing leaves the
server.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Ten random characters take 10^10 guesses. zxcvbn calls 10^8 "safely unguessable", which two words
# of the context and two digits reach.
MIN_GUESSES_LOG10 = 9
MAX_CHECKED = 40  # characters: the estimate takes quadratic time, and more only adds to it
# Characters that stand for letters. zxcvbn tries every combination: seconds for more than this.
MAX_SUBSTITUTED = 4
MAX_SEPARATORS = 2  # different signs between words
LETTERS = str.maketrans("4@8({[<3691!|0$5+7%2", "aabccccegbiiiosstlxz")

_SIGNS = re.compile(r"[\W_]")

# Words of every installation. Names of rooms are chosen by users; these are the frequent ones.
SITE = (
    "chat", "moderado", "moderada", "moderador", "moderadora", "moderacao", "moderation",
    "moderator", "mensagem", "mensagens", "message", "conversa", "conversas", "sala", "salas",
    "room", "rooms", "geral", "general", "aberta", "privada", "publica", "canal", "grupo",
)  # fmt: skip

Ranks = Mapping[str, int]


class GuessableValidator:
    """One of AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if the password takes fewer than 10^9 guesses."""
        if guesses_log10(password, context=_context(user)) < MIN_GUESSES_LOG10:
            raise ValidationError(
                _("This password is easy to guess. Add words that have nothing in common."),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return _("Your password must not be easy to guess.")


def guesses_log10(password: str, *, context: Iterator[str]) -> float:
    """Estimate the guesses that `password` takes, as a power of ten.

    Args:
        context: Words that an attacker tries first, in lower case.
    """
    # Imported on first use: its lists take memory that only processes with accounts need.
    from zxcvbn import matching, scoring  # noqa: PLC0415

    folded = _folded(password)[:MAX_CHECKED]
    # Not `zxcvbn()`, which keeps the context in a global that threads share.
    ranks: dict[str, Ranks] = {
        **matching.RANKED_DICTIONARIES,
        "portuguese": _portuguese(),
        "context": {word: rank for rank, word in enumerate(dict.fromkeys(context), 1)},
    }
    if len(set(map(ord, folded)) & LETTERS.keys()) <= MAX_SUBSTITUTED:
        attempts = [(folded, matching.omnimatch(folded, ranks))]
    else:
        plain = folded.translate(LETTERS)
        quick = (
            matching.dictionary_match,
            matching.reverse_dictionary_match,
            matching.spatial_match,
            matching.sequence_match,
            matching.regex_match,
            matching.date_match,
        )
        found = [found for match in quick for found in match(folded, _ranked_dictionaries=ranks)]
        attempts = [(folded, found), (plain, matching.omnimatch(plain, ranks))]
    if joined := _without_separators(folded):
        attempts.append((joined, matching.omnimatch(joined, ranks)))
    return min(
        float(scoring.most_guessable_match_sequence(text, matches)["guesses_log10"])
        for text, matches in attempts
    )


def _without_separators(folded: str) -> str:
    """Return the words of a password without the signs between them, or an empty text.

    zxcvbn takes the signs for random characters. They are, if there are more than two different.
    """
    signs = _SIGNS.findall(folded)
    joined = _SIGNS.sub("", folded)
    is_plain = len(set(map(ord, joined)) & LETTERS.keys()) <= MAX_SUBSTITUTED
    return joined if 0 < len(set(signs)) <= MAX_SEPARATORS and is_plain else ""


def _context(user: Any) -> Iterator[str]:
    """Yield the words of the account and the site, and parts of them."""
    for text in (getattr(user, "name", ""), getattr(user, "email", ""), *settings.ALLOWED_HOSTS):
        yield from _parts(_folded(text or "").lower())
    yield from SITE


def _parts(text: str) -> Iterator[str]:
    words = [word for word in re.split(r"[^a-z0-9]+", text) if len(word) > 2]  # noqa: PLR2004
    local, _at, domain = text.partition("@")
    yield from filter(None, (text, "".join(words), local, domain, *words, "".join(words[::-1])))


def _folded(text: str) -> str:
    """Return `text` without accents: `José` is guessed with `Jose`."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def _portuguese() -> Ranks:
    words = Path(__file__).with_name("frequent_words.txt").read_text(encoding="utf-8").split()
    return {_folded(word): rank for rank, word in enumerate(dict.fromkeys(words), 1)}
