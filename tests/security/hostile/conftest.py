"""The real server, and what hostile input needs of it."""

from tests.integration.realtime.conftest import cast, configured, server

__all__ = ["cast", "configured", "server"]
