"""Thresholds that remote providers propose for their scores. A policy may have its own."""

from collections.abc import Mapping

# Services are not calibrated for the texts of this server: they hold, and never block alone.
CAUTIOUS: Mapping[str, Mapping[str, float]] = {
    "any": {"flag": 0.5, "hold": 0.75},
    "self_harm": {"hold": 0.5},
    "child_safety": {"hold": 0.3},
}
