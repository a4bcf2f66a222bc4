"""Configured providers, and the configurations that are refused."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from moderado.chat import tasks
from moderado.chat.services import screening
from moderado.moderation import checks, registry
from moderado.moderation.providers.base import MAX_TIMEOUT, OnError, OnUnknown

STATIC = {"BACKEND": "moderado.moderation.providers.static.StaticProvider"}
BLOCKLIST = {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}
REMOTE = {"BACKEND": "tests.providers.Remote"}
KEYED = {"BACKEND": "tests.providers.Keyed"}


def broken_pattern():
    group = {"id": "own", "patterns": ["(?<=x)y"], "category": "spam", "severity": 1}
    return BLOCKLIST | {"OPTIONS": {"packs": [], "rules": [group | {"action": "block"}]}}


def test_providers_are_built_once_and_in_order(settings):
    settings.MODERATION_PROVIDERS = [STATIC, REMOTE]

    assert [configured.name for configured in registry.configured_providers()] == [
        "static",
        "remote",
    ]
    assert registry.configured_providers() is registry.configured_providers()


def test_changed_setting_rebuilds_providers(settings):
    settings.MODERATION_PROVIDERS = [STATIC]
    first, local = registry.configured_policy().version, registry.is_remote()
    settings.MODERATION_PROVIDERS = [STATIC, REMOTE]

    assert (local, registry.is_remote()) == (False, True)
    assert registry.configured_policy().version != first


def test_policy_version_is_equal_in_every_process(settings):
    settings.MODERATION_PROVIDERS = [STATIC | {"TIMEOUT": 2}]
    first = registry.configured_policy().version
    settings.MODERATION_PROVIDERS = [STATIC]
    settings.MODERATION_PROVIDERS = [STATIC | {"TIMEOUT": 2}]  # built anew

    assert registry.configured_policy().version == first


def test_longest_call_of_the_last_claim_ends_before_the_soft_limit():
    assert screening.BUDGET + MAX_TIMEOUT < tasks.SOFT_LIMIT < tasks.HARD_LIMIT


def test_on_error_defaults_to_next():
    (plain, lenient), mistakes = registry.build(
        [STATIC, REMOTE | {"ON_ERROR": "approve", "TIMEOUT": 1.5}]
    )

    assert mistakes == []
    assert (plain.on_error, plain.timeout) == (OnError.NEXT, 8.0)
    assert (lenient.on_error, lenient.timeout) == (OnError.APPROVE, 1.5)


@pytest.mark.parametrize(
    "entries, complaint",
    [
        ([], "name at least one provider"),
        (["moderado"], "BACKEND"),
        ([{"OPTIONS": {}}], "BACKEND"),
        ([{"BACKEND": "no.such.Provider"}], "No module named"),
        ([{"BACKEND": "moderado.moderation.providers.static.Missing"}], "Missing"),
        ([STATIC | {"OPTIONS": {"outcome": "MAYBE"}}], "MAYBE"),
        ([STATIC | {"OPTIONS": {"colour": "red"}}], "colour"),
        ([STATIC | {"OPTIONS": {"name": ""}}], "name"),
        ([STATIC | {"ON_ERROR": "shrug"}], "shrug"),
        ([REMOTE | {"ON_UNKNOWN": "shrug"}], "shrug"),
        ([REMOTE | {"ON_UNKNOWN": "repeat"}], "idempotent"),
        ([STATIC | {"ON_UNKNOWN": "repeat"}], "idempotent"),
        ([STATIC | {"TIMEOUT": 0}], "TIMEOUT"),
        ([STATIC | {"TIMEOUT": 60}], "TIMEOUT"),
        ([STATIC | {"RETRIES": 3}], "RETRIES"),
        ([STATIC, STATIC], "two providers are named 'static'"),
        ([{"BACKEND": "tests.factories.count"}], "name"),
        ([broken_pattern()], "own"),
    ],
)
def test_invalid_configuration_is_refused_at_start(settings, entries, complaint):
    settings.MODERATION_PROVIDERS = entries

    (error,) = checks.providers_can_be_built()
    assert complaint in error.msg
    with pytest.raises(ImproperlyConfigured, match="MODERATION_PROVIDERS"):
        registry.configured_providers()


def test_only_idempotent_providers_repeat_by_default():
    (plain, keyed, careful), mistakes = registry.build(
        [REMOTE, KEYED, STATIC | {"ON_UNKNOWN": "hold"}]
    )

    assert mistakes == []
    assert [plain.on_unknown, keyed.on_unknown] == [OnUnknown.NEXT, OnUnknown.REPEAT]
    assert careful.on_unknown is OnUnknown.HOLD


def test_all_configuration_errors_are_reported_together(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "no.such"}, STATIC | {"TIMEOUT": -1}]

    assert len(checks.providers_can_be_built()) == 2


def test_default_configuration_is_accepted():
    assert checks.providers_can_be_built() == []
