"""What the editor last saw of a workflow's nodes, for previews of expressions over it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from flowstudio.store.tables.editing import DraftOutputRow, DraftRow
from flowstudio.store.tables.runs import BlobRow

#: Ids asked for in one statement.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SeenOutput:
    """A node's output as it feeds what comes after it; a pinned one stands in for its own.

    Attributes:
        body: its JSON; None when there is none, or it is larger than was asked for.
        size: of that JSON, in bytes; 0 when there is no output.
        error: why the node gave none.
    """

    body: bytes | None
    size: int
    error: str = ""


def find_seen(
    session: Session, workflow_id: str, node_ids: Collection[str], largest: int
) -> dict[str, SeenOutput]:
    """Outputs by node id; bodies of more than `largest` bytes are left out."""
    found: dict[str, SeenOutput] = {}
    ids = sorted(node_ids)
    for start in range(0, len(ids), _AT_ONCE):
        rows = session.execute(
            select(
                col(DraftOutputRow.node_id),
                col(DraftOutputRow.pinned_hash),
                func.length(col(DraftOutputRow.pinned)),
                col(DraftOutputRow.output_hash),
                col(DraftOutputRow.output_size),
                col(DraftOutputRow.error),
            ).where(
                col(DraftOutputRow.workflow_id) == workflow_id,
                col(DraftOutputRow.node_id).in_(ids[start : start + _AT_ONCE]),
            )
        ).all()
        for node_id, pinned_hash, pinned_size, output_hash, output_size, error in rows:
            key = (workflow_id, node_id)
            if pinned_hash:
                seen = _pinned(session, key, pinned_hash, pinned_size, largest)
            elif output_hash:
                seen = _output(session, key, output_hash, output_size, largest)
            else:
                seen = SeenOutput(None, 0, error or "")
            found[node_id] = seen
    return found


def _pinned(
    session: Session, key: tuple[str, str], body_hash: str, inline: int | None, largest: int
) -> SeenOutput:
    if inline is None:
        return _blob(session, body_hash, largest)
    body = _column(session, key, "pinned") if inline <= largest else None
    return SeenOutput(body, inline)


def _output(
    session: Session, key: tuple[str, str], body_hash: str, size: int, largest: int
) -> SeenOutput:
    if size > largest:
        return SeenOutput(None, size)
    body = _column(session, key, "output")
    return SeenOutput(body, size) if body is not None else _blob(session, body_hash, largest)


def _column(session: Session, key: tuple[str, str], name: str) -> bytes | None:
    body: bytes | None = session.execute(
        select(col(getattr(DraftOutputRow, name))).where(
            col(DraftOutputRow.workflow_id) == key[0], col(DraftOutputRow.node_id) == key[1]
        )
    ).scalar_one()
    return body


def _blob(session: Session, body_hash: str, largest: int) -> SeenOutput:
    size = session.execute(
        select(func.length(col(BlobRow.body))).where(col(BlobRow.hash) == body_hash)
    ).scalar()
    if size is None or size > largest:
        return SeenOutput(None, size or 0)
    body: bytes = session.execute(
        select(col(BlobRow.body)).where(col(BlobRow.hash) == body_hash)
    ).scalar_one()
    return SeenOutput(body, size)


def find_draft_inputs(session: Session, workflow_id: str) -> bytes | None:
    """The inputs last given in the editor, as JSON."""
    return session.execute(
        select(col(DraftRow.inputs)).where(col(DraftRow.workflow_id) == workflow_id)
    ).scalar()
