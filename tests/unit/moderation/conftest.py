"""The statistics of others, to which ours are compared."""

from importlib import import_module
from types import ModuleType

import pytest

# Imported when a test needs them: every process that collects tests would need two seconds for it.


@pytest.fixture(scope="session")
def sklearn_metrics() -> ModuleType:
    return import_module("sklearn.metrics")


@pytest.fixture(scope="session")
def statsmodels_tables() -> ModuleType:
    return import_module("statsmodels.stats.contingency_tables")


@pytest.fixture(scope="session")
def statsmodels_proportion() -> ModuleType:
    return import_module("statsmodels.stats.proportion")
