"""Tells texts that nothing disguises from all others, with one regular expression.

Most messages are such texts. They have one reading: the text as it is written.
"""

import re

_LOWER, _UPPER = "a-záàâãäçéèêëíìîïñóòôõöúùûüý", "A-ZÁÀÂÃÄÇÉÈÊËÍÌÎÏÑÓÒÔÕÖÚÙÛÜÝ"
# A mix of capitals and small letters may be base64. A single letter with a sign may be a part of a
# word, as in "p. u. t. a.".
_WORD = f"(?:[{_LOWER}]{{2,}}+|[{_UPPER}](?:[{_LOWER}]++|[{_UPPER}]++))"
_SINGLE = f"[{_LOWER}{_UPPER}](?![^ ])"
# Longer numbers may be characters in hexadecimal, unless their first byte is no letter. Numbers
# that follow each other may be characters in decimal, and "ABC 1234" is a plate.
_NUMBER = f"(?<![0-9] )(?<![{_UPPER}]{{3}} )[~$€£#]?(?:[01][0-9]{{0,15}}+|[0-9]{{1,5}}+)[~%ºª°h]?"
_EMOJI = "[\U0001f300-\U0001f64f\U0001f680-\U0001faff\u2764\ufe0f]++"
_BEFORE, _AFTER = "[(\"'“‘«]?", "[,.;:!?…)\"'”’»]*+"
_TOKEN = f"(?:{_BEFORE}(?:{_WORD}|{_SINGLE}|{_NUMBER}){_AFTER}|{_EMOJI})"
# Possessive: a token is matched in one way only, so that the time is linear.
_ORDINARY = re.compile(f"{_TOKEN}(?: {_TOKEN})*+")


def is_ordinary_writing(text: str) -> bool:
    """Tell whether a text is plain words, numbers and emoji with punctuation, in linear time.

    Words have letters of Portuguese, Spanish or English alone, one space stands between two of
    them, and punctuation stands only at their ends. Of such a text the matcher reads letters apart,
    stretched, misspelled and glued words, and words cut in two. All other layers find nothing.
    """
    # A bracket that is not closed may be drawn for a letter: "(unt".
    is_open = "(" in text and text.count("(") > text.count(")")
    return not is_open and _ORDINARY.fullmatch(text) is not None
