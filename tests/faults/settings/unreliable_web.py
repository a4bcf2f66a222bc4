"""The web's settings on a channel layer that mistreats what it is given."""

from moderado.config.settings.web import *
from moderado.config.settings.web import CHANNEL_LAYERS

CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.layer.Unreliable"
