"""What happens after what. The one module that knows every context and every door."""

from moderado.core.events import connect


def wire() -> None:
    connect({})
