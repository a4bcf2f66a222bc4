"""What the lists make of banter, hyperbole, titles and animals, beside what resembles them."""

import uuid

import pytest

from moderado.moderation.decide import CompiledPolicy, decide
from moderado.moderation.effects import Effect
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.types import Content, Outcome, Usage

FLAG, HOLD, BLOCK = Outcome.FLAG, Outcome.HOLD, Outcome.BLOCK
LISTS = BlocklistProvider()


def judged(text):
    content = Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)
    signals = LISTS.assess([content])
    policy = CompiledPolicy(rules=[LISTS.effects])
    return decide(signals, [], policy, content).outcome, {each.usage for each in signals[0].matches}


def assert_only_the_second_is_stopped(ordinary, offensive):
    assert judged(ordinary)[0].severity <= FLAG.severity
    assert judged(offensive)[0].severity >= HOLD.severity


@pytest.mark.proves("R180")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        ("fala seu puto", "seu puto"),
        ("fala seu puto, beleza?", "fala seu puto nojento"),
        ("e aí seu corno, vai ter pelada?", "e aí seu corno, me paga a grana"),
        ("bom dia seus putos, quem vem?", "bom dia seus putos, vão morrer"),
        ("valeu seu corno, salvou meu dia", "valeu seu corno, perdi o dia"),
        ("boa seu filho da puta, que golaço!", "boa seu filho da puta, que burro"),
        ("parabéns seu puto, muito sucesso", "parabéns seu puto, acabou com tudo"),
        ("seu safadinho", "seu safado"),
        ("congrats you bastard, you did it!", "you bastard, you did it!"),
        ("hey bitches, who's coming to brunch?", "hey bitches, get out"),
    ],
)
def test_greeting_thanks_or_cheer_among_friends_is_no_insult(ordinary, offensive):
    assert_only_the_second_is_stopped(ordinary, offensive)


@pytest.mark.proves("R336")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        ("gente de pele clara queima no sol", "gente de pele escura é tudo ladrão"),
        ("quem mora na favela merece saneamento", "quem mora na favela é tudo bandido"),
        ("mulher trans é mulher e ponto", "mulher trans é homem fantasiado"),
        ("é mentira que nordestino não sabe votar", "nordestino não sabe votar"),
        ("negros não podiam votar na época", "negro não devia votar"),
        ("poor animals in that shelter", "poor people are vermin"),
        ("girls can't play until the field dries", "girls can't code"),
        ("hearing that girls can't code made me angry", "girls can't code lol"),
        ("refugees should not be sent back", "refugees should drown"),
        ("trans people are not mentally ill", "being trans is a mental illness"),
        ("people from there are all very friendly", "people from there are all thieves"),
    ],
)
def test_group_is_described_or_scorned(ordinary, offensive):
    assert_only_the_second_is_stopped(ordinary, offensive)


@pytest.mark.proves("R343")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        ("idiota, eu esqueci a carteira", "idiota, larga minha carteira"),
        ("otário aqui pagou a conta", "otário, aprende a ler"),
        ("imbecil foi a decisão, você viu?", "imbecil, você não viu?"),
        ("lixo, você sabe que dia passa o caminhão?", "macaca, sai do meu chat"),
        ("vagabunda, disse ele, e foi embora", "vagabunda interesseira, todos sabem quem você é"),
        ("stupid me, you were right", "stupid cow, learn to drive"),
        ("rats, you are out of milk", "retarded clown, learn to read"),
        ("bitch, please", "slut, give me back my money"),
        ("idiot, i left my phone at home", "idiot, leave my phone alone"),
    ],
)
def test_name_that_begins_a_clause_calls_the_reader(ordinary, offensive):
    assert_only_the_second_is_stopped(ordinary, offensive)


@pytest.mark.proves("R337")
@pytest.mark.parametrize(
    "ordinary, offensive",
    [
        (
            "sei onde você mora, é perto da padaria né?",
            "sei onde você mora, perto da padaria, cuidado quando sair",
        ),
        ("sei onde você trabalha, passo lá sempre", "sei onde você trabalha"),
        (
            "I know where you live, it's by the bakery right?",
            "I know where you live, by the bakery, watch your back",
        ),
        ("I know where you work, near the station", "I know where you work"),
        ("você vai ver só o desconto que consegui", "você vai ver só"),
    ],
)
def test_where_a_person_lives_is_an_errand_or_a_threat(ordinary, offensive):
    assert_only_the_second_is_stopped(ordinary, offensive)


