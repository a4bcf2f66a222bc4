"""The bundled JavaScript client, by Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tools import program

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STATIC = Path("src/moderado/web/static/moderado")


@pytest.mark.proves("S187")
@pytest.mark.proves("R266")
def test_client_passes_its_node_tests(tmp_path: Path) -> None:
    node = program("node", advice="install Node 20 or later (`apt-get install nodejs`)")
    # A copy, because Node wants a package.json that says these are modules, and we have none.
    shutil.copytree(ROOT / STATIC, tmp_path / STATIC)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    suite = tmp_path / "tests/unit/web/client.test.mjs"
    suite.parent.mkdir(parents=True)
    shutil.copy(HERE / suite.name, suite)

    run = subprocess.run(  # our own file, by the machine's own Node
        [node, "--test", str(suite)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
