"""Which names and e-mail addresses are the same, and which names look like those of staff."""

import pytest

from moderado.accounts.lookalikes import email_key, looks_like, name_key, reserved_word_in
from moderado.config.access_settings import RESERVED_NAMES
from moderado.core.alphabets import LETTERS

pytestmark = pytest.mark.proves("S55", "S98")


@pytest.mark.parametrize(
    "name",
    [
        "Mara (moderadora)", "Mоderador", "m0derad0r", "M o d e r a d o r", "s.t.a.f.f",
        "rnoderadora", "AdminJoao", "admin1", "4dmin", "аdmin", "Ｓｔａｆｆ", "5t4ff", "Admín",
        "moderad0ra_oficial", "MODERAÇÃO", "Equipe Chat", "suporte24", "m\u0301oderador", "Sistema",
        "ad-min", "Mara st.aff", "su porte", "ADMlN", "STΑFF", "ꓮDMIN", "🅐🅓🅜🅘🅝", "⒜dmin", "ADMMara",
        "Mara (mod)", "M0D", "Os Mods", "administração", "Ⱥdmin", "ꓮᵭmin", "אadmin", "日admin",
        "Conta Oficial", "0fficial", "administradores",
        # signs, which split a word, and alphabets of text generators
        "@dmin", "adm!n", "@dm!n", "st@ff", "$taff", "moder@dor", "Moder@dora", "mod€rador",
        "ᗩᗪᗰIᑎ", "ᔕᑌᑭOᖇTE", "ᎪᎠᎷᏆΝ", "🇲🇴🇩🇪🇷🇦🇩🇴🇷🇦", "moderad◯r", "moderad⭕r", "M🔴derador",
    ],
)  # fmt: skip
def test_name_with_a_reserved_word_is_found_in_any_disguise(name):
    assert reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Badminton",
        "Stafford",
        "Moderato",
        "Ecossistema",
        "Adão",
        "Rute",
        "Systema",
        "Modesto",
        "Modéstia",
        "Oficialmente",
        "Ødegård",
        "张伟",
        "Ada Min",
        "Ana-Maria",
        "🙂",
        "Ana ❤",
        "Ana 🇧🇷",
        "Rui $",
        "Ana @ Rio",
        "Oi!",
        "Мария",
        "Адам",
        "Ελένη",
        "Αδμήτη",
        "สมชาย",
        "דוד",
        "🅰na",
    ],
)
def test_other_names_are_free(name):
    assert not reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.proves("S224")
@pytest.mark.parametrize("word", ["moderador", "admin", "suporte", "staff", "system"])
def test_reserved_word_is_read_in_each_alphabet_of_text_generators(word):
    drawn = [(sign, letter) for sign, letters in LETTERS.items() for letter in letters]
    names = [word.replace(letter, sign) for sign, letter in drawn if letter in word]

    assert [name for name in names if not reserved_word_in(name, tuple(RESERVED_NAMES))] == []


@pytest.mark.proves("S224")
@pytest.mark.parametrize(
    "name", ["S†aff", "₳dmin", "mo∂", "m⊕d", "Δdmin", "модератор", "Админ", "администратор"]
)
def test_reserved_word_is_read_in_signs_and_other_alphabets(name):
    words = (*RESERVED_NAMES, "administrator")

    assert reserved_word_in(name, words)


@pytest.mark.proves("S224")
@pytest.mark.parametrize(
    "name", ["@lice", "Álice", "Alic3", "ΔLICE", "Аlice", "a.l.i.c.e", "ᗩᒪIᑕE", "Al¡ce", "🅰lice"]
)
def test_name_that_a_reader_takes_for_another_is_found(name):
    assert looks_like(name, "Alice")


@pytest.mark.proves("S180")
@pytest.mark.parametrize(
    "name",
    [
        "ɹopɐɹǝpoɯ", "∀pɯᴉu", "uıɯpɐ", "Ana uıɯpɐ", "ɿobɒɿɘbom", "ɒbmin", "ᴎimbɒ", "ɟɟɐʇs",
        "moclerador", "aclmin", "nnoderador", "/\\dmin", "/-\\dmin", "|\\/|oderador", "adm|/|",
        "a|)min", "m()d", "m[]d", "moderad()r", "|V|od", "sta∫∫", "∧dmin", "∂dmin", "m∅d",
    ],
)  # fmt: skip
def test_reserved_word_is_read_turned_mirrored_and_in_groups(name):
    assert reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.proves("S180")
