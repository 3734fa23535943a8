# ruff: noqa: S608 - constant text, bound values
"""Which finished runs are too old, too many or too large; runs inside runs go with theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, text

from flowstudio.engine.events import FINISHED
from flowstudio.store.moments import from_column, to_column

Reason = Literal["age", "count", "bytes"]
#: More rows than there are.
ALL = 2**62
#: What a row takes beside its texts and its output.
_ROW_BYTES = 80
_FINISHED = ", ".join(f"'{status}'" for status in sorted(FINISHED))
_OWN = (
    f"status IN ({_FINISHED}) AND (depth=0 OR NOT EXISTS"
    " (SELECT 1 FROM run o WHERE o.id=substr(run.trigger, 10, 36)))"
)
_COLUMNS = "id, workflow, created_at, coalesce(size_bytes, 0) AS bytes"
# An output's length is in the head of its row, so nothing large is read; a blob's is in its row.
_MEASURE = (
    "SELECT coalesce(sum(length(path) + length(data) + :row"
    " + coalesce(length(output), output_size, 0)), 0) FROM run_event WHERE run_id=:id"
)


@dataclass(frozen=True, slots=True)
class Excess:
    """A run that is to go, and why."""

    id: str
    workflow: str
    created_at: datetime
    size_bytes: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Kept:
    """What finished runs there are; bytes of those measured so far."""

    runs: int
    bytes: int
    unmeasured: int


def list_older(session: Session, before: datetime, limit: int = ALL) -> list[Excess]:
    """Runs that ended before a moment, the oldest first."""
    return _list(
        session,
        "age",
        f"SELECT {_COLUMNS} FROM run WHERE {_OWN} AND created_at < :before"
        " AND coalesce(finished_at, created_at) < :before ORDER BY created_at, id LIMIT :limit",
        before=to_column(before),
        limit=limit,
    )


def list_beyond(session: Session, keep: int, limit: int = ALL) -> list[Excess]:
    """Runs beyond the newest `keep`, the oldest first."""
    return _list(
        session,
        "count",
        f"SELECT * FROM (SELECT {_COLUMNS} FROM run WHERE {_OWN}"
        " ORDER BY created_at DESC, id DESC LIMIT :all OFFSET :keep) AS beyond"
        " ORDER BY created_at, id LIMIT :limit",
        keep=keep,
        all=ALL,
        limit=limit,
    )


def list_larger(session: Session, most_bytes: int, limit: int = ALL) -> list[Excess]:
    """Runs that do not fit into so many bytes beside all newer ones, the oldest first."""
    return _list(
        session,
        "bytes",
        "SELECT id, workflow, created_at, bytes FROM"
        f" (SELECT {_COLUMNS}, sum(coalesce(size_bytes, 0)) OVER"
        " (ORDER BY created_at DESC, id DESC) AS upto"
        f" FROM run WHERE {_OWN}) AS added WHERE upto > :most ORDER BY created_at, id LIMIT :limit",
        most=most_bytes,
        limit=limit,
    )


def _list(session: Session, reason: Reason, statement: str, **values: object) -> list[Excess]:
    rows = session.connection().execute(text(statement), values)
    return [Excess(row[0], row[1], _moment(row[2]), int(row[3]), reason) for row in rows]


def _moment(column: str | datetime) -> datetime:
    at = from_column(column)
    if at is None:
        message = "A run does not say when it was made."
        raise ValueError(message)
    return at


def measure_some(session: Session, limit: int) -> list[tuple[str, int]]:
    """Bytes of some finished runs that nobody has measured yet."""
    connection = session.connection()
    ids = connection.execute(
        text(
            f"SELECT id FROM run WHERE size_bytes IS NULL AND status IN ({_FINISHED}) LIMIT :limit"
        ),
        {"limit": limit},
    ).scalars()
    return [
        (
            run_id,
            int(connection.execute(text(_MEASURE), {"id": run_id, "row": _ROW_BYTES}).scalar_one()),
        )
        for run_id in list(ids)
    ]


def set_sizes(session: Session, sizes: Sequence[tuple[str, int]]) -> None:
    """Note down what was measured; a run that goes on meanwhile stays without."""
    session.connection().execute(
        text(f"UPDATE run SET size_bytes=:size WHERE id=:id AND status IN ({_FINISHED})"),
        [{"id": run_id, "size": size} for run_id, size in sizes],
    )


def count_kept(session: Session) -> Kept:
    """How many finished runs there are, and what they take."""
    row = (
        session.connection()
        .execute(
            text(
                "SELECT count(*), coalesce(sum(size_bytes), 0), count(*) - count(size_bytes) FROM run"
                f" WHERE status IN ({_FINISHED})"
            )
        )
        .one()
    )
    return Kept(row[0], int(row[1]), row[2])
