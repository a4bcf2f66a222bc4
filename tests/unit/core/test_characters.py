"""What a reader can see."""

import hashlib
import re
import unicodedata

import pytest

from moderado.core.characters import IGNORABLE, has_visible, without_invisible
from moderado.core.errors import Invalid
from moderado.core.text import clean, clean_line

pytestmark = pytest.mark.proves("S55")

INVISIBLE = (
    "\ufe0f\u034f\u180b\U000e0100\u3164\u115f\u1160\u2800\uffa0\u17b4\u17b5\U0001d159\u00ad"
    "\u200b\u2060\u2065\u206a\ufeff\u202e\u061c\u180e\U0001bca0\U0001d173\U000e0041\ufff0"
    "\U00013441\U00016fe4\ufdd0\ufffc"
)


# Of the code points of Unicode's property, in ascending order. Computed with:
# `perl -MDigest::SHA=sha256_hex -e 'print sha256_hex(join ",", grep { chr =~ /\p{DI}/ }
# grep { $_ < 0xD800 || $_ > 0xDFFF } 0..0x10FFFF)'`. Source: Unicode 14 of Perl 5.36.
DEFAULT_IGNORABLE = "f92e3ee8c6784b62a390cdd51175d08a09de3eb7038eec3325eea78ac0f85c33"


def test_ignorable_characters_are_those_of_unicode():
    ignorable = re.compile(f"[{IGNORABLE}]")
    found = [code for code in range(0x110000) if ignorable.match(chr(code))]

    assert len(found) == 4174
    digest = hashlib.sha256(",".join(map(str, found)).encode()).hexdigest()
    assert digest == DEFAULT_IGNORABLE


@pytest.mark.parametrize("char", INVISIBLE, ids=ascii)
def test_text_of_invisible_characters_is_empty(char):
    for text in (char, char * 3, f" {char}\n", f"{char}\u0301"):
        with pytest.raises(Invalid):
            clean(text, max_length=100, field="message")
        with pytest.raises(Invalid):
            clean_line(text, max_length=100, field="name")
    assert clean_line(f"A{char}n{char}a", max_length=9, field="name") == "Ana"


@pytest.mark.parametrize("mark", ["\U00013440", "\U00013447", "\U0001e08f", "\U00011f36"])
def test_marks_of_a_newer_unicode_are_not_taken_for_letters(mark):
    assert not has_visible(mark)


@pytest.mark.parametrize(
    "shown",
    ["a", "1", "!", "é", "你", "🫨", "❤️", "👩\u200d👩\u200d👧", "👩🏽\u200d🚀", "1️⃣", "🏳️\u200d🌈",
     "\U0001fadf", "\U0002ebf0", "علی\u200cرضا", "क्\u200dष", "👍🏽"],
)  # fmt: skip
def test_visible_text_stays_as_it_is(shown):
    assert has_visible(shown)
    assert without_invisible(shown) == shown
    assert clean(shown, max_length=100, field="message") == shown
    assert clean_line(shown, max_length=100, field="name") == shown


def test_joiner_that_joins_nothing_is_removed():
    assert without_invisible("a\u200db\u200cc") == "abc"
    assert without_invisible("❤️\ufe0f\ufe0f") == "❤️"


@pytest.mark.proves("S232")
@pytest.mark.parametrize("mark", ["\u0301", "\u0336", "\u0e49", "\u20dd", "\U000e0100\u0338"])
def test_name_has_at_most_four_marks_on_a_character(mark):
    shown = clean_line(f"Q{mark * 50}ai{mark * 3}", max_length=500, field="name")

    marks = mark.replace("\U000e0100", "")
    assert shown == unicodedata.normalize("NFC", f"Q{marks * 4}ai{marks * 3}")
