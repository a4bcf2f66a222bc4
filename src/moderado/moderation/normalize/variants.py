"""Spellings that sound alike, neighbouring keys, ciphers of words, and endings."""

import re
from collections.abc import Iterator
from string import ascii_lowercase

VOWELS = "aeiou"
# What is written = what it may be written for. Lower-case letters without accents.
_SOUNDS = """
k=c,qu,q,ck,ch kk=c,ck ck=k,c,q c=k,s,ss,z q=c,k,qu qu=c,k,q kw=qu kh=c,k cc=ck,c ct=t kc=ck
gu=g je=ge ji=gi ge=je gi=ji dj=j,di ph=f f=ph x=ch,sh,cks ch=x,sh,tch sh=ch,x tch=ch sch=sh,ch
s=z,c,ss,x ss=c,s,z,sc,sh sc=c,s z=s,c,x zz=s,z,ss ts=s,z y=i,ii,lh,ie i=y,e,lh,ee,ea ii=i
e=i,ea ie=y,ey,i ey=y,ie ee=i,y,ea ea=ee,e w=u,v,wh,hu wh=w uu=w,u u=o,l,w,oo,ou,v v=u,w
vv=w o=u,ou,au,oa ou=o,u oo=u,o ow=ao,ou r=rr,wr rr=r h= lh=li,l,ll li=lh ly=lh lly=lh
ll=lh,l nh=ni,nn,n ni=nh ny=nh nn=nh,n nha=nia m=n n=m l=u,ll aum=ao aun=ao am=ao aw=ao,o,au
an=ao au=al,ao eu=el iu=il ol=ou oum=ao ah=a,er a=er,ah er=a,re,or or=er uh=er,a,u eh=e,er
oh=o ih=i as=ers az=as,ers ur=er,or t=tt,th tt=t dd=d b=bb p=pp pp=p bb=b ff=f gg=g
in=ing en=ing,in un=on,um um=un th=t 0=o
"""
SOUNDS = {
    written: tuple(meant.split(","))
    for written, meant in (each.split("=") for each in _SOUNDS.split())
}
# Letters that are drawn like others. A capital I, which is drawn like an l, is folded to an i.
DRAWN = {"l": ("i",), "i": ("l",), "q": ("g",), "rn": ("m",), "vv": ("w",), "cl": ("d",)}
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHIFTS = (1, 3, -1, -3)
_SHIFTED = [
    str.maketrans(ascii_lowercase, ascii_lowercase[by:] + ascii_lowercase[:by]) for by in _SHIFTS
]
_SHIFTED.append(str.maketrans(ascii_lowercase, ascii_lowercase[::-1]))
_ROT13 = str.maketrans(ascii_lowercase, ascii_lowercase[13:] + ascii_lowercase[:13])
# Língua do P: each syllable is followed by a p with its vowel, or preceded by "pe".
_P_AFTER = re.compile(r"(?:[^aeiou]*([aeiou]+)p\1){2,}[^aeiou]*")
_P_PAIR = re.compile(r"([aeiou]+)p\1")
_SURE_PAIRS = 2  # of more, one syllable may be left as it is: "ipidipiotapa"
_P_BEFORE = re.compile(
    r"(?:pe[^aeiou]*[aeiou]+[^aeiou]*?)(?:pe[^aeiou]*[aeiou]+[^aeiou]*?)+[^aeiou]*"
)
_P_SYLLABLE = re.compile(r"pe(?=[^aeiou]*[aeiou])")
# Each syllable twice, "dididoto"; two syllables in the other order, "tapu".
_TWICE = re.compile(r"([^aeiou]{0,3}[aeiou]{1,2})\1")
_ALL_TWICE = re.compile(r"(?:([^aeiou]{0,3}[aeiou]{1,2})\1){2,}s?")
_TWO_SYLLABLES = re.compile(r"([^aeiou]{1,2}[aeiou])([^aeiou]{1,2}[aeiou])s?")
_LEAST_CIPHER = 5  # letters: shorter words are found by chance
# Endings of Portuguese that make a word smaller, larger or worse; without the last vowel.
_ENDINGS = re.compile(
    r"(.{3,}?)(?:z?inh[oa]s?|z?ao|ona|ud[oa]s?|issim[oa]s?)|(.{6,}?)(?:ac[oa]s?|azos?|etes?)"
)


def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for column, key in enumerate(keys):
            near = [
                other[at]
                for below, other in enumerate(_ROWS)
                for at in range(len(other))
                # Each row of keys stands half a key further to the right.
                if abs(row - below) <= 1 and abs(column + row / 2 - at - below / 2) <= 1
            ]
            found[key] = "".join(sorted(set(near) - {key}))
    return found


NEIGHBOURS = _neighbours()
NEIGHBOURS["x"] += VOWELS  # "bxbaca": a cross hides a vowel


def whole_word_ciphers(token: str) -> Iterator[tuple[str, str]]:
    """Yield the words for which the whole token may stand, each with the name of the reading."""
    yield "backwards", token[::-1]
    yield "rot13", token.translate(_ROT13)
    if len(token) >= _LEAST_CIPHER:
        yield from (("rot13", token.translate(table)) for table in _SHIFTED)
        if len(set(token[1::2])) == 1:  # "pxuxtxa"
            yield "separators", token[::2]
    yield from without_added_syllables(token)
    if two := _TWO_SYLLABLES.fullmatch(token):
        yield "pig latin", f"{two[2]}{two[1]}"
    if token.endswith("ay"):
        for moved in (token[:-2], token[:-3]):  # "orrapay", "arrombadoway"
            for length in (0, 1, 2, 3):
                yield "pig latin", moved[len(moved) - length :] + moved[: len(moved) - length]


def without_added_syllables(token: str) -> Iterator[tuple[str, str]]:
    """Yield what "puputapa", "pepupeta" and "puputata" stand for."""
    if _ALL_TWICE.fullmatch(token):
        yield "added syllables", _TWICE.sub(r"\1", token)
    if token.count("p") < 2:  # noqa: PLR2004  (one for each of two syllables)
        return
    plain, pairs = _P_PAIR.subn(r"\1", token)
    if pairs > _SURE_PAIRS or _P_AFTER.fullmatch(token):
        yield "added syllables", plain
    if token.startswith("pe") and _P_BEFORE.fullmatch(token):
        yield "added syllables", _P_SYLLABLE.sub("", token)


def without_ending(token: str) -> Iterator[str]:
    """Yield the words of which the token may be a diminutive or augmentative."""
    if token.endswith(("o", "a", "s", "ete")) and (match := _ENDINGS.fullmatch(token)):
        stem = match[1] or match[2]
        yield from (stem + last for last in ("a", "o", "", "e", "ao"))
