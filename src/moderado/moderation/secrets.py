"""Secrets of providers, by name: they are no options, which log and policy versions contain."""

from django.conf import settings


def secret_of(name: str) -> str:
    """Return a secret of `PROVIDER_SECRETS`. Raises ValueError if there is none."""
    secret = settings.PROVIDER_SECRETS.get(name)
    if secret is None:
        raise ValueError(f"PROVIDER_SECRETS has no {name!r}")
    return str(secret.get_secret_value())
