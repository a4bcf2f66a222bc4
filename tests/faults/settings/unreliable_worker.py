"""The settings of a worker on an unreliable channel layer."""

from moderado.config.settings.worker import *
from moderado.config.settings.worker import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.layer.Unreliable"
