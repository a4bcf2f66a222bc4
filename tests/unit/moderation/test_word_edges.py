"""Letters are read that flags, fillers, signs, capitals and names of letters disguise."""

import pytest

from tests.unit.moderation.test_ordinary_writing import hits


@pytest.mark.proves("R175")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("acho que P, U, T, A mesmo", "puta"), ("you are F, U, C, K", "fuck")),
        *(("acho que p => u => t => a mesmo", "puta"), ("p🇧🇷u🇧🇷t🇧🇷a", "puta")),
        *(("MuitoMerdaMesmo", "merda"), ("#VeryShitGuy", "shit")),
        *(("ela é uma pê u tê a e pronto", "puta"), ("esse vê i a dê o aí", "viado")),
        *(("you are a bee i tee see aitch", "bitch"), ("c=rno por!a", "porra")),
        *(('ela é "pê u tê a" e pronto', "puta"), ("que (pê/u/tê/a) ela é", "puta")),
        *(("merd\u115fa de novo", "merda"), ("que ß0$+@ de dia", "bosta")),
    ],
)
def test_disguised_words_are_read(text, word):
    assert word in {rule.partition("/")[2] for rule, *_ in hits(text)}


@pytest.mark.proves("R175")
@pytest.mark.parametrize(
    "text",
    [
        *("notas A, B, C, D ou F", "tônica em C, A, F, E", "x => y => z", "a + b + c = d"),
        *("Brasil🇧🇷Argentina🇦🇷Chile", "amo o Brasil🇧🇷🇧🇷 demais", "getPublicAssets()"),
        *("vi o PetSounds no YouTube do McDonalds", "o que ele é de fato", "se te vê, que a dê"),
        *("o pé de que ele te deu", "you see a bee, oh why", "sim!não", "a=b c=d", "큰ㅤ나무ㅤ집"),
        *("A => B => C => D", "eu vi a foto dela e o pé dele", "isCute = hasTail && canSwim"),
    ],
)
def test_ordinary_signs_and_letters_are_no_disguise(text):
    assert hits(text) == []


@pytest.mark.proves("R175")
def test_spelled_word_is_marked_as_a_whole():
    text = "que pê u tê o!"

    assert {text[start:end] for _, start, end, *_ in hits(text)} == {"que pê u tê o"}


@pytest.mark.proves("R177")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("ela é ⍴⋃<b>⊺</b>⚠", "puta"), ("ela é &#9076;&#8899;&#8890;&#9888;", "puta")),
        *(("ela é ⍴ ⋃ ⊺ ⚠ mesmo", "puta"), ("ela é ⍴\n⋃\n⊺\n⚠", "puta")),
        *(("ela é p\u3164⨈\u3164t\u3164a", "puta"), ("que po\u3164r\u3164r4", "porra")),
        *(("#QueM3rd4Mesmo", "merda"), ("que pu\u03efa de dia", "puta")),
    ],
)
def test_look_alikes_are_read_through_another_disguise(text, word):
    assert word in {rule.partition("/")[2] for rule, *_ in hits(text)}


@pytest.mark.proves("R177")
@pytest.mark.parametrize(
    "text",
    [
        *("notas ♪ ♫ ♪ de dia", "☂ ☾ ♔ ♗ jogo", "⚽ ⚽ ⚽ gol", "✓ ✓ ✗ ✗ ○", "🅰 🅱 🅾 tipos"),
        *("#NovoDia2024Feliz", "#Copa2026NoMexico", "#AmoSPFC2024Fc", "<b>∀</b>x ∃y: y ⊕ x"),
    ],
)
def test_signs_and_hashtags_are_no_disguise(text):
    assert hits(text) == []


