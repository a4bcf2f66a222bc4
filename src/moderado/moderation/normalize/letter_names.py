"""Words that are spelled by the names of their letters: "pê u tê a", "see you en tee"."""

import re
from collections.abc import Iterator

_PORTUGUESE = """
a:a,á,à b:bê,be c:cê,ce d:dê,de e:e,é,ê f:efe,fê g:gê,ge h:agá,aga i:i,í j:jota k:cá l:ele
m:eme n:ene o:o,ó,ô p:pê,pe q:quê,que r:erre s:esse t:tê,te u:u,ú v:vê,ve w:dábliu,dabliu x:xis
y:ípsilon,ipsilon z:zê,ze
"""
_ENGLISH = """
a:ay b:bee c:cee,see,sea d:dee e:ee f:ef,eff g:gee h:aitch,haitch i:eye j:jay k:kay l:el,ell m:em
n:en o:oh p:pee q:cue,queue r:ar s:ess t:tee u:you,yu v:vee w:double-u,doubleyou x:ex y:why,wye
z:zee,zed
"""
_LETTERS = {
    name: entry[0] for entry in f"{_PORTUGUESE}{_ENGLISH}".split() for name in entry[2:].split(",")
}
_NAMES = "|".join(sorted(_LETTERS, key=len, reverse=True))
_NAME = re.compile(rf"(?:{_NAMES})(?!\w)")
_LEAST = 4  # letters
_SPELLED = re.compile(
    rf"(?<!\w)(?:{_NAMES})(?:[\s,./|-]{{1,3}}(?:{_NAMES})(?!\w)){{{_LEAST - 1},40}}"
)
# Two of these, one behind the other, are in every such word: a consonant and what follows it.
# Sorted by first letters, of which few are compared with most words.
_CONSONANTS = (
    "[bdgptv](?:ee?|ê)|c(?:ee?|ê|a|á|ue)|z(?:ee?|ê|ed)|e(?:fe|ff?|le|ll?|me?|ne?|rre|sse?)|h?aitch"
    "|ag[aá]|ar|jota|jay|qu[eê]|xis|se[ea]|kay"
)
# What every text with such a word has, behind a character that belongs to no word.
TRACE = rf"(?:{_CONSONANTS})[\s,./|-]{{1,3}}(?:[aeiouáéíóúàêô]|ay|eye|oh|you|yu|ee|{_CONSONANTS})\b"
# Also words: at the ends they may stand beside what is spelled, as in "esse pê u tê o".
_WRITTEN = "a à e é o que de ele esse te em you see oh why eye"
_WORDS = frozenset(_WRITTEN.split())
_MOST_WORDS = 2


def spelled_out(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield where a word may be spelled out, and the letters that may be meant, in linear time.

    Names at the ends that are also words may be no part of it.
    """
    lower = text.lower()
    if len(lower) != len(text):
        return
    for match in _SPELLED.finditer(lower):
        names = _NAME.findall(match[0])
        letters = "".join(map(_LETTERS.__getitem__, names))
        first, last = _words(names), len(names) - _words(names[::-1])
        found = [
            letters[start:end]
            for start in range(first + 1)
            for end in range(len(names), last - 1, -1)
            if end - start >= _LEAST
        ]
        yield *match.span(), found


def _words(names: list[str]) -> int:
    """Return how many of the first names are also words."""
    words = [name in _WORDS for name in names[:_MOST_WORDS]]
    return words.index(False) if False in words else len(words)
