# ruff: noqa: S608 - constant text, bound values
"""Queries over runs: what lists and pages show. The journal alone writes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flowstudio.engine.costs import Usage
from flowstudio.engine.events import FINISHED, RunStatus
from flowstudio.graph.canonical import load
from flowstudio.store.database import Database
from flowstudio.store.gathered import Row
from flowstudio.store.moments import from_column, to_column
from flowstudio.store.reader import Reader
from flowstudio.store.run_queries import JOBS, RunQuery, conditions_of, moments_of

__all__ = [
    "JOBS",
    "UNFINISHED",
    "QuestionRecord",
    "Queues",
    "RunQuery",
    "RunRecord",
    "RunStore",
]

UNFINISHED = ("queued", "running", "waiting", "paused")
_COLUMNS = (
    "id, document_hash, workflow, slug, status, inputs, trigger, created_at, started_at, "
    "finished_at, wake_at, owner, max_cost_usd, steps_total, steps_done, cost_usd, saved_usd, "
    "prompt_tokens, completion_tokens, error, error_node, project_id, workflow_id, created_by, "
    "version, rerun_of, draft, base, use_cache, queue, ready_at, attempt, retry_at"
)
#: So many of the latest runs are looked through first: mostly they hold all that a page shows.
_LATEST = 500
_INNER = "workflow:"
#: Which queues are asked for; None for all.
Queues = Sequence[str] | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as lists show it."""

    id: str
    document_hash: str
    workflow: str
    slug: str
    status: RunStatus
    inputs: dict[str, Any]
    trigger: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    wake_at: datetime | None
    owner: str
    max_cost_usd: Decimal | None
    steps_total: int
    steps_done: int
    cost_usd: Decimal
    saved_usd: Decimal
    usage: Usage
    error: str | None
    error_node: str | None
    project_id: str = ""
    workflow_id: str = ""
    created_by: str = ""
    version: int | None = None
    rerun_of: str = ""
    draft: str = ""
    base: str = ""
    use_cache: bool = True
    queue: str = "interactive"
    ready_at: datetime | None = None
    attempt: int = 0
    retry_at: datetime | None = None

    @property
    def waits_its_turn(self) -> bool:
        """Whether it is in the queue, in nobody's hands."""
        return self.status == "queued" and self.owner in ("", JOBS)


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """What became of a step's question.

    Attributes:
        asked: who is asked in place of those whom the step names, or ().
        is_escalated: those it names for later are asked too.
        answered_by: who has answered it, as the audit log shows them, or "".
    """

    run_id: str
    seq: int
    path: str
    asked: tuple[str, ...]
    is_escalated: bool
    answered_by: str
    answered_at: datetime | None


def _is_wide(query: RunQuery) -> bool:
    """Whether nothing but its text narrows it down."""
    is_narrow = query.equal or query.statuses or query.ids is not None or query.until
    return not is_narrow and (query.projects is None or len(query.projects) > 1)


