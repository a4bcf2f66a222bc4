"""Characters that are not drawn, flags, letters above others, and the direction of writing.

All functions keep the number of characters, so that positions stay those of the original.
"""

import re
import unicodedata

# Rendered as a gap, although Unicode classes them as letters or symbols.
BLANKS = frozenset("\u2800\u3164\u115f\u1160\uffa0")
INVISIBLE = frozenset({"Cf", "Mn", "Me", "Mc"})
FIRST_FLAG_LETTER = 0x1F1E6  # regional indicators: flags, or letters in boxes
HIDDEN = "\ue000"  # stands for what must not be read: of no word, and no separator inside one

_REGIONS = (
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN "
    "BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CR CU CV CW CX CY CZ "
    "DE DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH "
    "GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT "
    "JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD "
    "ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE "
    "SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR "
    "TT TV TW TZ UA UG UM UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
_FLAGS = frozenset(_REGIONS.split())
_SIGN = "•"  # separates letters, and masks them
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]{2,}")
_DRAWN = re.compile("[\u24b6-\u24e9\U0001f110-\U0001f189\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# Other controls that may turn the words behind them. Whether they do depends on the letters.
TURNING = frozenset("\u202b\u2067\u200f\u061c")
_ABOVE = {
    code: name.rpartition(" ")[2].lower()
    for first, last in ((0x363, 0x370), (0x1DCA, 0x1DF5))
    for code in range(first, last)
    if (name := unicodedata.name(chr(code), "")).startswith("COMBINING LATIN SMALL LETTER")
    and len(name.rpartition(" ")[2]) == 1
}
ABOVE = frozenset(map(chr, _ABOVE))


def without_flags(text: str) -> str:
    """Hide the flags: regional indicators that are, two by two, codes of regions.

    Between two letters a flag is a sign like any other emoji.
    """
    return _FLAG_LETTERS.sub(_hidden_flags, text)


def _hidden_flags(match: re.Match[str]) -> str:
    letters = [chr(ord(each) - FIRST_FLAG_LETTER + ord("A")) for each in match[0]]
    pairs = ["".join(letters[at : at + 2]) for at in range(0, len(letters), 2)]
    if not _FLAGS.issuperset(pairs):
        return match[0]
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return (_SIGN if _is_drawn(before) and _is_drawn(after) else HIDDEN) * len(letters)


def _is_drawn(character: str) -> bool:
    """Tell whether a character is a letter, belongs to one, or has one in a circle or a box."""
    return bool(_DRAWN.match(character)) or unicodedata.category(character or " ")[0] in "LM"


def with_letters_above(text: str) -> str:
    """Return the text with small letters above others written as letters in the line."""
    return text.translate(_ABOVE)
