"""Jobs of runs that are in no queue, for tests and measurements of workers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from flowstudio.scale.postgres.job_deferral import hand_over
from flowstudio.store.dialect import for_psycopg


class _Turn(NamedTuple):
    run_id: str
    queue: str


class _Executes:
    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        return self._connection.execute(for_psycopg(statement), values)


def defer(url: str, batches: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Make jobs of each queue's runs, all in one commit."""
    with psycopg.connect(url) as connection:
        for queue, run_ids in batches:
            hand_over(_Executes(connection), [_Turn(run_id, queue) for run_id in run_ids])
