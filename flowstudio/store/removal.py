# ruff: noqa: S608 - constant text, bound values
"""Removing runs with all that belongs to them alone, and giving the space back.

A run is removed in pieces that each take little time, since other runs wait for the database
meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import Session, text

from flowstudio.engine.events import FINISHED
from flowstudio.store.dialect import is_postgres

#: Journal entries removed in one transaction; some 20 ms.
PIECE = 2_000
_REMOVED = "This run is being deleted."
_FINISHED = ", ".join(f"'{status}'" for status in sorted(FINISHED))
_BLOBS = (
    "SELECT DISTINCT output_hash FROM run_event"
    " WHERE run_id=:id AND output IS NULL AND output_hash IS NOT NULL"
)
# Each condition repeats that of an index, so that none of these reads a whole table.
_UNUSED = text(
    "DELETE FROM blob WHERE hash IN :hashes"
    " AND NOT EXISTS (SELECT 1 FROM run_event WHERE output_hash=blob.hash AND output IS NULL"
    " AND output_hash IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM cache_entry WHERE output_hash=blob.hash AND output IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM draft_output WHERE output_hash=blob.hash"
    " OR pinned_hash=blob.hash)"
).bindparams(bindparam("hashes", expanding=True))


@dataclass(frozen=True, slots=True)
class Removable:
    """A run as far as removing it needs to know."""

    id: str
    project_id: str
    workflow: str
    status: str

    @property
    def is_finished(self) -> bool:
        """Whether nobody advances it any more."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class FileSize:
    """The database file: all of it, and how much of that is empty.

    A PostgreSQL server keeps its files itself and uses again what is empty in them (autovacuum), so
    there is nothing to give back.
    """

    bytes: int
    free_bytes: int


def find_removable(session: Session, ids: Sequence[str]) -> list[Removable]:
    """Those of the runs that there are."""
    rows = session.connection().execute(
        text("SELECT id, project_id, workflow, status FROM run WHERE id IN :ids").bindparams(
            bindparam("ids", expanding=True)
        ),
        {"ids": list(ids)},
    )
    return [Removable(*row) for row in rows]


def list_inside(session: Session, run_id: str) -> list[Removable]:
    """Runs that were made by a step of this one."""
    prefix = f"workflow:{run_id}:"
    rows = session.connection().execute(
        text(
            "SELECT id, project_id, workflow, status FROM run"
            " WHERE depth > 0 AND trigger >= :start AND trigger < :end"
        ),
        {"start": prefix, "end": f"{prefix[:-1]};"},
    )
    return [Removable(*row) for row in rows]


def remove_piece(session: Session, run_id: str) -> bool:
    """Remove a part of a finished run, or what is left of it; gives whether it is gone."""
    connection = session.connection()
    values = {"id": run_id}
    is_there = connection.execute(
        text(f"SELECT 1 FROM run WHERE id=:id AND status IN ({_FINISHED})"), values
    ).first()
    if is_there is None:
        return True
    if _is_long(session, run_id):
        # Nobody may carry on a run whose journal has an end no more.
        connection.execute(
            text("UPDATE run SET status='cancelled', error=:text WHERE id=:id"),
            {"id": run_id, "text": _REMOVED},
        )
        hashes = _remove_events(session, run_id)
    else:
        hashes = _remove_run(session, run_id)
    if hashes:
        connection.execute(_UNUSED, {"hashes": hashes})
    return not _is_there(session, run_id)


def _is_long(session: Session, run_id: str) -> bool:
    found = session.connection().execute(
        text("SELECT 1 FROM run_event WHERE run_id=:id LIMIT 1 OFFSET :piece"),
        {"id": run_id, "piece": PIECE},
    )
    return found.first() is not None


def _remove_events(session: Session, run_id: str) -> list[str]:
    connection, values = session.connection(), {"id": run_id, "piece": PIECE}
    last = (
        "(SELECT min(seq) FROM (SELECT seq FROM run_event WHERE run_id=:id"
        " ORDER BY seq DESC LIMIT :piece) AS latest)"
    )
    hashes = connection.execute(text(f"{_BLOBS} AND seq >= {last}"), values).scalars().all()
    connection.execute(text(f"DELETE FROM run_event WHERE run_id=:id AND seq >= {last}"), values)
    return list(hashes)


def _remove_run(session: Session, run_id: str) -> list[str]:
    """What is left of a run, and its document if no other run has the same."""
    connection, values = session.connection(), {"id": run_id}
    hashes = connection.execute(text(_BLOBS), values).scalars().all()
    document = connection.execute(
        text("SELECT document_hash FROM run WHERE id=:id"), values
    ).scalar_one()
    # Its entries, calls and signals go with the row.
    connection.execute(text("DELETE FROM run WHERE id=:id"), values)
    connection.execute(
        text(
            "DELETE FROM document WHERE hash=:hash"
            " AND NOT EXISTS (SELECT 1 FROM run WHERE document_hash=:hash)"
        ),
        {"hash": document},
    )
    return list(hashes)


def _is_there(session: Session, run_id: str) -> bool:
    found = session.connection().execute(text("SELECT 1 FROM run WHERE id=:id"), {"id": run_id})
    return found.first() is not None


def file_size(session: Session) -> FileSize:
    """How large the database file is once everything in the write-ahead log is in it."""
    connection = session.connection()
    if is_postgres(session):
        size = connection.execute(text("SELECT pg_database_size(current_database())"))
        return FileSize(int(size.scalar_one()), 0)

    def ask(name: str) -> int:
        return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())

    page = ask("page_size")
    return FileSize(page * ask("page_count"), page * ask("freelist_count"))


def give_back(session: Session, pages: int) -> None:
    """Cut so many free pages off the end of the file; the next checkpoint shortens it."""
    if is_postgres(session):
        return
    # One page goes with each step of the statement, and `sqlite3` takes but one step of a statement
    # that gives no columns, whatever number it names.
    cursor = session.connection().connection.cursor()
    for _ in range(pages):
        cursor.execute("PRAGMA incremental_vacuum(1)")
    cursor.close()


def checkpoint(session: Session) -> None:
    """Bring the write-ahead log into the file, as far as that is possible without waiting."""
    if is_postgres(session):
        return
    session.connection().exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
