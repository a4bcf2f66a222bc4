"""The settings of a web process on an unreliable channel layer."""

from moderado.config.settings.web import *
from moderado.config.settings.web import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.layer.Unreliable"
