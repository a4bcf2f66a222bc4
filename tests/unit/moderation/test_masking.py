"""Personal data is masked before a text leaves this server."""

import pytest

from moderado.moderation.outbound.masking import masked

pytestmark = pytest.mark.proves("S28")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("escreva a ana.silva@example.org", "escreva a [EMAIL_1]"),
        ("ana @example.com.br", "[EMAIL_1]"),
        ("cpf 529.982.247-25", "cpf [CPF_1]"),
        ("cpf 52998224725", "cpf [CPF_1]"),
        ("CNPJ 11.222.333/0001-81", "CNPJ [CNPJ_1]"),
        ("cnpj 12.ABC.345/01DE-35", "cnpj [CNPJ_1]"),
        ("cnpj 12abc34501de35", "cnpj [CNPJ_1]"),
        ("liga (11) 91234-5678!", "liga [PHONE_1]!"),
        ("liga 11912345678", "liga [PHONE_1]"),
        ("call +1 202-555-0142", "call [PHONE_1]"),
        ("CEP 01310-100", "CEP [CEP_1]"),
        ("cep: 01310100", "cep: [CEP_1]"),
        ("cartão 4111 1111 1111 1111", "cartão [CARD_1]"),
        ("pix 123e4567-e89b-42d3-a456-426614174000", "pix [PIX_1]"),
        ("cpf ５２９.982.247-25", "cpf [CPF_1]"),
        ("cpf 529.\u200b982.247-25", "cpf [CPF_1]"),
    ],
)
def test_personal_data_becomes_a_token(text, wanted):
    assert masked(text) == wanted


def test_same_value_has_the_same_token_in_any_spelling():
    text = "529.982.247-25 é 52998224725, e 111.444.777-35 não; (11) 91234-5678 = +5511912345678"

    assert masked(text) == "[CPF_1] é [CPF_1], e [CPF_2] não; [PHONE_1] = [PHONE_1]"


@pytest.mark.parametrize(
    "text",
    [
        "bom dia, gente",
        "nasci em 20/11/2026 às 10:30",
        "paguei R$ 1.234,56 em 12x",
        "o número 529.982.247-26 não é válido",
        "pedido 123456789012",
        "ganhamos de 10 a 0, em 3h45",
        "@ana olha isso",
        "versão 3.11.7",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert masked(text) == text
