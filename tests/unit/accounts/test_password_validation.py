"""Leaked, frequent and context-specific passwords are refused."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from zxcvbn import matching

from moderado.accounts.models import User
from moderado.accounts.password_validation import MAX_SUBSTITUTED, guesses_log10

pytestmark = pytest.mark.proves("S48")


@pytest.fixture
def user(settings):
    settings.ALLOWED_HOSTS = ["localhost", "papo.example.org"]
    return User(name="Ana Beatriz Ferrás", email="anab.ferraz@empresa.example")


@pytest.mark.parametrize(
    "password",
    [
        "password12", "P@ssw0rd123", "iloveyou2023", "trustno1trustno1",  # leaked
        "senha12345", "S3nh@2026!!", "Senha@2024!", "mudar@1234", "brasil2026!", "flamengo10!",
        "Corinthians1910", "deusefiel123", "meuamor2020", "juliana1234", "janeiro2026!",
        "coração2026", "CORACAO2026", "ahnes12345",  # the last one is reversed
        "qwerty123456", "1q2w3e4r5t6y", "asdfghjkl123", "1qaz2wsx3edc",  # keyboard
        "aaaaaaaaaaaa", "abcabcabcabc", "abcdefghij", "20/11/1995ab", "99999999999x",
        "chatmoderado1", "moderado2026!", "salageral123", "papo.example1",  # site
        "anab.ferraz1", "AnaBeatriz2026", "ferras12345", "empresa12345",  # account
        "empresa.example", "elpmaxe.aserpme", "anab.ferraz@emp", "ferrasbeatrizana7",
        "Ana Beatriz F. 77", "anab-ferraz-2026", "anab_ferraz_01", "papo-example-org",
        "eu te amo 123", "f-l-a-m-e-n-g-o-10", "senha.do.admin",
    ],
)  # fmt: skip
def test_guessable_password_is_refused(user, password):
    with pytest.raises(ValidationError):
        validate_password(password, user=user)


@pytest.mark.parametrize(
    "password",
    [
        "uma frase bem longa", "correct horse battery", "xK9!vbT2qLpw", "j8Fz0sQm4p",
        "?;~]{|>^:<=+", "x7$!^)&%2@#",
        "tamanco azul no telhado", "Zebra-lampada-17-cuscuz", "日本語のとても長いパスワード",
        "rio que corre manso", "tinta-velha-no-muro", "pote.barro.lenha.41", "xxxJd83hqwLm0",
    ],
)  # fmt: skip
def test_other_passwords_are_accepted(user, password):
    validate_password(password, user=user)


def test_context_of_one_account_does_not_count_for_another(user):
    with pytest.raises(ValidationError):
        validate_password("ferrazferraz77", user=user)
    other = User(name="Zulmira", email="z@example.org")

    validate_password("Ferraz tamanco 77", user=other)


def test_combinations_of_substitutes_are_not_tried_one_by_one(monkeypatch):
    """zxcvbn alone tries each combination, which takes seconds for this password."""
    symbols = "4@8({[<369!1|0$5+7%2"
    tried = []
    real = matching.enumerate_l33t_subs
    monkeypatch.setattr(
        matching, "enumerate_l33t_subs", lambda table: tried.append(table) or real(table)
    )

    for password in (symbols * 2, "4@8({[<3", "p4ssw0rd-w1th-l3tters", symbols + "senha"):
        guesses_log10(password, context=iter(()))

    assert tried
    assert max(len(set().union(*table.values())) for table in tried if table) <= MAX_SUBSTITUTED
