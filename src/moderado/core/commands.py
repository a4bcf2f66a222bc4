"""What management commands share: how they say that a service has refused something."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from moderado.core.errors import ApplicationError, Invalid


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn the refusals of services into one line without a traceback.

    Raises:
        CommandError: The sentence of the refusal, or those of the invalid fields.
    """
    try:
        yield
    except Invalid as error:
        sentences = " ".join(map(str, error.fields.values()))
        raise CommandError(sentences or str(error)) from None
    except ApplicationError as error:
        raise CommandError(str(error)) from None
