"""The changes that made a workflow's revisions, for those who have it open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlmodel import Session, col

from flowstudio.store.tables.editing import ChangeRow
from flowstudio.store.tables.users import UserRow

#: Whoever was away for longer reads the whole document again.
_KEPT = 2_000
_SPARE = 200


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One batch that made a revision; `operations` and `refused` are JSON, `name` is the person's."""

    revision: int
    client: str
    batch: int
    base_revision: int
    user_id: str | None
    name: str | None
    operations: bytes
    digest: str
    refused: bytes | None
    at: datetime


_COLUMNS = (
    col(ChangeRow.revision),
    col(ChangeRow.client),
    col(ChangeRow.batch),
    col(ChangeRow.base_revision),
    col(ChangeRow.user_id),
    col(UserRow.name),
    col(ChangeRow.operations),
    col(ChangeRow.digest),
    col(ChangeRow.refused),
    col(ChangeRow.at),
)
# Made once: each keystroke asks, and building them would cost as much as the questions themselves.
_ALL = (
    select(*_COLUMNS)
    .join(UserRow, col(UserRow.id) == col(ChangeRow.user_id), isouter=True)
    .where(col(ChangeRow.workflow_id) == bindparam("workflow_id"))
)
_OF_BATCH = _ALL.where(
    col(ChangeRow.client) == bindparam("client"), col(ChangeRow.batch) == bindparam("batch")
)
_OF_OTHERS = (
    select(col(ChangeRow.revision))
    .where(
        col(ChangeRow.workflow_id) == bindparam("workflow_id"),
        col(ChangeRow.client) == bindparam("client"),
        func.coalesce(col(ChangeRow.user_id), "") != bindparam("user_id"),
    )
    .limit(1)
)


def add_change(session: Session, **values: Any) -> None:
    """Note a change, from the columns of `ChangeRow`; old ones go now and then."""
    session.add(ChangeRow(**values))
    revision = values["revision"]
    if revision % _SPARE == 0:
        session.execute(
            delete(ChangeRow).where(
                col(ChangeRow.workflow_id) == values["workflow_id"],
                col(ChangeRow.revision) <= revision - _KEPT,
            )
        )


def find_change(session: Session, workflow_id: str, client: str, batch: int) -> ChangeRecord | None:
    """The change that a batch of a client made, or None."""
    values = {"workflow_id": workflow_id, "client": client, "batch": batch}
    row = session.execute(_OF_BATCH, values).first()
    return ChangeRecord(*row) if row is not None else None


def is_client_of_others(session: Session, workflow_id: str, client: str, user_id: str) -> bool:
    """Whether somebody else has sent batches under this client's name."""
    values = {"workflow_id": workflow_id, "client": client, "user_id": user_id}
    return session.execute(_OF_OTHERS, values).first() is not None


def list_changes(session: Session, workflow_id: str, after: int, limit: int) -> list[ChangeRecord]:
    """Changes after a revision, in order."""
    query = _ALL.where(col(ChangeRow.revision) > after).order_by(col(ChangeRow.revision))
    rows = session.execute(query.limit(limit), {"workflow_id": workflow_id})
    return [ChangeRecord(*row) for row in rows]
