"""The messages of the load: ordinary sentences, and a share of offensive ones."""

SENTENCES = (
    "bom dia, tudo bem com vocês?",
    "alguém viu o jogo ontem à noite?",
    "a reunião ficou para as 15h, confirma por favor",
    "kkkkk não acredito que você fez isso",
    "segue o link da pauta: https://example.org/pauta?dia=3",
    "obrigado pela ajuda, resolveu o meu problema 🙏",
    "acho que a segunda opção é melhor, porque custa menos e chega antes do fim do mês",
    "Vou viajar na sexta e só volto na terça; quem pode ficar com as chaves?",
    "ok",
    "não concordo, mas entendo o seu ponto de vista",
    "o ônibus atrasou de novo hoje, cheguei só às nove e meia",
    "does anybody know whether the library is open on Sunday?",
    "parabéns!!! muitos anos de vida e muita saúde 🎂🎉",
    "que calor é esse, meu Deus... 38 graus e o ventilador quebrou",
    "preciso de uma receita de bolo de cenoura que não leve leite",
    "já mandei o relatório revisado para todo mundo, qualquer coisa me avisem até amanhã",
)
OFFENSIVE = "vai se foder, seu filho da puta"
OFFENSIVE_EVERY = 25  # one message in so many is offensive

# Delimits the message's number, which every frame about the message contains. Neither the sentences
# nor other parts of the frames contain it.
MARK = b"~"
DIGITS = 8


def text_of(number: int) -> str:
    """Return the text of message `number`; every number has its own."""
    words = (
        OFFENSIVE
        if number % OFFENSIVE_EVERY == OFFENSIVE_EVERY - 1
        else SENTENCES[number % len(SENTENCES)]
    )
    return f"{words} ~{number:0{DIGITS}d}~"


def number_in(buffer: bytes, start: int, stop: int) -> int:
    """Return the number of the message in the frame `buffer[start:stop]`; -1 if it has none."""
    at = buffer.find(MARK, start, stop)
    return -1 if at < 0 else int(buffer[at + 1 : at + 1 + DIGITS])
