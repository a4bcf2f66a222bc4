"""What the database says of rulings, sanctions, cases and erasures after a run."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.faults.client import Client
from tests.faults.cluster import Cluster

Row = dict[str, Any]

_RULINGS = """
    SELECT r.id::text, r.case_id::text AS "case", r.subject_id::text AS subject, r.revision,
           r.content, r.reverses_id::text AS reverses, r.undone_at IS NOT NULL AS is_undone,
           r.actor_id::text AS actor, r.author_id::text AS author, r.effective_at AS at,
           ARRAY (SELECT reporter_id::text FROM enforcement_report
                   WHERE case_id = r.case_id AND created_at < r.effective_at) AS reporters
      FROM enforcement_ruling r
"""
_SANCTIONS = """
    SELECT id::text, user_id::text AS "user", kind, scope_id::text AS room,
           ruling_id::text AS ruling, actor_id::text AS actor, lifted_by_id::text AS lifted_by,
           extract(epoch FROM starts_at)::float AS starts,
           extract(epoch FROM ends_at)::float AS ends,
           extract(epoch FROM lifted_at)::float AS lifted
      FROM enforcement_sanction
"""
_LINES = """
    SELECT raw->>'case' AS "case", decided_by AS step, count(*) AS lines
      FROM moderation_moderationlog WHERE actor_id IS NOT NULL GROUP BY 1, 2
"""
_OPEN_CASES = """
    SELECT subject_id::text AS subject, revision FROM moderation_case WHERE state = 'open'
"""
_STRANDED = """
    SELECT r.id::text, c.state FROM enforcement_report r JOIN moderation_case c ON c.id = r.case_id
     WHERE r.state = 'open' AND c.state <> 'open'
"""
_UNSETTLED = """
    SELECT count(*) FROM enforcement_ruling WHERE settled_at IS NULL AND undone_at IS NULL
"""
_RUNNING = "SELECT count(*) FROM enforcement_erasure WHERE state IN ('waiting', 'running')"


@dataclass(frozen=True, slots=True)
class Erased:
    """An account that asked to be erased, with all by which its owner may be recognized."""

    id: str
    name: str
    words: tuple[tuple[str, str], ...]  # (what it is, the text)

    @classmethod
    def of(cls, *devices: Client) -> "Erased":
        first = devices[0]
        texts = {send.text for device in devices for send in device.sends.values()}
        texts |= {text for device in devices for _, text in device.edits}
        words = [("a text", text) for text in sorted(texts)]
        return cls(first.id, first.name, (("the e-mail", first.email), *words))


class Enforced:
    """Reads each table once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._ask = cluster.postgres.ask

    @cached_property
    def rulings(self) -> list[Row]:
        return self._ask(_RULINGS)

    @cached_property
    def sanctions(self) -> list[Row]:
        return self._ask(_SANCTIONS)

    @cached_property
    def ruling_lines(self) -> list[Row]:
        return self._ask(_LINES)

    @cached_property
    def open_cases(self) -> list[Row]:
        return self._ask(_OPEN_CASES)

    @cached_property
    def stranded_reports(self) -> list[Row]:
        return self._ask(_STRANDED)

    @cached_property
    def reports(self) -> int:
        return int(self._cluster.postgres.value("SELECT count(*) FROM enforcement_report"))

    @cached_property
    def erasures(self) -> Mapping[str, str]:
        rows = self._ask("SELECT user_id::text AS id, state FROM enforcement_erasure")
        return {row["id"]: row["state"] for row in rows}

    @cached_property
    def words_by_table(self) -> Mapping[str, str]:
        """Return all rows of each table, as PostgreSQL writes them."""
        tables = self._ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for name in (row["tablename"] for row in tables):
            rows = self._ask(f'SELECT t::text AS words FROM "{name}" t')  # noqa: S608  (our tables)
            found[name] = "\n".join(row["words"] for row in rows)
        return found

    @cached_property
    def offset(self) -> float:
        """Seconds from PostgreSQL's clock to the harness's monotonic one."""
        now = float(self._cluster.postgres.value("SELECT extract(epoch FROM clock_timestamp())"))
        return time.monotonic() - now

    def at(self, seconds: float) -> float:
        """Return a time of PostgreSQL's clock, in seconds since the epoch, on the harness's."""
        return seconds + self.offset

    def faults_of_the_log(self) -> Iterator[str]:
        """Verify the log with the command of the product; yield a sentence if it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "django", "log", "verify"],
            env=self._cluster.environment("worker") | {"MODERADO_FAILPOINTS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            yield f"the log does not verify: {done.stdout[-300:]} {done.stderr[-300:]}"

    def is_notified(self) -> bool:
        """Tell whether no ruling waits to be settled, and no erasure runs."""
        return not self._cluster.postgres.value(_UNSETTLED) and self.is_erased()

    def is_erased(self) -> bool:
        """Tell whether no erasure runs."""
        return not self._cluster.postgres.value(_RUNNING)
