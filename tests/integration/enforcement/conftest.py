"""Fixtures of the enforcement tests."""

from tests.integration.chat.conftest import heard as heard
from tests.integration.moderation.conftest import at_once as at_once
from tests.integration.moderation.conftest import decided as decided
from tests.integration.moderation.conftest import held as held
