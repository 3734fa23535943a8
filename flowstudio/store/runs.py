"""Queries over runs: what lists and pages show. The journal alone writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flowstudio.engine.contract import Usage
from flowstudio.engine.events import FINISHED, RunStatus
from flowstudio.graph.canonical import load
from flowstudio.store.moments import from_column, to_column
from flowstudio.store.reader import Reader, Row

UNFINISHED = ("queued", "running", "waiting", "paused")
_COLUMNS = (
    "id, document_hash, workflow, slug, status, inputs, trigger, created_at, started_at, "
    "finished_at, wake_at, owner, max_cost_usd, steps_total, steps_done, cost_usd, saved_usd, "
    "prompt_tokens, completion_tokens, error, error_node, project_id, workflow_id, created_by, "
    "rerun_of, draft, base, use_cache"
)
_INNER = "workflow:"
_FILTERS = ("project_id", "workflow_id", "slug")


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
    rerun_of: str = ""
    draft: str = ""
    base: str = ""
    use_cache: bool = True


class RunStore:
    """Reads runs."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)

    def close(self) -> None:
        """Let the connections go."""
        self._reader.close()

    async def find(self, run_id: str) -> RunRecord | None:
        """One run, or None."""
        row = await self._reader.one(f"SELECT {_COLUMNS} FROM run WHERE id=?", (run_id,))  # noqa: S608 - constant columns
        return _record(row) if row is not None else None

    async def list_runs(
        self,
        *,
        statuses: Sequence[str] = (),
        projects: Sequence[str] | None = None,
        limit: int = 50,
        before: str | None = None,
        equal: Mapping[str, str] = MappingProxyType({}),
    ) -> list[RunRecord]:
        """Latest runs first.

        Args:
            statuses: any of these; all when empty.
            projects: any of these; None for all.
            limit: how many at most.
            before: the id that the page before ended with.
            equal: values by column, of `project_id`, `workflow_id` and `slug`.
        """
        wheres, values = ["1"], list[Any]()
        for column in _FILTERS:
            if column in equal:
                wheres.append(f"{column}=?")
                values.append(equal[column])
        if projects is not None:
            wheres.append("project_id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(projects))
        if statuses:
            wheres.append("status IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(statuses))
        if before is not None:
            wheres.append("id<?")
            values.append(before)
        rows = await self._reader.all(
            f"SELECT {_COLUMNS} FROM run WHERE {' AND '.join(wheres)} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constant text, bound values
            (*values, limit),
        )
        return [_record(row) for row in rows]

    async def list_drafts(
        self, workflow_id: str, limit: int, statuses: Sequence[str] = ()
    ) -> list[RunRecord]:
        """The latest runs of a workflow's editor, in any of these states; all when empty."""
        wanted = json.dumps(statuses) if statuses else None
        rows = await self._reader.all(
            f"SELECT {_COLUMNS} FROM run WHERE workflow_id=?1 AND draft<>''"  # noqa: S608 - constant text
            " AND (?2 IS NULL OR status IN (SELECT value FROM json_each(?2)))"
            " ORDER BY id DESC LIMIT ?3",
            (workflow_id, wanted, limit),
        )
        return [_record(row) for row in rows]

    async def list_due(self, now: datetime) -> list[str]:
        """Ids of waiting runs whose moment has come, the earliest first."""
        rows = await self._reader.all(
            "SELECT id FROM run WHERE status='waiting' AND wake_at<=? ORDER BY wake_at LIMIT 200",
            (to_column(now),),
        )
        return [row[0] for row in rows]

    async def list_inner(self, run_id: str, statuses: Sequence[str] = UNFINISHED) -> list[str]:
        """Ids of the runs in these states that a run started inside itself."""
        prefix = f"{_INNER}{run_id}:"
        rows = await self._reader.all(
            "SELECT id FROM run WHERE substr(trigger, 1, ?)=?"
            " AND status IN (SELECT value FROM json_each(?))",
            (len(prefix), prefix, json.dumps(statuses)),
        )
        return [row[0] for row in rows]

    async def list_untold(self) -> list[str]:
        """Ids of runs that wait although a run inside them has ended."""
        rows = await self._reader.all(
            "SELECT DISTINCT outside.id FROM run outside"
            " JOIN run inside ON outside.id=substr(inside.trigger, ?, 36)"
            " WHERE outside.status='waiting' AND substr(inside.trigger, 1, ?)=?"
            " AND inside.status IN (SELECT value FROM json_each(?))",
            (len(_INNER) + 1, len(_INNER), _INNER, json.dumps(sorted(FINISHED))),
        )
        return [row[0] for row in rows]

    async def list_unfinished(self) -> list[tuple[str, str]]:
        """Ids and owners of the runs that somebody should be advancing, the oldest first."""
        rows = await self._reader.all(
            "SELECT id, owner FROM run WHERE status IN ('queued', 'running') ORDER BY id"
        )
        return [(row[0], row[1]) for row in rows]


def _record(row: Row) -> RunRecord:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name in ("created_at", "started_at", "finished_at", "wake_at"):
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
