"""What people say while we measure: ordinary sentences, now and then one that is refused."""

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
ONE_IN = 25  # messages is offensive

# Around a message's number, which comes back in every frame that tells of the message. None of
# the sentences contains it, nor does anything that servers put beside them.
MARK = b"~"
DIGITS = 8


def text_of(number: int) -> str:
    """The text of message `number`: always the same, and unlike any other."""
    words = OFFENSIVE if number % ONE_IN == ONE_IN - 1 else SENTENCES[number % len(SENTENCES)]
    return f"{words} ~{number:0{DIGITS}d}~"


def number_in(buffer: bytes, start: int, stop: int) -> int:
    """The number of the message that the frame `buffer[start:stop]` speaks of; -1: of none."""
    at = buffer.find(MARK, start, stop)
    return -1 if at < 0 else int(buffer[at + 1 : at + 1 + DIGITS])
