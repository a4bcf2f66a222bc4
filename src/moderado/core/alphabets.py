"""Alphabets of look-alikes that text generators and fonts offer, beyond UTS 39.

Each line spells the letters from a to z; "-" stands for none. A character that is drawn like
several letters has one reading for each.
"""

from collections.abc import Iterable
from string import ascii_lowercase

# Letters of alphabets that are rarely used in a Portuguese or English text.
_LETTERS = """
ą ც ƈ ɖ ɛ ʄ ɠ ɧ ı ʝ ƙ Ɩ ɱ ŋ ơ ℘ զ ཞ ʂ ɬ ų ۷ ῳ ҳ ყ ʑ
ǟ ɮ ƈ ɖ ɛ ʄ ɢ ɦ ɨ ʝ ӄ ʟ ʍ ռ օ ք զ ʀ ֆ ȶ ʊ ʋ ա ӽ ʏ ʐ
α ɓ ८ ∂ ε ƒ ɠ ɦ เ ʝ ҡ ℓ ɱ ɳ σ ρ φ ૨ ร ƭ µ ѵ ω א ყ ƶ
Ꭺ Ᏼ Ꮯ Ꭰ Ꭼ Ꮀ Ꮐ Ꮋ Ꮖ Ꭻ Ꮶ Ꮮ Ꮇ Ν Ꭴ Ꮲ Ԛ Ꭱ Ꮪ Ꭲ Ⴎ Ꮩ Ꮃ Ⅹ Ꮍ Ꮓ
Ꮧ Ᏸ ፈ Ꮄ Ꮛ Ꭶ Ᏻ Ꮒ Ꭵ Ꮰ Ꮶ Ꮭ Ꮇ Ꮑ Ꭷ Ꭾ Ꭴ Ꮢ Ꮥ Ꮦ Ꮼ Ꮙ Ꮗ ጀ Ꭹ ፚ
- - - - - - - - - - - - - - Ꮎ - - - - - Ꮜ - - - - Ꮓ
ᗩ ᗷ ᑕ ᗪ ᗴ ᖴ ᘜ ᕼ ᓰ ᒍ ᛕ ᒪ ᗰ ᑎ ᗝ ᑭ ᑫ ᖇ ᔕ ᖶ ᑌ ᐯ ᗯ ᙭ ᖻ ᘔ
ᗅ ᗸ ᑢ ᗫ ᕮ ᖵ ᘏ ᕺ Ꭵ ᒎ ᐸ ᒺ ᘻ ᘉ ᗒ ᕈ ᕴ ᖆ ᔖ ᖢ ᕰ ᐻ ᗻ ᙮ ᖿ ᗱ
Ꭺ Ᏸ Ꮳ Ꭰ Ꭼ Ғ Ꮆ Ꮋ Ꮠ Ꮰ Ꮶ Ꮮ Ꮇ Ꮑ Ꭷ Ꮲ Ɋ Ꮢ Ꮥ Ꭲ Ꮜ Ꮴ Ꮤ Ӽ Ꮍ Ꮓ
მ ჩ ე ძ პ ƒ ც ჰ ἶ ქ κ Ռ ო ῆ ῥ ρ გ Γ ჰ ན υ ὗ ω ჯ ყ ɀ
𐌀 𐌁 𐌂 𐌃 𐌄 𐌅 Ᏽ 𐋅 𐌉 Ꮭ 𐌊 𐌋 𐌌 𐌍 Ꝋ 𐌐 𐌒 𐌓 𐌔 𐌕 𐌵 ᕓ Ꮤ 𐋄 𐌙 Ɀ
ꪖ ᥇ ᥴ ᦔ ꫀ ᠻ ᧁ ꫝ ᥅ ᧒ ᛕ ꪶ ꪑ ꪀ ꪮ ρ ꪇ ᥅ ꪊ ꪻ ꪊ ꪜ ᭙ ᥊ ꪗ ɀ
ⲁ ⲃ ⲥ ⲇ ⲉ - - ⲏ ⲓ - ⲕ - ⲙ ⲛ ⲟ ⲣ - ꞅ 𝛓 ⲧ ⳙ - ⲱ ⲭ ⲩ ⲍ
Թ Յ Շ Ժ ȝ Բ Գ Հ Ի Ղ Ճ Լ Ո Ռ Օ Ր Գ Ր Տ Ե Մ Ս Ա Ճ Վ Հ
ɑ ც ς ժ ҽ ƒ ց հ ì յ ƙ Ӏ ണ ղ օ թ զ ɾ Տ ե մ Ѵ ա × վ Հ
ค ๖ ¢ ໓ ē f ງ h i ว k l ๓ ຖ ໐ p ๑ r Ş t น ง ຟ x ฯ ຊ
ค ๒ ς ๔ є Ŧ ﻮ ђ เ ן к ɭ ๓ ภ ๏ ק ợ г ร Շ ย ש ฬ א ץ չ
ค в ς đ э ƒ ɢ н ї ɉ κ ℓ м и σ ρ q я ѕ т υ ν ω χ у ż
₳ ฿ ₵ ₫ € ₣ ₲ Ⱨ ł J ₭ ₤ ₥ ₦ Ø ₱ Q ₹ ₴ ₮ ᵾ V ₩ Ӿ Ɏ Ⱬ
- ₿ ₡ Đ Ɇ ₣ ꞡ ℏ ł - ₭ Ⱡ ₼ ₪ ⊕ ₽ - Ɽ $ ₺ Ʉ ∇ ₩ Ӿ ¥ Ƶ
ᚨ ᛒ ᚲ ᛞ ᛖ ᚠ ᚷ ᚺ ᛁ ᛃ ᛕ ᛚ ᛗ ᚾ ᛟ ᚹ - ᚱ ᛊ ᛏ ᚢ - ᚹ ᚷ ᛉ ᛉ
Д Б Ҁ Ԁ Є Ғ Ԍ Н І Ј Қ Ł М И Ф Р Ҩ Я Ѕ Т Ц Ѵ Щ Ж Ч З
д б с ԁ є ф г н і ј к л м й о п ҩ я ѕ т ц в щ ж ч з
 д ъ с ԁ э ф г һ и й ќ л м п ө р - г ѕ т ц ѵ ш х ў з
ά β ς δ έ φ ɠ ή ί ј ќ ł м и ό ρ φ г ş τ ύ ν ώ χ ύ ζ
ά в ç đ ξ ƒ ɠ н ї ĵ ĸ ℓ м η ø ρ - я š † ù ν ώ × ч ž
∀ 𐐒 Ↄ ◖ Ǝ Ⅎ ⅁ - - ſ ⋊ ⅂ - ᴎ - Ԁ Ό ᴚ - ⊥ ∩ Λ - - ⅄ -
ɐ - ɔ ᗡ ǝ ɟ ɓ ɥ ᴉ ɾ ʞ ʅ ɯ - - - - ɹ - ʇ - ʌ ʍ - ʎ -
ɒ - ↄ - ɘ ʇ ǫ - - Ⴑ ʞ - - ᴎ - ꟼ ϱ ɿ ƨ ƚ - - - - ʏ -
ⱥ ƀ ȼ đ ɇ - ǥ ħ ɨ ɉ ꝁ ł ᵯ ꞥ ɵ ᵽ ꝗ ɍ ꞩ ŧ ʉ - - - ɏ ƶ
ᴀ ʙ ᴄ ᴅ ᴇ ꜰ ɢ ʜ ɪ ᴊ ᴋ ʟ ᴍ ɴ ᴏ ᴘ ꞯ ʀ ꜱ ᴛ ᴜ ᴠ ᴡ - ʏ ᴢ
ꓮ ꓐ ꓚ ꓓ ꓰ ꓝ ꓖ ꓧ ꓲ ꓙ ꓗ ꓡ ꓟ ꓠ ꓳ ꓑ - ꓣ ꓢ ꓔ ꓴ ꓦ ꓪ ꓫ ꓬ ꓜ
ª - - - - ꝼ - - - - Ҝ - - - º - ǫ - - - - - - - - -
- - - - - - - - - - - - - - ɔ - - - - - - - - - - -
Λ Ɓ Ƈ Ɗ Ξ Ƒ Ɠ Ƕ ϊ Ɉ Ƙ Ŀ ʍ Ɲ Θ Ƥ Ҩ Ʀ Ƨ Ƭ Ʊ Ʋ Ɯ Ҳ Ƴ Ȥ
"""
# Signs, and letters of scripts that are read as look-alikes only in a word made of look-alikes.
_SIGNS = """
ﾑ 乃 - - 乇 ｷ - ん ﾉ ﾌ ズ ﾚ ﾶ 刀 - ｱ - 尺 丂 ｲ - √ - ﾒ ﾘ 乙
卂 乃 匚 刀 乇 千 Ꮆ 卄 丨 ﾌ 长 ㄥ 爪 几 ㄖ 卩 Ɋ 尺 丂 ㄒ ㄩ 乂 山 乂 ㄚ 乙
ﾑ 乃 匚 刀 乇 下 ム 廾 ﾉ ｱ ズ ﾚ ﾶ 几 口 尸 Ҩ 尺 ち 丅 ひ √ 山 ﾒ ﾘ 乙
丹 日 亡 句 ヨ 下 呂 升 工 丁 片 し 从 冂 回 卩 甲 尺 弓 七 凵 レ 屮 メ と ろ
ム 乃 ㄈ 九 巳 ㄎ 彑 ん エ フ 长 レ ﾶ ん の ア の 尺 丂 ｲ 廿 ∨ 巾 ㄨ 丫 Ƶ
人 阝 冫 ｄ 已 ｷ ｇ ㄏ 讠 丿 ｋ ㄴ 册 冃 ロ 卪 夕 ㄕ 亏 ナ ㄇ ㆄ Ш 〤 γ 己
ꋬ ꃳ ꉔ ꒯ ꏂ ꊰ ꍌ ꁝ ꒐ ꒻ ꀘ ꒒ ꂵ ꋊ ꄲ ꉣ ꆰ ꋪ ꇙ ꓄ ꒤ ꒦ ꅐ ꉧ ꌦ ꁴ
ꍏ ♭ ☾ ◗ ∃ Ϝ ❡ ♄ ♗ ♪ ϰ ↳ ♔ ♫ ⊙ ⍴ ☭ ☈ ⓢ ☂ ☋ ✓ ⍵ ⌘ ☿ ☡
ꁲ ꃃ ꇃ ꂡ ꏹ ꄙ ꁅ ꀍ ꀤ ꀭ ꈵ ꒒ ꂵ ꋊ ꁏ ꉣ ꆰ ꋪ ꇙ ꋖ ꌇ ꒦ ꅐ ꉧ ꌩ ꁴ
🅰 🅱 © ↁ 📧 🎏 ⛽ ♓ ℹ 🎷 🎋 👢 Ⓜ 📈 ⭕ 🅿 🍳 ® 💲 ✝ ⛎ ✔ 〰 ❌ 💹 💤
⍺ 🍺 🌜 - 💶 🎐 - 🏨 ❗ ☔ - 💪 ♏ ♑ 🅾 🚩 🔍 - ⚡ ⚓ 🐉 ♈ ⚔ ✖ 🌱 -
🍎 🐝 🌘 🐶 🐘 🔥 🦒 🏠 🍦 🤹 🔑 🦁 🌛 🎶 🔴 🐷 👸 🌈 🐍 🌴 ☂ 🌋 🌊 ⚔ 🧶 🦓
⚠ - ↻ ⅅ ∑ ∮ ⅁ ⋕ ⁞ ⌡ - ⌊ ♍ ∏ ⚪ ⍴ ⌕ Γ § ⊺ ⋃ ⋁ ⨈ ⨯ ⑂ ⦢
Å - - - ∈ - - - ¡ - - ⎣ ₥ ∩ ⚫ ¶ - ⌈ ∫ ⊤ ∪ √ 🎃 ✗ ⋎ ≥
- ß - - - - - - - - - 乚 - - ¤ - - - - ϯ - - - ✘ - -
- - - - - - - - - - - - - - ⚽ - - - - - - - - ✘ - -
- - - - - - - - - - - - - - 🏀 - - - - ➕ - - - ❎ - -
- - - - - - - - - - - - - - 🌕 - - - - ✞ - ☑ - ╳ - -
- - - - - - - - - - - - - - 🔵 - - - - ➕ - ✅ - 🗙 - -
- - - - - - - - - - - - - - 🌚 - - - - 𐌢 - - - - - -
- - - - - - - - - - - - - - 🍩 - - - - ☦ - - - - - -
- - - - - - - - - - - - - - 🌑 - - - - - - - - - - -
- - - - - - - - - - - - - - 🟠 - - - - - - - - - - -
- - - - - - - - - - - - - - 🌐 - - - - - - - - - - -
- - - - - - - - - - - - - - 〇 - - - - - - - - - - -
- - - - - - - - - - - - - - ○ - - - - - - - - - - -
- - - - - - - - - - - - - - ● - - - - - - - - - - -
- - - - - - - - - - - - - - ◯ - - - - - - - - - - -
- - - - - - - - - - - - - - 🞅 - - - - - - - - - - -
ል ጌ ር ዕ ቿ ቻ ኗ ዘ ጎ ጋ ጕ ረ ጠ ክ ዐ የ ዒ ዪ ነ ፕ ሁ ሀ ሠ ሸ ሃ ጊ
ለ - ፈ - - - - ከ - - - - - - ዐ - - - - ተ ሀ ሆ ሡ - - -
ล - - - - - - ห - - - - - ถ อ - - - - - บ - พ - - -
ꍏ ꌃ ꉓ ꀸ ꍟ ꎇ ꁅ ꃅ ꀤ ꀭ ꀘ ꒒ ꂵ ꈤ ꂦ ꉣ ꆰ ꋪ ꌗ ꓄ ꀎ ᐯ ꅏ ꊼ ꌩ ꁴ
ꋫ ꃃ ꏸ ꁕ ꍟ ꄘ ꁍ ꑛ ꂑ ꀭ ꀗ ꒒ ꁒ ꁹ ꆂ ꉣ ꁸ ꒓ ꌚ ꓅ ꐇ ꏝ ꅐ ꇓ ꐟ ꁴ
ꁲ ꋰ ꀯ ꂠ ꈼ ꄞ ꁅ ꍩ ꂑ ꒼ ꀗ ꒒ ꂵ ꋊ ꂦ ꉣ ꁷ ꌅ ꌚ ꋖ ꐇ ꀰ ꅏ ꇒ ꐞ ꁴ
ꋬ ꍗ ꏳ ꂟ ꏂ ꄟ ꍌ ꃬ ꒐ ꒻ ꀘ ꒒ ꂵ ꂚ ꉻ ꉣ ꋠ ꋪ ꑄ ꓄ ꀎ ꒦ ꅐ ꉼ ꐞ ꑓ
- - ८ - ૯ - ૭ - - - ʆ Ն - - ૦ - - - - ੮ - ౮ - ૪ ע ૨
- - - ᕲ ᘿ - - - - ᒚ ᖽ - - - ᓍ - ᕵ - - - ᑘ ᐺ ᘺ - - -
- - - - - - - - ꠸ ꠹ - - - - - - - - ᦓ - - - - - - -
𐌰 𐌱 - 𐌳 𐌴 𐍆 𐌲 𐌷 𐌹 𐌾 𐌺 𐌻 𐌼 𐌽 𐍉 𐍀 𐌵 𐍂 𐍃 𐍄 𐌿 - 𐍅 𐍇 - 𐌶
Ꭿ - Ꮸ - - - - - - - - - - - - - Ꮽ - - - - - - - - -
- - ⵎ - ⴹ - - - ⵏ ⵊ - - - - ⵔ - - - ⵢ ⵜ ⵡ ⵠ - ⵅ - -
厶 - ᄃ り - キ - - - - - ᄂ - - - - ゐ - - - - - - - - -
- - - - - - 厶 - - - - - - - - - - - - - - - - - - -
- - ☪ - - - - - - - - - ϻ - ⭐ - - - - է - - - - - -
"""
# The sounds of letters, where a foreign alphabet spells the word instead of drawing it.
_SOUNDS = {
    "абвгдежзийклмнопрстуфхцчшщъыьэюя": (
        "a b v g d e j z i i k l m n o p r s t u f h c ch sh ch - i - e iu ia"
    ),
    "αβγδεζηθικλμνξοπρστυφχψω": "a b g d e z i t i k l m n ks o p r s t u f h ps o",
    "אבגדהוזחטיכלמנסעפצקרשת": "a b g d h u z h t i k l m n s a p ts k r s t",
    "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ": (
        "a b g d e v z t i k l m n o p j r s t u f k g k sh ch c dz ts ch h j h"
    ),
    "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ": (
        "a b g d e z e e t j i l h ts k h dz g ch m i n sh o ch p j r s v t r ts u p k o f"
    ),
}  # fmt: skip
# What a turned character looks like to a reader who turns the text back.
_TURNED = (
    "bq qb dp pd nu un ɐa ɒa ɔc ǝe ɘe ɟf ƃg ɓg ƍg ɥh ıi ᴉi ɾj ɿr ſj ʞk ʅl ˥l ꞁl ɯm ɹr ʇt ʌv ʍw ʎy "
    "∀a ꓯa ƆC ƎE ℲF ⅁G ⅂L ꓶL ꓩP ᴚR ⊥T ꓕT ∩U ՈU ΛV ⅄Y ⊤t ƨs"
)

