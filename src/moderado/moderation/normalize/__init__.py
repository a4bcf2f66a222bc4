"""Reading text as people do: through case, accents, look-alikes and the commonest disguises."""

from moderado.moderation.normalize.folding import Folded, fold

__all__ = ["Folded", "fold"]
