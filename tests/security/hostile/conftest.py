"""The real server, and fixtures for hostile input."""

from tests.integration.realtime.conftest import cast, configured, server, timing

__all__ = ["cast", "configured", "server", "timing"]
