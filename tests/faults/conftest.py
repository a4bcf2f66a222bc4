"""What the tests of faults share: a database to copy, and clusters made from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, Plan, make_template, running


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """A stopped server with empty tables."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def start_cluster(template, tmp_path_factory) -> Iterator[Callable[..., Cluster]]:
    """Starts clusters, `start_cluster(webs=2, judged_by="remote")`, that live as long as the
    module's tests."""
    with ExitStack() as stack:

        def start(**plan: Any) -> Cluster:
            folder = tmp_path_factory.mktemp("cluster")
            return stack.enter_context(running(folder, Plan(**plan), template=template))

        yield start
