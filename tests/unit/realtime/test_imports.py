"""No module of `moderado.realtime` imports itself through others, not even for type checking."""

import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import moderado

PYPROJECT = Path(moderado.__file__).parents[2] / "pyproject.toml"


def imports_of(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    return {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if module.startswith("moderado.realtime")
    }


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("moderado", exclude_type_checking_imports=False, cache_dir=None)


def test_realtime_has_no_import_cycle(graph: grimp.ImportGraph):
    TopologicalSorter(imports_of(graph)).prepare()


def test_planted_import_cycle_is_found(graph: grimp.ImportGraph):
    imports = imports_of(graph)
    imports["moderado.realtime.rooms.hub"].add("moderado.realtime.node")

    with pytest.raises(CycleError):
        TopologicalSorter(imports).prepare()


def test_import_linter_sees_type_checking_imports():
    configured = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]

    assert not configured.get("exclude_type_checking_imports", False)
