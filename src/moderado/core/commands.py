"""What management commands share: how they say that a service or a file was refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from moderado.core.errors import ApplicationError, Invalid, NotFound

_NO_SUCH_THING = "There is nothing with this name, number, e-mail address or id."


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn refusals of services and of the file system into one line without a traceback.

    Raises:
        CommandError: The sentence of the refusal, those of the invalid fields, or the file and why
            it cannot be read or written.
    """
    try:
        yield
    except Invalid as error:
        sentences = " ".join(map(str, error.fields.values()))
        raise CommandError(sentences or str(error)) from None
    except NotFound as error:
        # Operators may see everything, so NotFound says that what they named does not exist.
        is_named = str(error) != str(NotFound.message)
        raise CommandError(str(error) if is_named else _NO_SUCH_THING) from None
    except ApplicationError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        if error.filename is None:  # of a connection: not about what the user named
            raise
        raise CommandError(f"{error.filename}: {error.strerror}") from None