@pytest.mark.proves("R183")
@pytest.mark.parametrize(
    "trifle, grave",
    [
        ("se você esquecer o leite eu te mato", "se você me deixar eu te mato"),
        ("se contar o final da série eu te mato", "se contar pra polícia eu te mato"),
        ("eu te mato se você comer meu chocolate", "eu te mato se você falar com ele"),
        ("te mato se não vier na minha festa", "te mato se aparecer na minha festa"),
        ("se queimar o arroz eu te mato", "se queimar o arroz eu te mato, tô falando sério"),
        ("se me acordar cedo eu te esgano", "se me acordar cedo eu te esgano, inútil"),
        ("if you forget the cake I'll kill you", "if you forget the money I'll kill you"),
        ("I will kill you if you eat my leftovers", "I will kill you if you eat with her"),
        ("don't tell me the ending or I'll murder you", "don't tell the cops or I'll murder you"),
        ("we will kill you guys in the derby", "we will kill you guys in the street"),
    ],
)
def test_threat_that_hangs_on_a_trifle_is_flagged_at_most(trifle, grave):
    assert_only_the_second_is_stopped(trifle, grave)


@pytest.mark.proves("R183")
@pytest.mark.parametrize(
    "text",
    [
        "if you go to the police I will kill you", "when I find the car I'll shoot you",
        "se gritar eu te mato", "se voltar com ele eu acabo com a sua vida",
    ],
)  # fmt: skip
def test_threat_behind_a_condition_is_stopped(text):
    assert judged(text)[0].severity >= HOLD.severity


@pytest.mark.proves("R183")
def test_hyperbole_has_a_use_of_its_own_and_is_flagged_whatever_the_rule_says():
    assert judged("se você esquecer o leite eu te mato") == (FLAG, {Usage.HYPERBOLE})
    assert Effect(outcome=BLOCK).of(Usage.HYPERBOLE) is FLAG


@pytest.mark.proves("R186")
@pytest.mark.parametrize(
    "title, said",
    [
        ("O Idiota, de Dostoiévski", "o idiota, vem ler Dostoiévski"),
        ("O Babaca, romance de estreia", "ô babaca, que romance"),
        ("leitura da semana: O Idiota, Dostoiévski", "semana: você é O Idiota, Dostoiévski"),
        ("Fuck You, da Lily Allen, é um clássico", "Fuck you, Lily"),
        ("Seu Filho da Puta é o título do conto", "Seu Filho da Puta, vai trabalhar"),
        ("Eu Vou Te Matar é um conto de terror", "Eu Vou Te Matar, desgraçado"),
        ("Sua Idiota é o novo single dela", "Sua Idiota, olha o que fez"),
        ("You Stupid Bitch is my favorite song", "You Stupid Bitch, get lost"),
    ],
)
def test_title_of_a_work_is_not_said_to_a_person(title, said):
    assert_only_the_second_is_stopped(title, said)


@pytest.mark.proves("R186")
@pytest.mark.parametrize(
    "kept, insult",
    [
        ("sua cadela no cio precisa ficar separada", "sua cadela no cio"),
        ("seu jumento fugiu, fecha a porteira", "seu jumento, aprende a ler"),
        ("sua égua e seu jegue estão no meu pasto", "você é um jegue"),
        ("seu asno está mancando, chame o veterinário", "seu asno ignorante"),
        ("my vet says you bitch owners worry too much", "you bitch, shut up"),
    ],
)
def test_animal_that_a_person_keeps_is_no_insult(kept, insult):
    assert_only_the_second_is_stopped(kept, insult)


@pytest.mark.proves("R201")
@pytest.mark.parametrize(
    "remark, said",
    [
        ("kike, que é um termo racista", "kike, que é um lixo"),
        ("o faggot é um xingamento pesado em inglês", "o faggot é um vagabundo"),
        ("não se diz nigger, é ofensivo", "não quero nigger na minha escola"),
        ("ele me chamou de faggot na aula", "ele é um faggot nojento"),
        ("viado is a slur in Portuguese", "you are a viado and a slut"),
        ("se você perde duas vezes, você é um loser", "você é um loser"),
    ],
)
def test_cues_of_the_text_explain_a_word_of_the_other_language(remark, said):
    assert_only_the_second_is_stopped(remark, said)


@pytest.mark.proves("R200")
@pytest.mark.parametrize(
    "thing, person",
    [
        ("manda nudes do seu setup", "manda nudes do seu corpo"),
        ("me passa umas nudes dessa bicicleta nova", "me passa umas nudes na bicicleta"),
        ("send nudes of your old guitar please", "send nudes of you with the guitar"),
        ("mostra os peitos de frango", "mostra os peitos"),
        ("sua vaca gorda produz mais leite?", "sua vaca gorda come merda"),
        ("seu porco velho já dá uns cem quilos?", "seu porco velho dá nojo"),
        ("work you stupid printer", "work you stupid printer girl"),
        ("eu te mato no próximo round", "eu te mato no próximo encontro"),
        ("I'm going to shoot you next round", "I'm going to shoot you next time"),
    ],
)
def test_rude_words_about_things_animals_and_games_are_not_stopped(thing, person):
    assert_only_the_second_is_stopped(thing, person)
