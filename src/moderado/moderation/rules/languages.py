"""A cheap hint at the language of a text, from its own words and letters.

It keeps words of other languages out of the lists: *en retard* (French), *slut* (Swedish). It is no
language detection: it knows a few frequent words of each language, and most texts give no hint.
"""

_WORDS = {
    "pt": "o a e os as de te se me lhe num numa"
    " nao voce vc vcs voces que um uma pra pro com isso esse essa ele ela eles muito mas ta to"
    " eu meu minha seu sua do da dos das no na nos nas em por foi tem vai ser mais quando como"
    " quem aqui agora gente cara hoje tudo todo bem ja so sou estou esta era tinha pelo pela ao"
    " aos tambem ate depois porque pq mesmo nem sem fazer vou tava ne mano vem olha nossa",
    "en": "a"
    " the you your and is are was were this that what with have has had not dont im its it he"
    " she they we my his her their of for from but just like about would can will been be if at"
    " on so all who when there than them these out how get got do did i me to one"
    " some any good see know want need really very well only also because here there now then",
    "es": "el los las una del y pero muy por que con esta este eso ese usted ustedes nosotros hola"
    " gracias donde cuando tambien yo mi tengo hacer hay soy eres somos ellos ella nada bueno"
    " quiero puede porque sobre hasta desde sus lo al se le no me te si como para",
    "fr": "le les des une est et je tu il nous vous ils pas avec pour dans sur mais mon ma mes son"
    " suis etes sont cette ces qui que quoi non oui desole tres plus du au aux en ne ce un la"
    " merci bonjour bientot jai cest fait etait chez deux",
    "it": "il lo gli una di che non sono con per questo questa come anche piu ma molto ciao grazie"
    " della dello delle dei nel nella sul suono ho hai abbiamo io noi voi loro un la le e del"
    " francese mio mia tuo bene sempre fare stato perche",
    "de": "der die das und ist nicht ein eine einen ich du wir ihr sie mit von zu auf fur den dem"
    " des im am auch nach aber wie was bei aus wird war sind haben hat kann jetzt nur oder noch"
    " heist heisst es mir dich dir mein dein kein sehr gut",
    "nl": "de het een en van ik je niet dat is met voor zijn op aan te er maar om ook wat hoe naar"
    " bij deze heeft we wij zij jij mijn goed heel geen als nog wel gaat",
    "sv": "och att det som en pa ar av for med den till inte har jag vi ett om men sa var han hon"
    " pa rean nu ska kan eller min din hej tack mycket bra vad efter ingen snart dag",
    "no": "og det som er pa av for med den til ikke har jeg vi et om men sa var han hun du hvilket"
    " hva hvor skal kan eller min din takk mye bra tar en jo na fra ble meg deg skole dag",
    "da": "og det som er pa af for med den til ikke har jeg vi et om men sa var han hun du hvilket"
    " hvad hvor skal kan eller min din tak meget godt en fra blev mig dig nu slut dag",
    "ro": "si de la un o pe nu este sunt cu din mai ca pentru care sa am ai are fost fi eu tu noi"
    " voi el ea ei lui ne va ce da multumesc buna placere asta acum foarte unde drag siguranta"
    " toti bine tine draga azi maine",
    "ca": "el la els les un una i de que amb per no es son aquest aquesta pero molt mes com jo tu"
    " nosaltres vestit mare pare avui dema gracies si al del dels ha han fer on quan",
    "hr": "i je da se na u za su ne sam od kao ali to sto koji si ja ti on ona mi vi oni nije cu"
    " necu ce hocu ovo gdje kako dobro samo jos ili bio sve kada",
    "pl": "i w nie na sie z do to jest ze co jak ale po o tak za od czy ja ty on ona dla byl mam"
    " tylko juz jego bardzo dziekuje prosze",
    "vi": "la va cua khong co nguoi toi anh em con meo nay do cho voi mot cac nhung duoc trong"
    " chung ta rat nhieu gi",
    "tr": "ve bir bu da de icin ne var yok ben sen o biz siz cok gibi ama mi mu ile daha iyi"
    " merhaba tesekkur",
    "id": "yang dan di itu ini untuk dengan tidak dari akan saya aku kamu dia kami ke ada bisa"
    " sudah juga lagi",
}
_LETTERS = {
    letter: language
    for language, letters in {
        "pt": "ãõ", "ro": "ășț", "tr": "şığ", "sv": "å", "no": "øæ", "de": "ß", "es": "ñ¿¡",
        "hr": "ćčđžš", "fr": "œûëè", "pl": "łęąś", "vi": "ơưạếộ", "it": "ìùò",
    }.items()
    for letter in letters
}  # fmt: skip
_LETTER_WEIGHT = 2
_CODES = tuple(_WORDS)
_SPOKEN: dict[str, list[int]] = {}  # each word, with the places of its languages in `_CODES`
for _place, _words in enumerate(_WORDS.values()):
    for _word in _words.split():
        _SPOKEN.setdefault(_word, []).append(_place)
_WRITTEN = {letter: _CODES.index(code) for letter, code in _LETTERS.items()}
_PORTUGUESE, _ENGLISH = _CODES.index("pt"), _CODES.index("en")
_LEAST = 2


def hint(words: str, text: str) -> str:
    """Return the code of the language that most evidence points to, or an empty string.

    Args:
        words: The text, folded, with one space between words.
        text: The text as written: its accents and letters are evidence too.
    """
    evidence = [0] * len(_CODES)
    for word in set(words.split()):
        for place in _SPOKEN.get(word, ()):
            evidence[place] += 1
    if not text.isascii():
        for letter in _WRITTEN.keys() & set(text.lower()):
            place = _WRITTEN[letter]
            if evidence[place] or place == _PORTUGUESE:  # else it may disguise a word: "pretø"
                evidence[place] += _LETTER_WEIGHT
    ours = _PORTUGUESE if evidence[_PORTUGUESE] >= evidence[_ENGLISH] else _ENGLISH
    other = max(range(len(_CODES)), key=evidence.__getitem__)
    if evidence[other] >= evidence[ours] + _LEAST:
        return _CODES[other]
    even = evidence[_PORTUGUESE] == evidence[_ENGLISH]
    return "" if even else _CODES[ours]
