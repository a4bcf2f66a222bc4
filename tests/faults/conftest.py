"""What the tests of faults share: a database to copy, and clusters made from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, Plan, make_template, running
from tests.faults.crowd import Crowd


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


@pytest.fixture
def crowd_of() -> Iterator[Callable[[Cluster], Crowd]]:
    """People at the webs of a cluster, until the test is over; then the cluster is whole again."""
    with ExitStack() as stack:

        def enter(cluster: Cluster) -> Crowd:
            stack.enter_context(_mended(cluster))
            return stack.enter_context(Crowd([web.url for web in cluster.webs]))

        yield enter


@contextmanager
def _mended(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    finally:
        cluster.mend()
