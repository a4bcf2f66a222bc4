"""The metrics of web and worker processes, as Prometheus scrapes them."""

import httpx
import pytest

from moderado.standalone.processes import free_port
from tests.e2e import stack
from tests.journey import Journey

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.django_db(transaction=True)]


def samples(url: str) -> dict[str, float]:
    """Return the samples of a metrics page, by name and labels."""
    lines = httpx.get(url).raise_for_status().text.splitlines()
    pairs = (line.rsplit(maxsplit=1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


async def test_metrics_folder_merges_all_processes(tmp_path):
    shared = tmp_path / "metrics"
    shared.mkdir()
    with stack.running(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(shared)) as server:
        await Journey(server.url).walk()
        found = samples(f"{server.url}/metrics")

    assert found['moderado_messages_acknowledged_total{entry_point="ws"}'] >= 5
    assert sum(value for name, value in found.items() if name.startswith("moderado_verdicts")) >= 5
    assert found["moderado_oldest_pending_seconds"] == 0
    assert "moderado_sockets" in found


async def test_standalone_worker_serves_its_own_metrics(tmp_path):
    folder, port = tmp_path / "metrics", free_port()
    folder.mkdir()
    alone = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "WORKER_METRICS_PORT": str(port)}
    with stack.running(tmp_path, **alone) as server:
        await Journey(server.url).walk()
        found = samples(f"http://127.0.0.1:{port}/metrics")

    assert sum(value for name, value in found.items() if name.startswith("moderado_verdicts")) >= 5