@pytest.mark.parametrize("name", ["ɐɹɐɯ", "/\\/\\ara", "|\\/|ara", "Mɐɹɐ", "nnara"])
def test_turned_or_grouped_name_of_staff_is_found(name):
    assert looks_like(name, "Mara")


@pytest.mark.parametrize("name", ["Işıl", "Clara", "Anna", "Ana :) (oi)", "Λίνα", "Clodoaldo"])
def test_names_with_turned_letters_or_groups_are_free(name):
    assert not reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.parametrize("one, other", [("₿ru∩o", "Bruno"), ("₿r∩no", "Bruno")])
def test_sign_that_is_drawn_like_two_letters_is_read_as_either(one, other):
    assert looks_like(one, other)


@pytest.mark.parametrize(
    "one, other", [("Alicia", "Alice"), ("Ana", "Anna"), ("🙂", "🙃"), ("Rui 2", "Rui 9")]
)
def test_other_names_look_different(one, other):
    assert not looks_like(one, other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("Mara", "Mаra"),
        ("Mara", "ＭＡＲＡ"),
        ("Mara Lima", "mara.lima"),
        ("Iris", "lris"),
        ("Oto", "0to"),
    ],
)
def test_names_that_look_the_same_have_one_key(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("josé@example.org", "jose\u0301@example.org"),
        ("ana@example.org", "ＡＮＡ@EXAMPLE.org"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@bücher.example", "ana@bu\u0308cher。example"),
        ("ana@example.org", "a\u00adna@example.org"),
        ("straße@example.org", "STRASSE@example.org"),
        ("ﬁna@example.org", "fina@example.org"),
        ('"ana"@example.org', "ana@example.org"),
        ('"a\\na"@example.org', "ana@example.org"),
        ("ana@☃.example", "ana@xn--n3h.example"),
        ("ana@i❤.example", "ANA@XN--I-7IQ.example"),
        ("ana@[::1]", "ana@[0:0:0:0:0:0:0:1]"),
        ("ana@[2001:DB8::A]", "ana@[2001:db8:0::a]"),
    ],
)
def test_equivalent_addresses_have_one_key(one, other):
    assert email_key(one) == email_key(other)


def test_different_addresses_have_different_keys():
    addresses = ["ana@example.org", "a.na@example.org", "ana+x@example.org", "ana@example.com"]

    assert len({email_key(address) for address in addresses}) == 4


@pytest.mark.proves("S247")
@pytest.mark.parametrize(
    "name",
    [
        "Mara ✓", "✔️ Mara", "Mara ☑", "Mara ✅", "Mara 🗸", "🛡️ Mara", "🛡Mara", "⛨ Mara",
        "Mara ᵛᵉʳᶦᶠᶦᵉᵈ", "Conta Verificada", "V3rific@do", "Chat Moderado", "ChatModerado Bot",
        "Super User", "SysAdmin",
    ],
)  # fmt: skip
def test_badge_of_staff_is_found_in_a_name(name):
    assert reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.proves("S247")
@pytest.mark.parametrize("name", ["🙂", "Ana ❤️", "Zé ⚔️", "Ana √2", "V de Vera", "Moderato", ""])
def test_other_signs_are_free(name):
    assert not reserved_word_in(name, tuple(RESERVED_NAMES))


@pytest.mark.proves("S247")
def test_operators_reserve_signs_of_their_own():
    assert reserved_word_in("Ana ⭐️", ("⭐",))
    assert not reserved_word_in("Ana ✓", ("⭐", "admin"))


@pytest.mark.proves("S247")
@pytest.mark.parametrize("name", ["Мара Соуза", "Mara Souza ™", "Mara Souza℠", "Μάρα Σουζα"])
def test_name_of_staff_is_found_by_its_sound_and_with_ornaments(name):
    assert looks_like(name, "Mara Souza")