# Groups of signs, and of letters, that are drawn like each letter.
_GROUPS = r"""
a /-\ /\ /_\
b |3 |8 !3 (3 /3 )3 13
d |) |] |} [) (| |>
e [- |-
f |= |# /= ph
g (+ (_+ (_-
h |-| ]-[ }-{ )-( (-) /-/ [-] }{
i ]|[
j _| _)
k |< |{ |(
l |_ 1_ |:
m |\/| /\/\ |v| [v] (v) ^^ /v\ rn
n |/| |\| /\/ [\]
o () [] {} <> (0)
p |> |o |* |^ |" |7
q (_,) (,) 0_
r |2 |? |~ /2 |`
t '|' -|-
u |_| (_) [_] \_/ \_\ /_/ \/ 00 0o
v \/
w \/\/ vv \^/ |/\|
x >< }|{ )(
y `/ '/ \|
z 7_ >_ 2_
"""


def _drawn(lines: str) -> Iterable[tuple[str, str]]:
    for line in lines.strip().splitlines():
        for letter, drawing in zip(ascii_lowercase, line.split(), strict=True):
            for character in {drawing, drawing.lower(), drawing.upper()}:
                if len(character) == 1 and not character.isascii():
                    yield character, letter


def _options(lines: str) -> dict[str, str]:
    """Return the letters that each character is drawn like, the first alphabet's first."""
    found: dict[str, dict[str, None]] = {}
    for character, letter in _drawn(lines):
        found.setdefault(character, {})[letter] = None
    return {character: "".join(letters) for character, letters in found.items()}


LETTERS = _options(_LETTERS)
SIGNS = _options(_SIGNS)
SOUNDS = {
    character: sound.strip("-")
    for characters, sounds in _SOUNDS.items()
    for character, sound in zip(characters, sounds.split(), strict=True)
}
TURNED = {
    character: pair[1].lower()
    for pair in _TURNED.split()
    for character in (pair[0].upper(), pair[0])
    if len(character) == 1 and (character == pair[0] or not character.isascii())
}
GROUPS: dict[str, str] = {}
for _line in _GROUPS.strip().splitlines():
    _letter, *_groups = _line.split()
    for _group in _groups:
        GROUPS[_group] = GROUPS.get(_group, "") + _letter
