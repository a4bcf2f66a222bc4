"""Fixtures of the enforcement tests."""

from tests.integration.moderation.conftest import at_once as at_once
