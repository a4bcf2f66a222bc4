"""Programs that tests run and the project does not ship."""

import os
import shutil

import pytest


def program(*names: str, advice: str) -> str:
    """Return the path of the first of `names` on PATH.

    Without one, skip the test, or fail it in CI (`CI=true`): there, a skipped test is one that
    silently checks nothing. `advice` says how to install the program.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = f"{names[0]} is missing: {advice}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return found
