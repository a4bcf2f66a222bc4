import pytest


@pytest.fixture(autouse=True)
def _obedient_provider(obedient_provider):
    """All tests of this folder use it."""
