"""Arguments of the command line that no program can read."""

import os
from collections.abc import Iterable

from moderado.standalone.errors import CannotStart


def check_arguments(arguments: Iterable[str]) -> None:
    """Refuse what is not UTF-8: no database stores it. Names of existing files are accepted.

    Raises:
        CannotStart: An argument has bytes that Python could not decode (PEP 383).
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(argument):
                shown = os.fsencode(argument).decode("utf-8", "backslashreplace")
                raise CannotStart(f"This argument is not UTF-8: {shown}") from None
