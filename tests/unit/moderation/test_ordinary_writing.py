"""Plain writing has one reading: no layer finds anything else in it."""

from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderado.moderation import registry
from moderado.moderation.normalize import views
from moderado.moderation.normalize.ordinary import is_ordinary_writing
from moderado.moderation.types import Content

WORDS = """
    bom dia que é não você filho da puta porra seu trouxa idiota bosta vai se foder merda po ra
    kill you are a the fuck shit ass cu cus pu ta Puta PUTA caraaalho viadinho fdp FDP ai put
    fodr prra 15h 1 12 455 1234 80085 00000012 ~00000012~ R$50 kkkk 🙏 🎂🎉 🍆 ❤️ a e o x p u t
"""
SIGNS = ("", "", "", ",", ".", "!", "?", "...", '"', ")", "!!!", ";", ":")


def hits(text):
    """Return what the shipped lists find in a text."""
    (blocklist, *_) = registry.configured_providers()
    asked = Content(subject_type="message", subject_id=uuid4(), revision=1, text=text)
    found = blocklist.provider.assess([asked])[0].matches
    return [(each.rule, each.start, each.end, each.is_certain, each.reading) for each in found]


@given(
    st.lists(
        st.tuples(st.sampled_from(WORDS.split()), st.sampled_from(SIGNS)).map("".join),
        min_size=1,
        max_size=9,
    ).map(" ".join)
)
@settings(max_examples=300)
def test_all_layers_find_no_more_in_plain_writing(text):
    if not is_ordinary_writing(text):
        return
    found = hits(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "is_ordinary_writing", lambda _: False)
        assert hits(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "bom dia, tudo bem com vocês?",
        "Vou viajar na sexta e só volto na terça; quem pode ficar com as chaves?",
        'ela disse "oi" (duas vezes) às 15h!!! 🎂🎉',
        "does anybody know (really)?",
        "a b",
    ],
)
def test_plain_writing(text):
    assert is_ordinary_writing(text)


@pytest.mark.parametrize(
    "text",
    [
        *("p.u.t.a", "p. u. t. a.", "put*", "p*ta", "p-ta", "pu-ta", "p1ta", "p@ta", "pμta"),
        *("PuTa", "cHV0YQ==", "70757461", "16 21 20 1", "ABC 1234", "C. U.", "pu\nta", "pu  ta"),
        *("**pu**ta", "&#112;uta", "%70uta", "\u202eatup", "p\u200buta", "🇵🇺🇹🇦", "🅿uta", "ⓟuta"),
        *(
            "... --- ...",
            "..",
            "",
            " puta",
            "puta ",
            "rеal",
            "x@example.com",
            "https://example.org",
        ),
    ],
)
def test_writing_that_may_hide_something(text):
    assert not is_ordinary_writing(text)