class RunStore:
    """Reads runs."""

    def __init__(self, database: Database) -> None:
        self._reader = Reader(database)

    def close(self) -> None:
        """Let the connections go."""
        self._reader.close()

    async def find(self, run_id: str) -> RunRecord | None:
        """One run, or None."""
        row = await self._reader.one(f"SELECT {_COLUMNS} FROM run WHERE id=?", (run_id,))
        return _record(row) if row is not None else None

    async def find_question(self, run_id: str, seq: int) -> QuestionRecord | None:
        """What became of the question a step asked in an event, or None."""
        row = await self._reader.one(
            "SELECT path, asked, is_escalated, answered_by, answered_at FROM question"
            " WHERE run_id=? AND seq=?",
            (run_id, seq),
        )
        if row is None:
            return None
        asked = tuple(json.loads(row[1])) if row[1] else ()
        return QuestionRecord(run_id, seq, row[0], asked, bool(row[2]), row[3], from_column(row[4]))

    async def list_runs(
        self,
        query: RunQuery,
        *,
        limit: int = 50,
        before: str | None = None,
    ) -> list[RunRecord]:
        """Latest runs first.

        Args:
            query: which.
            limit: how many at most.
            before: the id that the page before ended with.
        """
        # What bounds the moments bounds the window as well.
        bounds, begin = moments_of(query)
        if before is not None:
            beyond = "(created_at, id) < (SELECT created_at, id FROM run WHERE id=?)"
            bounds.append(beyond)
            begin.append(before)
        window = f"SELECT id FROM run WHERE {' AND '.join(bounds) or 'true'}"
        order = " ORDER BY created_at DESC, id DESC LIMIT ?"
        # Where many runs fit, no index tells which of them are the latest, and sorting takes long.
        rows: list[Row] = []
        if limit <= _LATEST:
            # Bound as lists, or SQLite would begin with an index of theirs.
            wheres, values = conditions_of(query, as_lists=True)
            rows = await self._reader.all(
                f"SELECT {_COLUMNS} FROM run WHERE {' AND '.join(wheres)}"
                f" AND id IN ({window}{order}){order}",
                (*values, *begin, _LATEST, limit),
            )
        if len(rows) < limit:
            # What a text stands in, no index tells; going through one costs more than reading all.
            hint = " NOT INDEXED" if query.text and _is_wide(query) else ""
            wheres, values = conditions_of(query)
            fits = " AND ".join([*wheres, *bounds])
            rows = await self._reader.all(
                f"SELECT {_COLUMNS} FROM run{hint} WHERE {fits}{order}", (*values, *begin, limit)
            )
        return [_record(row) for row in rows]

    async def list_latest(self, workflow_ids: Sequence[str]) -> list[RunRecord]:
        """The latest run of each of these workflows that has one."""
        rows = await self._reader.all(
            f"SELECT {_COLUMNS} FROM run WHERE id IN (SELECT MAX(id) FROM run"
            " WHERE workflow_id IN (SELECT value FROM json_each(?)) GROUP BY workflow_id)",
            (json.dumps(workflow_ids),),
        )
        return [_record(row) for row in rows]

    async def count_runs(self, query: RunQuery, most: int) -> int:
        """How many there are; counting ends at `most`."""
        wheres, values = conditions_of(query)
        row = await self._reader.one(
            f"SELECT count(*) FROM (SELECT 1 FROM run WHERE {' AND '.join(wheres)} LIMIT ?) AS found",
            (*values, most),
        )
        return row[0] if row else 0

    async def list_workflows(self, projects: Sequence[str] | None) -> list[tuple[str, str]]:
        """Ids and latest names of the stored workflows that have runs, by name."""
        among, values = "", list[Any]()
        if projects is not None:
            among = " AND run.project_id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(projects)))
        rows = await self._reader.all(
            # Steps from one workflow to the next in the index, over all its runs.
            "WITH RECURSIVE each(id) AS (SELECT min(workflow_id) FROM run WHERE workflow_id > ''"
            " UNION ALL SELECT (SELECT min(workflow_id) FROM run WHERE workflow_id > each.id)"
            " FROM each WHERE each.id IS NOT NULL)"
            " SELECT run.workflow_id, run.workflow FROM each JOIN run ON run.id="
            f"(SELECT max(id) FROM run WHERE workflow_id=each.id){among}"
            " ORDER BY lower(run.workflow) LIMIT 500",
            values,
        )
        return [(row[0], row[1]) for row in rows]

    async def list_unknown(self, ids: Sequence[str]) -> dict[str, str]:
        """What each of these runs asks about a step of which nobody knows whether it was done."""
        rows = await self._reader.all(
            "SELECT run_id, node, json_extract(data, '$.message') FROM run_event"
            " WHERE run_id IN (SELECT value FROM json_each(?)) AND type='step_waiting'"
            " AND json_extract(data, '$.kind')='unknown' ORDER BY seq",
            (json.dumps(list(ids)),),
        )
        return {row[0]: f"“{row[1]}”: {row[2]}" for row in rows}

    async def list_drafts(
        self, workflow_id: str, limit: int, statuses: Sequence[str] = ()
    ) -> list[RunRecord]:
        """The latest runs of a workflow's editor, in any of these states; all when empty."""
        wheres, values = conditions_of(
            RunQuery(statuses=statuses, equal={"workflow_id": workflow_id})
        )
        rows = await self._reader.all(
            f"SELECT {_COLUMNS} FROM run WHERE draft<>'' AND {' AND '.join(wheres)}"
            " ORDER BY id DESC LIMIT ?",
            (*values, limit),
        )
        return [_record(row) for row in rows]

    async def list_due(self, now: datetime, queues: Queues = None) -> list[str]:
        """Ids of waiting runs whose moment has come, the earliest first; of all queues or these."""
        among, values = _among(queues)
        rows = await self._reader.all(
            f"SELECT id FROM run WHERE status='waiting' AND wake_at<=?{among}"
            " ORDER BY wake_at LIMIT 200",
            (to_column(now), *values),
        )
        return [row[0] for row in rows]

    async def list_inner(self, run_id: str, statuses: Sequence[str] = UNFINISHED) -> list[str]:
        """Ids of the runs in these states that a run started inside itself."""
        prefix = f"{_INNER}{run_id}:"
        rows = await self._reader.all(
            "SELECT id FROM run WHERE depth > 0 AND trigger >= ? AND trigger < ?"
            " AND status IN (SELECT value FROM json_each(?))",
            (prefix, f"{prefix[:-1]};", json.dumps(statuses)),
        )
        return [row[0] for row in rows]

    async def list_untold(self, queues: Queues = None) -> list[str]:
        """Ids of runs that wait although a run inside them has ended; of all queues or these."""
        among, values = _among(queues, "outside.queue")
        rows = await self._reader.all(
            "SELECT DISTINCT outside.id FROM run outside"
            " JOIN run inside ON outside.id=substr(inside.trigger, ?, 36)"
            " WHERE outside.status='waiting' AND substr(inside.trigger, 1, ?)=?"
            f" AND inside.status IN (SELECT value FROM json_each(?)){among}",
            (len(_INNER) + 1, len(_INNER), _INNER, json.dumps(sorted(FINISHED)), *values),
        )
        return [row[0] for row in rows]

    async def list_unheeded(self, queues: Queues = None) -> list[str]:
        """Ids of runs at rest that somebody answered, resumed or cancelled while no process heard."""
        among, values = _among(queues, "run.queue")
        rows = await self._reader.all(
            "SELECT run.id, max(signal.id), (SELECT e.data FROM run_event e WHERE e.run_id=run.id"
            " AND e.type='signal_received' ORDER BY e.seq DESC LIMIT 1)"
            " FROM signal JOIN run ON run.id=signal.run_id"
            " WHERE run.status IN ('waiting', 'paused', 'failed') AND run.owner=''"
            " AND signal.kind<>'pause' AND (run.status<>'failed' OR signal.kind='resume')"
            f"{among} GROUP BY run.id",
            values,
        )
        return [row[0] for row in rows if row[2] is None or row[1] > load(row[2])["signal_id"]]

    async def list_unfinished(self, queues: Queues = None) -> list[tuple[str, str]]:
        """Ids and owners of the runs that somebody should be advancing, the oldest first."""
        among, values = _among(queues)
        rows = await self._reader.all(
            "SELECT id, owner FROM run INDEXED BY ix_run_owned"
            f" WHERE owner <> '' AND status IN ('queued', 'running'){among}"
            " ORDER BY id",
            values,
        )
        return [(row[0], row[1]) for row in rows]


def _among(queues: Queues, column: str = "queue") -> tuple[str, tuple[str, ...]]:
    """A condition, if any, and the value bound in it."""
    if queues is None:
        return "", ()
    return f" AND {column} IN (SELECT value FROM json_each(?))", (json.dumps(list(queues)),)


def _record(row: Row) -> RunRecord:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name in ("created_at", "started_at", "finished_at", "wake_at", "ready_at", "retry_at"):
        values[name] = from_column(values[name])
    for name in ("max_cost_usd", "cost_usd", "saved_usd"):
        values[name] = Decimal(values[name]) if values[name] is not None else None
    values["use_cache"] = bool(values["use_cache"])
    values["usage"] = Usage(values.pop("prompt_tokens"), values.pop("completion_tokens"))
    try:
        values["inputs"] = load(values["inputs"])
    except ValueError as damage:
        values["inputs"] = {}
        values["error"] = values["error"] or f"The inputs of this run are damaged: {damage}."
    return RunRecord(**values)
