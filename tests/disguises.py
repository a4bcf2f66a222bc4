"""Writes words in disguise: the generator behind row S30.

Each kind is a function of a word and dice. It returns None for a word that it cannot disguise. The
tables are this module's own: they are not those of the product.
"""

import base64
import codecs
import random
import re
import unicodedata
from collections.abc import Callable
from string import ascii_lowercase

Disguise = Callable[[str, random.Random], str | None]

CORE: dict[str, Disguise] = {}
HARD: dict[str, Disguise] = {}
VOWELS = "aeiou"
_INVISIBLE = "\u200b\u200c\u200d\u2060\u2063\ufeff\u00ad\u034f\u180e\ufe0f\u200e\u2061\U000e0001"
_MARKS = "\u0301\u0300\u0308\u0330\u0336\u0334\u0489\u035b\u0324\u0323\u0337\u20dd\u0361"
_SEPARATORS = [*".-_*~•·,/|'+:=^—–", "::", "--", "..", "🔥", "❤️", "➖"]
_MASKS = [*"*#%_&?■█●✱•", "🙈", "🤬", "❤", "×", "◼"]
_DRAWN = {"i": ["l"], "l": ["I", "i"], "g": ["q"], "m": ["rn"], "w": ["vv"], "d": ["cl"]}
_LIGHT = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
_HEAVY = {
    "a": "4 @ /-\\ ^", "b": "8 |3 13", "c": "( < {", "d": "|)", "e": "3", "f": "|= ph",
    "g": "6 9",
    "h": "# |-|", "i": "1 ! |", "k": "|<", "l": "1 |", "m": "|\\/| /\\/\\", "n": "|\\|", "o": "0",
    "p": "|>", "r": "2", "s": "5 $", "t": "7 +", "u": "|_| v", "v": "\\/", "x": "><", "z": "2",
}  # fmt: skip
_HOMOGLYPHS = dict(zip("aceijopsxyhkmtvd", "аceіјорѕхуһкмтѵԁ", strict=True)) | {"c": "с", "e": "е"}
_GREEK = dict(zip("aeiknoptuvxyz", "αειкηορτυνχγζ", strict=True))
_ALPHABETS = {
    "small capitals": "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ",
    "superscript": "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ",
    "currency": "₳฿₵ĐɆ₣₲ⱧłJ₭Ⱡ₥₦Ø₱QⱤ₴₮ɄV₩ӾɎⱫ",
    "syllabics": "ᗩᗷᑕᗪEᖴGᕼIᒍKᒪᗰᑎOᑭᑫᖇᔕTᑌᐯᗯ᙭Yᘔ",
    "Chinese": "卂乃匚ᗪ乇千Ꮆ卄丨ﾌҜㄥ爪几ㄖ卩Ɋ尺丂ㄒㄩᐯ山乂ㄚ乙",
    "Japanese": "ﾑ乃cd乇ｷgんﾉﾌズﾚﾶ刀oｱq尺丂ｲu√wﾒﾘ乙",
    "Cherokee": "ᎪᏴᏟᎠᎬFᏀᎻᏆᎫᏦᏞᎷNᎾᏢQᎡᏚᎢႮᏙᏔXᎩᏃ",
    "hooks": "ąცƈɖɛʄɠɧıʝƙƖɱŋơ℘զཞʂɬų۷ῳҳყʑ",
    "Thai": "ค๒ς๔єŦﻮђเןкl๓ภ๏קợгรՇยשฬאץz",
    "strokes": "ⱥƀȼđɇfǥħɨɉꝁłmnøᵽꝗɍsŧᵾvwxɏƶ",
    "Coptic": "ⲁⲃⲥⲇⲉfgⲏⲓjⲕlⲙⲛⲟⲣqrstυvⲱⲭⲩⲍ",
    "Lisu": "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑQꓣꓢꓔꓴꓦꓪꓫꓬꓜ",
    "Yi": "ꋬꃳꉔ꒯ꏂꊰꍌꁝ꒐꒻ꀘ꒒ꂵꋊꄲꉣꆰꋪꇙ꓄꒤꒦ꅐꉧꌦꁴ",
    "Yi, another font": "ꍏꌃꉓꀸꍟꎇꁅꃅꀤꀭꀘ꒒ꂵꈤꂦꉣꆰꋪꌗ꓄ꀎᐯꅏꊼꌩꁴ",
    "Ethiopic": "ልጌርዕቿቻኗዘጎጋጕረጠክዐየዒዪነፕሁሀሠሸሃጊ",
    "Thai, fewer letters": "ลbcdefgหijklmถoקqгรtบvพxyz",
    "Gothic": "𐌰𐌱c𐌳𐌴𐍆𐌲𐌷𐌹𐌾𐌺𐌻𐌼𐌽𐍉𐍀𐌵𐍂𐍃𐍄𐌿v𐍅𐍇y𐌶",
    "faux Cyrillic": "дбcdєfgнiјкlмйфpqяsтцvшжчz",
    "upside down, in order": "ɐqɔpǝɟƃɥıɾʞlɯuodbɹsʇnʌʍxʎz",
}
_BRAILLE = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵"
_MORSE_CODE = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .--"
    " -..- -.-- --.."
)
_MORSE = _MORSE_CODE.split()
_SPELLED = (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar"
    " Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)
_SPELLING = _SPELLED.split()
_ABOVE = dict(zip("aeioucdhmrtvx", map(chr, range(0x363, 0x370)), strict=True))
_KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
_PORTUGUESE = [
    ("qu", "k"), ("ca", "ka"), ("co", "ko"), ("cu", "ku"), ("ch", "x"), ("x", "ch"), ("ss", "ç"),
    ("s", "z"), ("z", "s"), ("i", "y"), ("u", "w"), ("f", "ph"), ("lh", "li"), ("o", "u"),
]  # fmt: skip
_ENGLISH = [
    ("f", "ph"), ("ck", "k"), ("c", "k"), ("s", "z"), ("qu", "kw"), ("er", "a"), ("oo", "u"),
    ("y", "ie"), ("i", "y"), ("sh", "ch"), ("th", "t"),
]  # fmt: skip


_PORTUGUESE_NAMES = (
    "á bê cê dê é efe gê agá i jota cá ele eme ene ó pê quê erre esse tê u vê dábliu xis ípsilon zê"
)
_ENGLISH_NAMES = (
    "ay bee see dee ee eff gee aitch eye jay kay ell em en oh pee queue ar ess tee you vee double-u"
    " ex why zee"
)


def _kind(name: str, *, hard: bool = False) -> Callable[[Disguise], Disguise]:
    def register(disguise: Disguise) -> Disguise:
        (HARD if hard else CORE)[name] = disguise
        return disguise

    return register


def _between(word: str, separators: list[str], dice: random.Random) -> str:
    return dice.choice(separators).join(word)


def _inside(word: str, dice: random.Random) -> int:
    return dice.randint(1, len(word) - 1)


def _named(word: str, template: str) -> str:
    return "".join(
        unicodedata.lookup(template.format(c.upper())) if c in ascii_lowercase else c for c in word
    )


for _name, _template in {
    "mathematical": "MATHEMATICAL BOLD ITALIC SMALL {}",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK SMALL {}",
    "circled": "CIRCLED LATIN SMALL LETTER {}",
    "black circles": "NEGATIVE CIRCLED LATIN CAPITAL LETTER {}",
    "squares": "SQUARED LATIN CAPITAL LETTER {}",
    "black squares": "NEGATIVE SQUARED LATIN CAPITAL LETTER {}",
    "parentheses": "PARENTHESIZED LATIN SMALL LETTER {}",
    "full width": "FULLWIDTH LATIN SMALL LETTER {}",
}.items():

    @_kind(_name)
    def _styled(word: str, dice: random.Random, template: str = _template) -> str | None:
        try:
            return _named(word, template)
        except KeyError:  # no such letter in this style
            return None


for _name, _alphabet in _ALPHABETS.items():

    @_kind(_name)
    def _drawn(word: str, dice: random.Random, alphabet: str = _alphabet) -> str:
        return word.translate(str.maketrans(ascii_lowercase, alphabet))


@_kind("case")
def _case(word: str, dice: random.Random) -> str:
    return "".join(dice.choice((c, c.upper())) for c in word)


@_kind("invisible characters")
def _invisible(word: str, dice: random.Random) -> str:
    return "".join(c + dice.choice(["", *_INVISIBLE]) for c in word[:-1]) + word[-1]


@_kind("marks")
def _marks(word: str, dice: random.Random) -> str:
    return "".join(c + "".join(dice.choices(_MARKS, k=dice.randint(1, 4))) for c in word)


@_kind("look-alikes")
def _homoglyphs(word: str, dice: random.Random) -> str:
    return "".join(dice.choice((c, _HOMOGLYPHS.get(c, c), _GREEK.get(c, c))) for c in word)


@_kind("letters above")
def _above(word: str, dice: random.Random) -> str | None:
    found = word[0] + "".join(_ABOVE.get(c, c) for c in word[1:])
    return found if found != word else None


@_kind("regional letters")
def _regional(word: str, dice: random.Random) -> str:
    letters = [chr(0x1F1E6 + ord(c) - ord("a")) for c in word]
    return "\u200b".join(letters)


@_kind("override")
def _override(word: str, dice: random.Random) -> str:
    return f"\u202e{word[::-1]}\u202c"


@_kind("isolate")
def _isolate(word: str, dice: random.Random) -> str:
    return f"\u2067{word[::-1]}\u2069"


@_kind("upside down")
def _turned(word: str, dice: random.Random) -> str:
    table = str.maketrans(ascii_lowercase, _ALPHABETS["upside down, in order"])
    return word.translate(table)[::-1]


@_kind("spaces")
def _spaces(word: str, dice: random.Random) -> str:
    return _between(word, [" ", "  ", "   ", "\u2003", "\u00a0"], dice)


@_kind("flags between letters")
def _flags(word: str, dice: random.Random) -> str:
    return _between(word, ["🇧🇷", "🇵🇹", "🇺🇸"], dice)


@_kind("fillers of other scripts")
def _fillers(word: str, dice: random.Random) -> str:
    return (
        "".join(c + dice.choice(["", "\u3164", "\u115f", "\u1160"]) for c in word[:-1]) + word[-1]
    )


@_kind("arrows")
def _arrows(word: str, dice: random.Random) -> str:
    return _between(word, [" => ", "=>", " -> ", "→"], dice)


@_kind("sign inside")
def _sign_inside(word: str, dice: random.Random) -> str:
    at = dice.randint(1, len(word) - 2)
    return f"{word[:at]}{dice.choice('!+=^~')}{word[at + 1 :]}"


@_kind("phonetic letters")
def _phonetic(word: str, dice: random.Random) -> str:
    return word.translate(str.maketrans("aeiourtsz", "ɑɛɪɔʊɾʈʂʐ"))


@_kind("wide gaps")
def _gaps(word: str, dice: random.Random) -> str:
    return "".join(c + " " * dice.randint(3, 9) for c in word).rstrip()


@_kind("punctuation")
def _punctuation(word: str, dice: random.Random) -> str:
    return _between(word, _SEPARATORS, dice)


@_kind("punctuation and spaces")
def _dotted(word: str, dice: random.Random) -> str:
    return _between(word, [". ", " - ", " . ", " * ", " / ", " | "], dice)


@_kind("digits between letters")
def _numbered(word: str, dice: random.Random) -> str:
    return "".join(f"{c}{at}" for at, c in enumerate(word[:-1], 1)) + word[-1]


@_kind("one letter a line")
def _vertical(word: str, dice: random.Random) -> str:
    return "\n".join(word)


@_kind("hyphen inside")
def _hyphen(word: str, dice: random.Random) -> str:
    at = _inside(word, dice)
    return f"{word[:at]}{dice.choice('-._*/')}{word[at:]}"


@_kind("stretched")
def _stretched(word: str, dice: random.Random) -> str:
    return "".join(c * dice.randint(1, 4) for c in word) + word[-1] * 2


@_kind("masked letter")
def _masked(word: str, dice: random.Random) -> str:
    at = dice.randint(1, len(word) - 2) if len(word) > 3 else 1
    return f"{word[:at]}{dice.choice(_MASKS)}{word[at + 1 :]}"


@_kind("masked vowels")
def _masked_vowels(word: str, dice: random.Random) -> str | None:
    mask = dice.choice("*#_%")
    found = word[0] + re.sub(f"[{VOWELS}]", lambda _: mask, word[1:])
    hidden = found.count(mask)
    return found if 0 < hidden * 2 <= len(word) and len(word) > 3 else None


@_kind("digits for letters")
def _light(word: str, dice: random.Random) -> str | None:
    places = [at for at, c in enumerate(word) if c in _LIGHT]
    chosen = set(dice.sample(places, min(len(places), dice.randint(1, 2))))
    if not chosen or len(chosen) * 2 > len(word):
        return None
    return "".join(dice.choice(_LIGHT[c]) if at in chosen else c for at, c in enumerate(word))


@_kind("bold inside")
def _bold(word: str, dice: random.Random) -> str:
    at, mark = _inside(word, dice), dice.choice(["**", "__", "~~", "`", "||", "*"])
    return f"{word[:at]}{mark}{word[at:]}{mark}" if mark != "*" else f"*{word[:at]}*{word[at:]}"


@_kind("HTML tags")
def _tags(word: str, dice: random.Random) -> str:
    at, tag = _inside(word, dice), dice.choice(["b", "i", "span", "u"])
    return f"{word[:at]}<{tag}>{word[at]}</{tag}>{word[at + 1 :]}"


@_kind("HTML comment")
def _comment(word: str, dice: random.Random) -> str:
    at = _inside(word, dice)
    return f"{word[:at]}<!--{dice.choice(['', ' ', 'oi'])}-->{word[at:]}"


@_kind("entities")
def _entities(word: str, dice: random.Random) -> str:
    forms = ("&#{};", "&#x{:x};", "&#0{};")
    chosen = set(dice.sample(range(len(word)), dice.randint(1, len(word))))
    return "".join(
        dice.choice(forms).format(ord(c)) if at in chosen else c for at, c in enumerate(word)
    )


@_kind("percent-encoding")
def _percent(word: str, dice: random.Random) -> str:
    return dice.choice(["", "https://a.example/"]) + "".join(f"%{ord(c):02x}" for c in word)


@_kind("escapes")
def _escapes(word: str, dice: random.Random) -> str:
    return "".join(dice.choice(["\\u{:04x}", "\\x{:02x}"]).format(ord(c)) for c in word)


@_kind("other escapes")
def _other_escapes(word: str, dice: random.Random) -> str:
    form = dice.choice(
        [
            "U+{:04X}",
            "\\{:o}",
            "\\{:x} ",
            "\\U{:08x}",
            "%u{:04x}",
            "&amp;#{};",
            "%25{:02x}",
            "={:02X}",
        ]
    )
    return "".join(form.format(ord(c)) for c in word)


@_kind("link")
def _link(word: str, dice: random.Random) -> str:
    at = _inside(word, dice)
    return f"{word[:at]}[{word[at:]}](https://a.example)"


@_kind("BBCode")
def _bbcode(word: str, dice: random.Random) -> str:
    at = _inside(word, dice)
    return f"{word[:at]}[b]{word[at:]}[/b]"


@_kind("names of emoji letters")
def _emoji_names(word: str, dice: random.Random) -> str:
    return " ".join(f":regional_indicator_{c}:" for c in word)


@_kind("glued to another word")
def _glued(word: str, dice: random.Random) -> str:
    return dice.choice(
        ["seu{}", "que{}", "{}kkkk", "#{}", "@{}", "_{}_", "xX{}Xx", "you{}", "{}123"]
    ).format(word)


@_kind("twice")
def _twice(word: str, dice: random.Random) -> str:
    return word * 2


@_kind("digits in spaced letters")
def _spaced_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return " ".join(found) if found else None


@_kind("digits in stretched letters")
def _stretched_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return "".join(c * (dice.randint(1, 3) if c.isalpha() else 1) for c in found) if found else None


@_kind("digits and invisible characters")
def _invisible_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return _invisible(found, dice) if found else None


@_kind("look-alikes with separators")
def _separated_homoglyphs(word: str, dice: random.Random) -> str:
    return dice.choice(".-_*").join(_homoglyphs(word, dice))


@_kind("masks and digits")
def _masked_digits(word: str, dice: random.Random) -> str | None:
    if len(word) < 6:
        return None
    at = word.find(next((c for c in word[1:-1] if c in _LIGHT), "?"), 1)
    if at < 1:
        return None
    other = len(word) - 2 if at != len(word) - 2 else 2
    letters = list(word)
    letters[at], letters[other] = dice.choice(_LIGHT[word[at]]), "*"
    return "".join(letters)


@_kind("entities and digits")
def _entity_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return f"&#{ord(found[0])};{found[1:]}" if found else None


@_kind("groups of signs", hard=True)
def _heavy(word: str, dice: random.Random) -> str:
    return "".join(
        dice.choice(_HEAVY[c].split()) if c in _HEAVY and dice.random() < 0.8 else c for c in word
    )


@_kind("vowels dropped", hard=True)
def _vowel_drop(word: str, dice: random.Random) -> str | None:
    found = word[0] + "".join(c for c in word[1:] if c not in VOWELS)
    return found if len(found) > 3 else None


@_kind("swapped letters", hard=True)
def _swapped(word: str, dice: random.Random) -> str | None:
    places = [at for at in range(len(word) - 1) if word[at] != word[at + 1]]
    if len(word) < 5 or not places:
        return None
    at = dice.choice(places)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@_kind("letters drawn like others", hard=True)
def _drawn(word: str, dice: random.Random) -> str | None:
    places = [at for at in range(len(word)) if word[at] in _DRAWN]
    if len(word) < 5 or not places:
        return None
    at = dice.choice(places)
    return word[:at] + dice.choice(_DRAWN[word[at]]) + word[at + 1 :]


@_kind("letter dropped", hard=True)
def _dropped(word: str, dice: random.Random) -> str | None:
    at = dice.randint(1, len(word) - 1)
    return word[:at] + word[at + 1 :] if len(word) > 5 else None


@_kind("neighbouring key", hard=True)
def _neighbour(word: str, dice: random.Random) -> str | None:
    at = dice.randint(1, len(word) - 1)
    row = next(row for row in _KEYS if word[at] in row)
    place = row.index(word[at])
    key = row[place - 1] if place else row[1]
    return word[:at] + key + word[at + 1 :] if len(word) > 5 else None


def _respelled(word: str, sounds: list[tuple[str, str]], dice: random.Random) -> str | None:
    possible = [pair for pair in sounds if pair[0] in word]
    if not possible or len(word) < 5:
        return None
    for sound, other in dice.sample(possible, min(2, len(possible))):
        word = word.replace(sound, other, 1)
    return word


@_kind("sounds of Portuguese", hard=True)
def _portuguese(word: str, dice: random.Random) -> str | None:
    return _respelled(word, _PORTUGUESE, dice)


@_kind("sounds of English", hard=True)
def _english(word: str, dice: random.Random) -> str | None:
    return _respelled(word, _ENGLISH, dice)


@_kind("cut in two", hard=True)
def _cut(word: str, dice: random.Random) -> str | None:
    at = dice.randint(2, max(2, len(word) - 2))
    return f"{word[:at]} {word[at:]}" if len(word) > 5 else None


@_kind("cut by a line", hard=True)
def _cut_line(word: str, dice: random.Random) -> str | None:
    at = dice.randint(2, max(2, len(word) - 2))
    return f"{word[:at]}\n{word[at:]}" if len(word) > 5 else None


@_kind("backwards", hard=True)
def _backwards(word: str, dice: random.Random) -> str | None:
    return word[::-1] if len(word) > 4 and word != word[::-1] else None


@_kind("rot13", hard=True)
def _rot13(word: str, dice: random.Random) -> str:
    return codecs.encode(word, "rot13")


@_kind("pig latin", hard=True)
def _pig_latin(word: str, dice: random.Random) -> str:
    at = next((at for at, c in enumerate(word) if c in VOWELS), 0)
    return f"{word[at:]}{word[:at]}ay"


@_kind("added syllables", hard=True)
def _added_syllables(word: str, dice: random.Random) -> str:
    return re.sub(f"([{VOWELS}]+)", r"\1p\1", word)


@_kind("shifted alphabet", hard=True)
def _shifted(word: str, dice: random.Random) -> str:
    by = dice.choice((1, 3, 23, 25))
    return "".join(ascii_lowercase[(ord(c) - ord("a") + by) % 26] for c in word)


@_kind("alphabet backwards", hard=True)
def _atbash(word: str, dice: random.Random) -> str:
    return word.translate(str.maketrans(ascii_lowercase, ascii_lowercase[::-1]))


@_kind("scrambled inside", hard=True)
def _scrambled(word: str, dice: random.Random) -> str | None:
    inner = dice.sample(word[1:-1], len(word) - 2)
    return f"{word[0]}{''.join(inner)}{word[-1]}" if len(word) > 5 else None


@_kind("x between letters", hard=True)
def _crossed(word: str, dice: random.Random) -> str:
    return "x".join(word)


@_kind("backwards with digits", hard=True)
def _backwards_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return found[::-1] if found else None


@_kind("ellipsis for a letter", hard=True)
def _ellipsis(word: str, dice: random.Random) -> str:
    at = dice.randint(1, len(word) - 2)
    return f"{word[:at]}{dice.choice(['…', '...'])}{word[at + 1 :]}"


@_kind("spelling alphabet", hard=True)
def _spelling_alphabet(word: str, dice: random.Random) -> str:
    return dice.choice([" ", "-", ", "]).join(_SPELLING[ord(c) - ord("a")] for c in word)


@_kind("names of letters", hard=True)
def _letter_names(word: str, dice: random.Random) -> str:
    names = dice.choice([_PORTUGUESE_NAMES, _ENGLISH_NAMES]).split()
    return dice.choice([" ", "-", ", "]).join(names[ord(c) - ord("a")] for c in word)


@_kind("list of letters", hard=True)
def _listed(word: str, dice: random.Random) -> str:
    return dice.choice([", ", " + "]).join(word)


@_kind("digits in an address", hard=True)
def _address(word: str, dice: random.Random) -> str | None:
    found = "".join(_LIGHT.get(c, c)[0] if at == 2 else c for at, c in enumerate(word))
    return f"https://a.example/{found}" if found != word and found.isalnum() else None


@_kind("Morse", hard=True)
def _morse(word: str, dice: random.Random) -> str:
    return " ".join(_MORSE[ord(c) - ord("a")] for c in word)


@_kind("Braille", hard=True)
def _braille(word: str, dice: random.Random) -> str:
    return word.translate(str.maketrans(ascii_lowercase, _BRAILLE))


@_kind("base64", hard=True)
def _base64(word: str, dice: random.Random) -> str:
    return base64.b64encode(word.encode()).decode()


@_kind("numbers of characters", hard=True)
def _numbers(word: str, dice: random.Random) -> str:
    forms = ("{:02x}", "{:d}", "{:08b}")
    form = dice.choice(forms)
    return " ".join(form.format(ord(c)) for c in word)


@_kind("Cyrillic sounds", hard=True)
def _cyrillic(word: str, dice: random.Random) -> str | None:
    table = dict(zip("abvgdezijklmnoprstufhc", "абвгдезийклмнопрстуфхк", strict=True))
    return "".join(table.get(c, c) for c in word) if set(word) <= set(table) else None


@_kind("first and last letter", hard=True)
def _first_and_last(word: str, dice: random.Random) -> str | None:
    return f"{word[0]}{'*' * (len(word) - 2)}{word[-1]}" if len(word) > 3 else None


@_kind("comic signs", hard=True)
def _comic(word: str, dice: random.Random) -> str:
    return word[0] + "".join(dice.sample("#@%&!$", min(6, max(3, len(word) - 1))))


@_kind("swapped letters and digits", hard=True)
def _swapped_digits(word: str, dice: random.Random) -> str | None:
    found = _swapped(word, dice) if len(word) > 6 else None
    return _light(found, dice) if found else None


@_kind("sounds and digits", hard=True)
def _sounds_and_digits(word: str, dice: random.Random) -> str | None:
    found = _portuguese(word, dice) if len(word) > 6 else None
    return _light(found, dice) if found else None


@_kind("digits, cut in two", hard=True)
def _cut_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return _cut(found, dice) if found else None


@_kind("digits in a hashtag", hard=True)
def _hashtag_digits(word: str, dice: random.Random) -> str | None:
    found = _light(word, dice)
    return f"#{dice.choice(['seu', 'que', 'you'])}{found}" if found else None


@_kind("masks between a letter and a digit", hard=True)
def _masked_to_digit(word: str, dice: random.Random) -> str | None:
    if len(word) < 5 or word[-1] not in _LIGHT:
        return None
    return f"{word[0]}{dice.choice('*•■#') * (len(word) - 2)}{dice.choice(_LIGHT[word[-1]])}"


_LAUGHTER = ("kkkk", "rsrs", "haha", "lol")


@_kind("repeated letters and laughter", hard=True)
def _repeated_laughter(word: str, dice: random.Random) -> str:
    at = _inside(word, dice)
    return f"{word[:at]}{word[at] * 2}{word[at + 1 :]}{dice.choice(_LAUGHTER)}"


@_kind("sounds and laughter", hard=True)
def _sounds_and_laughter(word: str, dice: random.Random) -> str | None:
    found = _portuguese(word, dice)
    return f"{found}{dice.choice(_LAUGHTER)}" if found else None


@_kind("swapped and stretched letters", hard=True)
def _swapped_stretched(word: str, dice: random.Random) -> str | None:
    found = _swapped(word, dice)
    if found is None:
        return None
    at = _inside(found, dice)
    return f"{found[:at]}{found[at] * 3}{found[at:]}"


@_kind("inner vowels dropped", hard=True)
def _inner_vowel_drop(word: str, dice: random.Random) -> str | None:
    found = word[0] + "".join(c for c in word[1:-1] if c not in VOWELS) + word[-1]
    return found if len(found) > 5 else None


@_kind("letters with numbers", hard=True)
def _numbered_apart(word: str, dice: random.Random) -> str:
    return " ".join(f"{c}{at}" for at, c in enumerate(word, 1))


@_kind("Portuguese augmentatives", hard=True)
def _augmented(word: str, dice: random.Random) -> str | None:
    if len(word) < 7 or word[-1] not in "ao":
        return None
    return f"{word[:-1]}{dice.choice(['aço', 'azo', 'ete'])}"


@_kind("added syllables, one left out", hard=True)
def _fewer_added_syllables(word: str, dice: random.Random) -> str | None:
    found = re.findall(f"[^{VOWELS}]*[{VOWELS}]+", word)
    if len(found) < 4 or any(len(each) > 1 and each[-2] in VOWELS for each in found):
        return None
    left = dice.randrange(len(found))
    return "".join(each if at == left else f"{each}p{each[-1]}" for at, each in enumerate(found))