@pytest.mark.proves("R178")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("ela é ɐ.ʇ.n.d mesmo", "puta"), ("ela é ɐ<b>ʇ</b>nd mesmo", "puta")),
        *(("olha ʞ ɔ n ɟ aí", "fuck"), ("olha ꞰƆ∩Ⅎ aí", "fuck")),
        *(("ⓟ🇧🇷ⓤ🇧🇷ⓣ🇧🇷ⓐ", "puta"), ("p&#112;&#x36d;\u036d&#97; &#112;&#x367;&#x36d;a", "puta")),
        *(("ela é \\ud83c\\udd7f\\ud83c\\udd84ta", "puta"), ("p\\xcd\\xa7\\xcd\\xada", "puta")),
        *(("U+1F17F U+1F184 U+1F183 U+1F170", "puta"), ("pㅤu[b]tㅤa[/b]", "puta")),
        *(("veja https://xn--pua-9ed.com.br", "puta"), ("https://a.example/p%c3%bata", "puta")),
        *(("ela é P. U. T. A. mesmo", "puta"), ("que A. S. n. O. S", "asnos")),
        *(("que m3rd4kkkk", "merda"), ("seuc0rn0", "corno"), ("@b🙈tchez", "bitchez")),
        *(("ela é p * t a", "puta"), ("que pppuuutttaaahahaha", "puta")),
    ],
)
def test_disguises_of_two_layers_are_read(text, word):
    assert word in {rule.partition("/")[2] for rule, *_ in hits(text)}


@pytest.mark.proves("R178")
@pytest.mark.parametrize(
    "text",
    [
        *("XRC", "BKT", "ZRL", "WHR"),
        *("J. R. R. Tolkien e C. S. Lewis", "o D. P. de lá", "E. U. A.", "S. O. S. me ajuda"),
        *("/ˈfʌkɪŋ/ kˈʌt", "ele falou ʌ e ʍ", "/bʌt/ /kʌp/ /pʌn/", "\\xc3\\xa9 isso", "r2d2kkkk"),
        *("https://pt.wikipedia.org/wiki/S%C3%A3o_Paulo", "https://xn--mnchen-3ya.de", "user4you"),
        *(
            "x * y = z",
            "3 * a b",
            "m * s e i",
            "@55",
            "#4you",
            "xn--",
            "Côte\\xa0d",
            "audi a3 1.9 tdi",
        ),
    ],
)
def test_initials_codes_and_formulas_are_no_disguise(text):
    assert hits(text) == []


@pytest.mark.proves("R178")
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("é p&#117;&#x74;&#97;!", "p&#117;&#x74;&#97;"),
        ("é p%75t%61!", "p%75t%61"),
        ("é p<b>u</b>ta!", "p<b>u</b>ta"),
        ("é **d✱mbass**!", "d✱mbass**"),
    ],
)
def test_encoded_word_is_marked_as_a_whole(text, written):
    assert written in {text[start:end] for _, start, end, *_ in hits(text)}


@pytest.mark.proves("R179")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ela é k a r a l h u", "caralho"),
        ("a r r o m b d o", "arrombado"),
        ("c\na\nr\nl\nh\no", "caralho"),
    ],
)
def test_misspelled_word_is_read_from_letters_apart_with_doubt(text, word):
    found = [hit for hit in hits(text) if word in hit[0]]

    assert found
    assert not any(certain for *_, certain, _ in found)


@pytest.mark.proves("R179")
@pytest.mark.parametrize(
    "text",
    [
        *("P R O M O Ç Ã O", "v e n d e d o r", "M A R I A N A", "F E L I Z  N A T A L"),
        *("a b c d e f g h i j", "V V E D V E", "dó: C D E F G A B"),
    ],
)
def test_ordinary_letters_apart_are_no_misspelling(text):
    assert hits(text) == []


@pytest.mark.proves("S179")
@pytest.mark.parametrize(
    ("text", "word"),
    [
        *(("seu otár io", "otario"), ("sua vaga bunda", "vagabunda"), ("you reta rd", "retard")),
        *(("seu arrom b4do", "arrombado"), ("seu im b3cil", "imbecil")),
        *(("você é uma p00ta", "puta"), ("you little (unt", "cunt"), ("seu (orno manso", "corno")),
        *(("you c\\nt", "cunt"), ("ni🅱️🅱️er go home", "nigger"), ("seu a t u p", "puta")),
    ],
)
def test_names_that_are_cut_masked_or_turned_are_read(text, word):
    assert word in {each for rule, *_ in hits(text) for each in rule.partition("/")[2].split()}


@pytest.mark.proves("S179")
@pytest.mark.parametrize(
    "text",
    [
        *("sua vaga de emprego saiu", "seu can to é lindo", "you can t be serious", "00 a 00"),
        *("me liga (se puder", "(a) um; (b) dois", "C:\\new\\cat\\nt", "use \\n e \\t"),
        *("vitamina 🅱️12 e tipo 🅱️ positivo", "notas a s a c", "your re port is late"),
    ],
)
def test_spaces_brackets_and_buttons_of_ordinary_texts_are_no_disguise(text):
    assert hits(text) == []
