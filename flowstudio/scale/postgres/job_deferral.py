"""Making jobs within somebody else's transaction, so that a run and its job are committed together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import orjson

from flowstudio.scale.handing import Executes, Turn
from flowstudio.scale.postgres.job_crew import PRIORITIES
from flowstudio.scale.postgres.job_schema import SCHEMA

#: A job costs some ten times what telling of one more run in it does; many runs in one job would
#: keep it in one worker's hands.
RUNS_TOGETHER = 8
#: Procrastinate's triggers look for its tables on the path.
_FIND = f"SET LOCAL search_path TO public, {SCHEMA}"
#: As `procrastinate.manager.JobManager.batch_defer_jobs` calls it.
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1((SELECT array_agg(CAST(ROW(job ->> 'queue', 'advance',"
    " CAST(job ->> 'priority' AS integer), NULL, NULL, job -> 'args', NULL)"
    " AS procrastinate_job_to_defer_v1)) FROM jsonb_array_elements(CAST(? AS jsonb)) job))"
)


def hand_over(connection: Executes, turns: Sequence[Turn]) -> None:
    """Make jobs of runs: those of a queue together, a few to each job."""
    jobs = [
        {"queue": queue, "priority": PRIORITIES.get(queue, 0), "args": {"run_ids": run_ids}}
        for queue, run_ids in _together(turns)
    ]
    connection.execute(_FIND)
    connection.execute(_DEFER, (orjson.dumps(jobs).decode(),))


def _together(turns: Sequence[Turn]) -> Iterator[tuple[str, list[str]]]:
    queues: dict[str, list[str]] = defaultdict(list)
    for turn in turns:
        queues[turn.queue].append(turn.run_id)
    for queue, run_ids in queues.items():
        for at in range(0, len(run_ids), RUNS_TOGETHER):
            yield queue, run_ids[at : at + RUNS_TOGETHER]
