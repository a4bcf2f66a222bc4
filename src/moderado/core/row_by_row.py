"""Periodic work on rows or steps: one that fails stops no other. The next run tries it again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import structlog
from django.db import connection

from moderado.core import metrics
from moderado.core.database import is_lock_timeout
from moderado.core.interrupts import is_interrupt

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
Done = TypeVar("Done")


def row_by_row(task: str, rows: Iterable[Row], work: Callable[[Row], Done]) -> Iterator[Done]:
    """Yield what `work` returns for each row. A failure is logged with its row, and counted.

    A row that another transaction keeps locked for longer than `lock_timeout` is no failure: it is
    left to the next run.

    What concerns all rows is raised: an interruption of the task, or a lost connection.

    Args:
        task: The name of the task, for the log and the metric.
        rows: The ids of rows, or the names of steps.
        work: Does the work on one row, in a transaction of its own.
    """
    for row in rows:
        try:
            done = work(row)
        except Exception as error:
            if _concerns_all(error):
                raise
            if is_lock_timeout(error):
                log.info("row_locked", task=task, row=str(row))
                continue
            metrics.ROW_FAILURES.labels(task=task).inc()
            log.exception("row_failed", task=task, row=str(row))
            continue
        yield done


def all_or_each(task: str, rows: Sequence[Row], work: Callable[[Sequence[Row]], int]) -> int:
    """Return how much `work` has done on all rows together, or else on each of them alone.

    One row that fails stops no other. Its failure is treated as by `row_by_row`.

    Args:
        task: The name of the task, for the log and the metric.
        rows: The ids of rows.
        work: Does the work on some of the rows, in a transaction of its own.
    """
    try:
        return work(rows)
    except Exception as error:
        if _concerns_all(error):
            raise
    return sum(row_by_row(task, rows, lambda row: work([row])))


def _concerns_all(error: Exception) -> bool:
    return is_interrupt(error) or not connection.is_usable()
