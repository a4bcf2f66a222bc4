"""What a text looks like once its markup is rendered and its codes for characters are decoded.

Markdown, HTML tags and comments, BBCode, entities, escapes, percent-encoding, and names of emoji
letters. A message is also read as written: the two readings are judged both.
"""

import html
import re
from collections.abc import Iterator

# One of these characters is in every text that is rendered differently.
SIGNS = frozenset("<&%\\*_~|`[+=")
_ENCODED = frozenset("&%\\")
_IDNA = "xn--"  # before each label of a domain that is not in ASCII
_MOST_PASSES = 3  # "%2570" is "%70" and then "p"
_LONGEST_TAG = 200
_BBCODE = (
    "b|i|u|s|url|color|size|quote|spoiler|center|left|right|font|code|img|sub|sup|list|hide|strike"
)
_EMOJI_LETTERS = "regional_indicator|regional_indicator_symbol|letter|alphabet_white"
_PARTS = re.compile(
    rf"""
    (?=[<\[\](*_~|`&%\\=] | xn-- | u\+ | 0x[2-7] | :[rla])  # most places end here
    (?: (?P<gone>
        <!--.*?--> | </?[a-z][^<>]{{0,{_LONGEST_TAG}}}>
        | \[/?(?:{_BBCODE})(?:=[^\[\]]{{0,{_LONGEST_TAG}}})?\]
        | \*\*+ | __+ | ~~+ | \|\|+ | `
        | \](?=\() | \[(?=[^\[\]]{{1,{_LONGEST_TAG}}}\]\() | (?<=\])\([^()\s]*\)
        | (?<!\w)[*_~](?=\w) | (?<=\w)[*_~](?!\w)
    )
    | (?P<entity> &\#x?[0-9a-f]{{1,7}};? | &[a-z][a-z0-9]{{1,31}}; )
    | (?P<percent> (?:%[0-9a-f]{{2}})+ | (?:\\x[89a-f][0-9a-f])+ )
    | (?P<pair> \\ud[89ab][0-9a-f]{{2}}\\ud[c-f][0-9a-f]{{2}} )
    | (?P<idna> (?<![\w-])xn--[a-z0-9-]{{1,59}} )
    | (?P<escape>
        \\u\{{[0-9a-f]{{1,6}}\}} | (?-i:\\U)000[0-9a-f]{{5}} | [\\%]u[0-9a-f]{{4}}
        | \\x[0-7][0-9a-f]
        | u\+(?:1[0-9a-f]{{4}}|[0-9a-f]{{4}})(?:[ ,](?=u\+))?
        | (?<!\w)0x[2-7][0-9a-f](?=[a-z]{{2}})
        | \\0{{0,4}}[4-7][0-9a-f][ ]?
        | \\(?=[^\w\s])
    )
    | (?P<octal> \\0?1[0-7]{{2}} )
    | (?P<quoted> (?:=[2-7][0-9a-f]){{3,}} )
    | (?P<emoji> :(?:{_EMOJI_LETTERS})_[a-z]:(?:[ ](?=:))? )
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_NO_BYTE = re.compile(r"%|=|\\x", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0x)?([0-9a-f]+)\}?[ ,]?$", re.IGNORECASE)


def may_change(text: str, characters: set[str]) -> bool:
    """Tell whether a text, which has these characters, may be rendered differently."""
    return not SIGNS.isdisjoint(characters) or {"0", "x"} <= characters or _IDNA in text


def rendered(text: str) -> tuple[str, list[int]] | None:
    """Return the rendered text, and for each of its characters the place in `text`.

    None if nothing would be rendered differently. What is encoded twice is decoded twice.
    """
    found = _rendered_once(text)
    for _ in range(_MOST_PASSES - 1):
        if found is None or _ENCODED.isdisjoint(found[0]):
            break
        again = _rendered_once(found[0])
        if again is None:
            break
        found = again[0], [found[1][at] for at in again[1]]
    return found


def _rendered_once(text: str) -> tuple[str, list[int]] | None:
    characters: list[str] = []
    offsets: list[int] = []
    at = 0
    for match in _PARTS.finditer(text):
        characters += text[at : match.start()]
        offsets += range(at, match.start())
        before = len(characters)
        for shown, place in _shown(match):
            characters += shown
            offsets += [place] * len(shown)
        if len(characters) > max(1, before) and characters[-2].isalnum():
            offsets[-1] = match.end() - 1  # a word that ends with it ends where the part ends
        at = match.end()
    if not at:
        return None
    characters += text[at:]
    offsets += range(at, len(text))
    return "".join(characters), offsets


def _shown(match: re.Match[str]) -> Iterator[tuple[str, int]]:
    part, at = match[0], match.start()
    if match["entity"]:
        yield _entity(part), at
    elif match["percent"] or match["quoted"]:
        decoded = _text(bytes.fromhex(_NO_BYTE.sub("", part)))
        step = len(part) / max(1, len(decoded))
        yield from ((character, at + int(place * step)) for place, character in enumerate(decoded))
    elif match["pair"]:
        yield bytes.fromhex(part.replace("\\u", "").replace("\\U", "")).decode("utf-16-be"), at
    elif match["idna"]:
        decoded = _label(part)
        step = len(part) / max(1, len(decoded))
        yield from ((character, at + int(place * step)) for place, character in enumerate(decoded))
    elif match["octal"]:
        yield _character(int(part[1:], 8)), at
    elif match["escape"] and (code := _NUMBER.search(part)):
        yield _character(int(code[1], 16)), at
    elif match["emoji"]:
        yield part.rstrip(": ")[-1], at


def _entity(part: str) -> str:
    return html.unescape(part if part.endswith(";") else f"{part};")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _label(part: str) -> str:
    try:
        return part[len(_IDNA) :].encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError):
        return part


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 else ""  # noqa: PLR2004  (beyond the last code point)
