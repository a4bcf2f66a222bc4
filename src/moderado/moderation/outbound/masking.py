"""Masks personal data before a text leaves this server.

Each value becomes a token of its kind, `[CPF_1]`, and the same value the same token, so that a
judge still recognizes a text that publishes data of another person. Local rules read the text as
it is.

Sources: CPF and CNPJ by their check digits (the alphanumeric CNPJ of IN RFB 2.229/2024 included),
telephone numbers by the numbering plans of libphonenumber, cards by Luhn's digit, random PIX keys
as UUIDs.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

import phonenumbers
from validate_docbr import CNPJ, CPF

from moderado.core.characters import without_invisible

REGION = "BR"  # of telephone numbers without a country code

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\s?(?:@|\[at\]|\(at\))\s?[\w-]+(?:\.[\w-]+)+")
_CPF = re.compile(r"(?<![\w])\d{3}[.\s]?\d{3}[.\s]?\d{3}[-./\s]?\d{2}(?![\w])")
_CNPJ = re.compile(
    r"(?i)(?<![\w])[A-Z0-9]{2}[.\s]?[A-Z0-9]{3}[.\s]?[A-Z0-9]{3}[/\s]?[A-Z0-9]{4}[-\s]?\d{2}(?![\w])",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w])\d(?:[ .-]?\d){12,18}(?![\w])")
_CEP = re.compile(r"(?<![\w.-])\d{2}\.?\d{3}-\d{3}(?![\w-])|(?<=cep )\d{8}\b|(?<=cep: )\d{8}\b")
_UUID = re.compile(r"(?i)(?<![\w-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]")

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]
_LUHN_DOUBLED_MAX = 9
_NATIONAL_DIGITS = 11  # of a Brazilian number without the country code 55


def masked(text: str) -> str:
    """Return `text` with personal data replaced by tokens.

    Invisible characters are removed and digits of other scripts read as such: neither hides data.
    """
    plain = "".join(map(_digit, without_invisible(text)))
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for kind, find in _KINDS:
        parts, at = [], 0
        for start, end in find(plain):
            if start < at:
                continue
            value = f"{kind}:{_key(plain[start:end], kind)}"
            if value not in names:
                numbers[kind] = numbers.get(kind, 0) + 1
                names[value] = f"[{kind}_{numbers[kind]}]"
            parts += [plain[at:start], names[value]]
            at = end
        plain = "".join([*parts, plain[at:]])
    return plain


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _key(value: str, kind: str) -> str:
    """Return what two spellings of one value have in common."""
    key = _NOT_ALPHANUMERIC.sub("", value).casefold()
    return key.removeprefix("55") if kind == "PHONE" and len(key) > _NATIONAL_DIGITS else key


def _found(
    pattern: re.Pattern[str], check: Callable[[str], bool]
) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        return (match.span() for match in pattern.finditer(text) if check(match.group()))

    return find


def _phones(text: str) -> Iterator[Span]:
    for match in phonenumbers.PhoneNumberMatcher(text, REGION):
        yield match.start, match.end


def _always(_value: str) -> bool:
    return True


def _is_cpf(value: str) -> bool:
    return bool(_cpf().validate(_NOT_ALPHANUMERIC.sub("", value)))


def _is_cnpj(value: str) -> bool:
    return bool(_cnpj().validate(_NOT_ALPHANUMERIC.sub("", value).upper()))


def _is_card(value: str) -> bool:
    """Check Luhn's digit (ISO/IEC 7812)."""
    total = 0
    for at, digit in enumerate(int(each) for each in reversed(value) if each.isdigit()):
        doubled = digit * 2 if at % 2 else digit
        total += doubled - _LUHN_DOUBLED_MAX if doubled > _LUHN_DOUBLED_MAX else doubled
    return total % 10 == 0


@cache
def _cpf() -> CPF:
    return CPF()


@cache
def _cnpj() -> CNPJ:
    return CNPJ()


# In this order: what is certain first, so that its digits are not read as something else.
_KINDS: tuple[tuple[str, Finder], ...] = (
    ("EMAIL", _found(_EMAIL, _always)),
    ("PIX", _found(_UUID, _always)),
    ("CNPJ", _found(_CNPJ, _is_cnpj)),
    ("CPF", _found(_CPF, _is_cpf)),
    ("CARD", _found(_CARD, _is_card)),
    ("PHONE", _phones),
    ("CEP", _found(_CEP, _always)),
)
