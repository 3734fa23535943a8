"""Events of runs of which people are to be told, and the questions that wait in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from flowstudio.store.journal_rows import NEAR_LIMIT
from flowstudio.store.runs import UNFINISHED
from flowstudio.store.tables.notifications import QuestionRow, RunNewsRow
from flowstudio.store.tables.runs import RunEventRow, RunRow


@dataclass(frozen=True, slots=True)
class RunNews:
    """An event of a run, with what there is to say of the run.

    Attributes:
        seq: of the event, or `NEAR_LIMIT`.
        type: of the event, or "" for `NEAR_LIMIT`.
        is_draft: it is a run of the editor.
        depth: of how many runs it is inside.
        is_retried: it will be taken up again by itself.
    """

    run_id: str
    seq: int
    type: str
    node: str
    path: str
    data: Mapping[str, Any]
    at: datetime
    workflow: str
    workflow_id: str
    project_id: str
    created_by: str
    is_draft: bool
    depth: int
    is_retried: bool
    cost_usd: str
    max_cost_usd: str | None


_RUN = (
    col(RunRow.workflow),
    col(RunRow.workflow_id),
    col(RunRow.project_id),
    col(RunRow.created_by),
    col(RunRow.draft),
    col(RunRow.depth),
    col(RunRow.retry_at),
    col(RunRow.cost_usd),
    col(RunRow.max_cost_usd),
    col(RunRow.created_at),
)
_EVENT = (
    col(RunEventRow.type),
    col(RunEventRow.node),
    col(RunEventRow.path),
    col(RunEventRow.data),
    col(RunEventRow.at),
)


def has_news(session: Session) -> bool:
    """Whether there is anything to tell."""
    return session.execute(select(col(RunNewsRow.run_id)).limit(1)).first() is not None


def take_news(session: Session, limit: int) -> list[RunNews]:
    """Take some events to tell people of, inside the work that tells them.

    Each is taken once, by one process, since its row goes with it.
    """
    some = session.execute(select(col(RunNewsRow.run_id), col(RunNewsRow.seq)).limit(limit))
    taken = []
    for run_id, seq in some.all():
        gone: Any = session.execute(
            delete(RunNewsRow).where(col(RunNewsRow.run_id) == run_id, col(RunNewsRow.seq) == seq)
        )
        found = find_news(session, run_id, seq) if gone.rowcount == 1 else None
        if found is not None:
            taken.append(found)
    return taken


def find_news(session: Session, run_id: str, seq: int) -> RunNews | None:
    """One event of a run, or None when it is gone."""
    run = session.execute(select(*_RUN).where(col(RunRow.id) == run_id)).first()
    if run is None:
        return None
    if seq == NEAR_LIMIT:
        return _news(run_id, seq, ("", "", "", "{}", run.created_at), run)
    event = session.execute(
        select(*_EVENT).where(col(RunEventRow.run_id) == run_id, col(RunEventRow.seq) == seq)
    ).first()
    return _news(run_id, seq, event, run) if event is not None else None


def take_escalations(session: Session, now: datetime, limit: int) -> list[RunNews]:
    """Take questions that nobody has answered in time, inside the work that tells others."""
    found = session.execute(
        select(col(QuestionRow.run_id), col(QuestionRow.seq))
        .where(col(QuestionRow.escalate_at).is_not(None), col(QuestionRow.escalate_at) <= now)
        .limit(limit)
    )
    taken = []
    for run_id, seq in found.all():
        key = (col(QuestionRow.run_id) == run_id, col(QuestionRow.seq) == seq)
        changed: Any = session.execute(
            update(QuestionRow)
            .where(*key, col(QuestionRow.escalate_at).is_not(None))
            .values(escalate_at=None, is_escalated=True)
        )
        news = find_news(session, run_id, seq) if changed.rowcount == 1 else None
        if news is not None and _still_waits(session, news):
            taken.append(news)
    return taken


def _still_waits(session: Session, news: RunNews) -> bool:
    """Whether a question has neither been answered nor expired, nor its run ended."""
    row = session.get(QuestionRow, (news.run_id, news.seq))
    status = session.execute(select(col(RunRow.status)).where(col(RunRow.id) == news.run_id))
    later = select(col(RunEventRow.seq)).where(
        col(RunEventRow.run_id) == news.run_id,
        col(RunEventRow.seq) > news.seq,
        col(RunEventRow.path) == news.path,
        col(RunEventRow.type) != "signal_received",
    )
    return (
        row is not None
        and row.answered_at is None
        and status.scalar() in UNFINISHED
        and session.execute(later.limit(1)).first() is None
    )


def has_late(session: Session, now: datetime) -> bool:
    """Whether a question has waited for as long as the first ones have for themselves."""
    late = select(col(QuestionRow.run_id)).where(
        col(QuestionRow.escalate_at).is_not(None), col(QuestionRow.escalate_at) <= now
    )
    return session.execute(late.limit(1)).first() is not None


def put_asked(session: Session, run_id: str, seq: int, asked: Sequence[str]) -> bool:
    """Ask others in place of all who are asked by now; False when it is answered already."""
    changed: Any = session.execute(
        update(QuestionRow)
        .where(
            col(QuestionRow.run_id) == run_id,
            col(QuestionRow.seq) == seq,
            col(QuestionRow.answered_at).is_(None),
        )
        .values(asked=json.dumps(list(asked)), is_escalated=False)
    )
    return bool(changed.rowcount == 1)


def _news(run_id: str, seq: int, event: Any, run: Any) -> RunNews:
    kind, node, path, data, at = event
    return RunNews(
        run_id=run_id,
        seq=seq,
        type=kind,
        node=node,
        path=path,
        data=json.loads(data),
        at=at,
        workflow=run.workflow,
        workflow_id=run.workflow_id,
        project_id=run.project_id,
        created_by=run.created_by,
        is_draft=bool(run.draft),
        depth=run.depth,
        is_retried=run.retry_at is not None,
        cost_usd=run.cost_usd,
        max_cost_usd=run.max_cost_usd,
    )
