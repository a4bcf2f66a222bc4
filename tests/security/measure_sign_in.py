"""`python -m tests.security.measure_sign_in`: compare refused sign-ins with and without account.

A measurement, not a test: a busy machine distorts it. That the password hasher always runs is
tested in tests/integration/accounts/test_sessions.py. Variable: COUNT.
"""

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.security.hostile.serving import database

MAY_DIFFER = 0.10  # of the median


def _measured(url: str, emails: dict[str, str], count: int) -> dict[str, list[float]]:
    """Return the seconds of each refusal; the kinds alternate, so that noise hits all of them."""
    seconds: dict[str, list[float]] = {kind: [] for kind in emails}
    bodies = set()
    with httpx.Client(base_url=url) as client:
        for number in range(count + 5):
            for kind, email in emails.items():
                began = time.perf_counter()
                answer = client.post(
                    "/api/auth/login/", json={"email": email, "password": f"wrong {number}"}
                )
                if number >= 5:  # the first ones warm up
                    seconds[kind].append(time.perf_counter() - began)
                bodies.add((answer.status_code, answer.text))
    if len(bodies) != 1:
        sys.exit(f"the answers differ: {bodies}")
    return seconds


def main() -> int:
    count = int(os.environ.get("COUNT", "200"))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(database())
        from tests import factories, processes  # noqa: PLC0415  (once there are settings)

        settings = {
            "DJANGO_SETTINGS_MODULE": "moderado.config.settings.web"
        }  # the real password hasher
        url = stack.enter_context(processes.web(Path(folder) / "log", settings))
        emails = {
            "unknown": "unknown@example.org",
            "known": factories.make_user().email,
            "closed": factories.make_user(is_active=False).email,
        }
        seconds = _measured(url, emails, count)
    medians = {kind: statistics.median(taken) for kind, taken in seconds.items()}
    for kind, median in medians.items():
        print(f"{kind:>8}  median {median * 1000:6.1f} ms of {count}")
    apart = max(medians.values()) / min(medians.values()) - 1
    print(f"   apart  {apart:.1%}, of which {MAY_DIFFER:.0%} would be too much")
    return 1 if apart > MAY_DIFFER else 0


if __name__ == "__main__":
    sys.exit(main())
