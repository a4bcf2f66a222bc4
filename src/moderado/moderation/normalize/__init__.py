"""Reads text as people do: through case, accents, look-alike letters and common disguises."""

from moderado.moderation.normalize.folding import Folded, fold

__all__ = ["Folded", "fold"]
