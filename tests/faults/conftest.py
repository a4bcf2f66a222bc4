"""Fixtures of the fault tests: a database template, and clusters made from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, Plan, make_template, running
from tests.faults.crowd import Crowd
from tests.once import made_once


@pytest.fixture(scope="session")
def template(tmp_path_factory, worker_id) -> Path:
    """A stopped database server with empty tables."""
    shared = worker_id != "master"
    return made_once(tmp_path_factory, "template", make_template, shared=shared)


@pytest.fixture(scope="module")
def start_cluster(template, tmp_path_factory) -> Iterator[Callable[..., Cluster]]:
    """Start clusters that live as long as the module's tests.

    Example: `start_cluster(webs=2, judged_by="remote")`.
    """
    with ExitStack() as stack:

        def start(**plan: Any) -> Cluster:
            folder = tmp_path_factory.mktemp("cluster")
            return stack.enter_context(running(folder, Plan(**plan), template=template))

        yield start


@pytest.fixture
def crowd_of() -> Iterator[Callable[[Cluster], Crowd]]:
    """Clients of a cluster for one test; afterwards all faults are undone."""
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
