"""Queries over runs: what lists and pages show."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Engine, func
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from flowstudio.engine.contract import Usage
from flowstudio.engine.events import FINISHED, RunStatus
from flowstudio.errors import JournalError
from flowstudio.graph.canonical import load
from flowstudio.store.tables.runs import RunRow

T = TypeVar("T")
UNFINISHED = ("queued", "running", "waiting", "paused")


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


class RunStore:
    """Reads runs; the journal alone writes them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, run_id: str) -> RunRecord | None:
        """One run, or None."""

        def query(session: Session) -> RunRecord | None:
            row = session.get(RunRow, run_id)
            return _record(row) if row is not None else None

        return await self._read(query)

    async def list_runs(
        self,
        *,
        statuses: Sequence[str] = (),
        slug: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[RunRecord]:
        """Latest runs first; `before` is the id that the page before ended with."""
        statement = select(RunRow).order_by(col(RunRow.id).desc()).limit(limit)
        if statuses:
            statement = statement.where(col(RunRow.status).in_(statuses))
        if slug is not None:
            statement = statement.where(RunRow.slug == slug)
        if before is not None:
            statement = statement.where(RunRow.id < before)
        return await self._read(lambda session: [_record(row) for row in session.exec(statement)])

    async def list_due(self, now: datetime) -> list[str]:
        """Ids of waiting runs whose moment has come, the earliest first."""
        statement = (
            select(RunRow.id)
            .where(RunRow.status == "waiting", col(RunRow.wake_at) <= now)
            .order_by(col(RunRow.wake_at))
            .limit(200)
        )
        return await self._read(lambda session: list(session.exec(statement)))

    async def list_inner(self, run_id: str, statuses: Sequence[str] = UNFINISHED) -> list[str]:
        """Ids of the runs in these states that a run started inside itself."""
        statement = select(RunRow.id).where(
            col(RunRow.trigger).startswith(f"workflow:{run_id}:"),
            col(RunRow.status).in_(statuses),
        )
        return await self._read(lambda session: list(session.exec(statement)))

    async def list_untold(self) -> list[str]:
        """Ids of runs that wait although a run inside them has ended."""
        inner = aliased(RunRow)
        statement = (
            select(RunRow.id)
            .join(inner, col(RunRow.id) == func.substr(inner.trigger, len("workflow:") + 1, 36))
            .where(
                RunRow.status == "waiting",
                col(inner.trigger).startswith("workflow:"),
                col(inner.status).in_(FINISHED),
            )
            .distinct()
        )
        return await self._read(lambda session: list(session.exec(statement)))

    async def list_unfinished(self) -> list[tuple[str, str]]:
        """Ids and owners of the runs that somebody should be advancing, the oldest first."""
        statement = (
            select(RunRow.id, RunRow.owner)
            .where(col(RunRow.status).in_(("queued", "running")))
            .order_by(col(RunRow.id))
        )
        return await self._read(
            lambda session: [(row[0], row[1]) for row in session.exec(statement)]
        )

    async def _read(self, query: Callable[[Session], T]) -> T:
        def work() -> T:
            try:
                with Session(self._engine) as session:
                    return query(session)
            except SQLAlchemyError as error:
                raise JournalError(f"The database could not be read: {error}") from error

        return await asyncio.to_thread(work)


def _record(row: RunRow) -> RunRecord:
    inputs, error = {}, row.error
    try:
        inputs = load(row.inputs)
    except ValueError as damage:
        error = error or f"The inputs of this run are damaged: {damage}."
    return RunRecord(
        id=row.id,
        document_hash=row.document_hash,
        workflow=row.workflow,
        slug=row.slug,
        status=row.status,  # type: ignore[arg-type]
        inputs=inputs,
        trigger=row.trigger,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        wake_at=row.wake_at,
        owner=row.owner,
        max_cost_usd=Decimal(row.max_cost_usd) if row.max_cost_usd is not None else None,
        steps_total=row.steps_total,
        steps_done=row.steps_done,
        cost_usd=Decimal(row.cost_usd),
        saved_usd=Decimal(row.saved_usd),
        usage=Usage(row.prompt_tokens, row.completion_tokens),
        error=error,
        error_node=row.error_node,
    )
