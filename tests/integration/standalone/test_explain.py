"""`moderado explain` where no server ever ran: no engine is started and nothing is written."""

import json
import subprocess
import sys


def test_text_is_explained_without_a_database(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("MODERADO_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    done = subprocess.run(
        [sys.executable, "-m", "moderado.standalone", "explain", "bom dia, gente", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    explained = json.loads(done.stdout)
    assert (explained["outcome"], explained["matches"]) == ("ALLOW", [])
    assert not home.exists()
