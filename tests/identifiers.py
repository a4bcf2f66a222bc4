"""Random identifiers of many kinds: pasted into messages, and not written to be read as words."""

import base64
import random
import string
import uuid
from collections.abc import Callable

_FORMS = ["AA-0000", "AAA-000-AA", "AAA000", "A0000-A", "AAAA-00", "AAA-0A0A", "00A-AA"]
Identifier = Callable[[random.Random], str]
_LETTERS, _CAPITALS, _DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
_ALPHANUMERIC = string.ascii_letters + _DIGITS
_LOWER = _LETTERS + _DIGITS
_URL = _ALPHANUMERIC + "-_"
_CODES = "BR US PT AR CU SH IT FR DE JP ES MX CO PE UY CL CA GB IN CN KR AO MZ CV TL"
_REGIONS = _CODES.split()


def _some(dice: random.Random, characters: str, least: int, most: int = 0) -> str:
    return "".join(dice.choices(characters, k=dice.randint(least, most or least)))


def _flag(region: str) -> str:
    return "".join(chr(0x1F1E6 + ord(c) - ord("A")) for c in region)


def _token(dice: random.Random, size: int) -> str:
    return base64.urlsafe_b64encode(dice.randbytes(size)).decode().rstrip("=")


def _padded(dice: random.Random, size: int) -> str:
    return base64.b64encode(dice.randbytes(size)).decode()


def _query(dice: random.Random) -> str:
    return f"https://a.example/p?id={_some(dice, _LOWER, 8, 20)}&t={_token(dice, 6)}"


def _telephone(dice: random.Random) -> str:
    return f"({_some(dice, _DIGITS, 2)}) 9{_some(dice, _DIGITS, 4)}-{_some(dice, _DIGITS, 4)}"


def _version(dice: random.Random) -> str:
    return ".".join(str(dice.randint(0, 30)) for _ in range(3)) + dice.choice(["", "-rc1", "b2"])


def _email(dice: random.Random) -> str:
    return f"{_some(dice, _LETTERS, 2, 4)}.{_some(dice, _LOWER, 2, 8)}@example.com"


def _product(dice: random.Random) -> str:
    form = dice.choice(
        ["AA-0000", "AAA-000-AA", "AAA000", "A0000-A", "AAAA-00", "AAA-0A0A", "00A-AA"]
    )
    return "".join(
        dice.choice(_CAPITALS) if c == "A" else dice.choice(_DIGITS) if c == "0" else c
        for c in form
    )


def _plate(dice: random.Random) -> str:
    letters, digit, last = _some(dice, _CAPITALS, 3), dice.choice(_DIGITS), _some(dice, _DIGITS, 2)
    middle = dice.choice(_CAPITALS + _DIGITS)
    return f"{letters}{dice.choice(['', '-', ' '])}{digit}{middle}{last}"


_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Hf Ta W Os Ir Pt Au Hg Tl"
)
_ELEMENTS = _SYMBOLS.split()


def _route(dice: random.Random) -> str:
    return "-".join(_some(dice, _CAPITALS, 3) for _ in range(dice.randint(3, 5)))


KINDS: dict[str, Identifier] = {
    "UUID": lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    "SHA-256": lambda dice: dice.randbytes(32).hex(),
    "short commit": lambda dice: dice.randbytes(4).hex()[: dice.randint(7, 8)],
    "base64": lambda dice: _padded(dice, dice.randint(9, 60)),
    "data URI": lambda dice: f"data:image/png;base64,{_padded(dice, 60)}",
    "integrity digest": lambda dice: f"sha256-{_padded(dice, 32)}",
    "JWT": lambda dice: "eyJ" + ".".join(_token(dice, size) for size in (27, 60, 32)),
    "video id": lambda dice: "https://youtu.be/" + _some(dice, _URL, 11),
    "document id": lambda dice: f"https://drive.example.com/d/{_some(dice, _URL, 33)}/edit",
    "short link": lambda dice: "https://a.example/" + _some(dice, _ALPHANUMERIC, 5, 8),
    "query": _query,
    "nanoid": lambda dice: _some(dice, _URL, 21),
    "API key": lambda dice: "sk_" + _some(dice, _ALPHANUMERIC, 24, 40),
    "e-mail": _email,
    "product code": _product,
    "plate": _plate,
    "initials": lambda dice: "".join(f"{c}." for c in _some(dice, _CAPITALS, 2, 3)),
    "spaced initials": lambda dice: (
        " ".join(f"{c}." for c in _some(dice, _CAPITALS, 2, 3)) + " Souza"
    ),
    "flags": lambda dice: "".join(map(_flag, dice.choices(_REGIONS, k=dice.randint(1, 4)))),
    "telephone": _telephone,
    "version": _version,
    "MAC address": lambda dice: ":".join(f"{dice.randint(0, 255):02x}" for _ in range(6)),
    "IPv6": lambda dice: ":".join(f"{dice.getrandbits(16):x}" for _ in range(8)),
    "colour": lambda dice: f"#{dice.getrandbits(24):06x}",
    "price": lambda dice: f"R$ {dice.randint(1, 9999)},{_some(dice, _DIGITS, 2)}",
    "numbers": lambda dice: " ".join(str(dice.randint(0, 130)) for _ in range(dice.randint(3, 8))),
    "SHA-1": lambda dice: dice.randbytes(20).hex(),
    "base32": lambda dice: base64.b32encode(dice.randbytes(20)).decode(),
    "letters": lambda dice: _some(dice, string.ascii_letters, 24, 40),
    "elements": lambda dice: ", ".join(dice.choices(_ELEMENTS, k=dice.randint(2, 6))),
    "route": _route,
    "ULID": lambda dice: _some(dice, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26),
}
