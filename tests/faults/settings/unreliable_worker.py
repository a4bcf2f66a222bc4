"""The worker's settings on a channel layer that mistreats what it is given."""

from moderado.config.settings.worker import *
from moderado.config.settings.worker import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.layer.Unreliable"
