"""The audit log: appended to inside the transaction of what it tells of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from flowstudio.errors import JournalDamagedError
from flowstudio.store.tables.audit import AuditRow, InstanceRow

HEAD = "audit_head"
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened.

    Attributes:
        result: `done`, or `refused`.
        details: small and without secrets.
    """

    at: datetime
    actor_id: str
    actor: str
    verb: str
    kind: str
    object_id: str
    project_id: str
    result: str = "done"
    address: str = ""
    request_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def append(session: Session, entry: Entry) -> None:
    """Add an entry to the chain; the caller's transaction must be one that writes.

    Raises:
        JournalDamagedError: what is known of the latest entry does not read.
    """
    head = session.get(InstanceRow, HEAD)
    if head is None:
        head = InstanceRow(name=HEAD, value=f"0 {FIRST}")
    seq, previous = _read_head(head.value)
    number, digest = seq + 1, link(previous, seq + 1, entry)
    values = asdict(entry) | {"details": json.dumps(dict(entry.details), sort_keys=True)}
    session.add(AuditRow(seq=number, previous=previous, hash=digest, **values))
    head.value = f"{number} {digest}"
    session.add(head)
    session.flush()


def link(previous: str, seq: int, entry: Entry) -> str:
    """The hash of an entry: SHA-256 over the hash before it, its number and its content."""
    content = asdict(entry) | {"at": entry.at.astimezone(UTC).isoformat(), "seq": seq}
    told = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{told}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry as it stands in the log; `seq` counts from one without gaps."""

    seq: int
    entry: Entry
    previous: str
    hash: str

    def __getattr__(self, name: str) -> Any:
        """The entry's fields, as if they were this record's own."""
        return getattr(self.entry, name)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to give; what is None is not asked for."""

    project_id: str | None = None
    actor_name: str | None = None
    verb: str | None = None
    kind: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(
    session: Session, wanted: Filter, *, limit: int, before: int | None = None
) -> list[EntryRecord]:
    """The latest entries that fit, newest first; `before` is the number of the last one seen.

    Raises:
        JournalDamagedError: one of them does not read.
    """
    query = select(AuditRow)
    for name, column in _EXACT.items():
        if (value := getattr(wanted, name)) is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(col(AuditRow.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(AuditRow.at) < wanted.until)
    if before is not None:
        query = query.where(col(AuditRow.seq) < before)
    return _read(session, query.order_by(col(AuditRow.seq).desc()).limit(limit))


def read_chain(session: Session, after: int, limit: int) -> list[EntryRecord]:
    """Entries after that number, in the order they were written.

    Raises:
        JournalDamagedError: one of them does not read.
    """
    query = select(AuditRow).where(col(AuditRow.seq) > after).order_by(col(AuditRow.seq))
    return _read(session, query.limit(limit))


def read_head(session: Session) -> tuple[int, str]:
    """Number and hash of the latest entry, as kept apart from the log.

    Raises:
        JournalDamagedError: they do not read.
    """
    head = session.get(InstanceRow, HEAD)
    return _read_head(head.value) if head is not None else (0, FIRST)


def read_end(session: Session) -> tuple[int, bool]:
    """The number of the latest entry, and whether others stand after it; both at one moment.

    Raises:
        JournalDamagedError: what is known of the latest entry does not read.
    """
    latest = select(func.max(AuditRow.seq)).scalar_subquery()
    # By one statement, since an entry could be written between two.
    head = select(InstanceRow.value).where(col(InstanceRow.name) == HEAD).scalar_subquery()
    value, last = session.execute(select(head, latest)).one()
    seq = _read_head(value)[0] if value is not None else 0
    return seq, (last or 0) > seq


def is_as_written(record: EntryRecord) -> bool:
    """Whether an entry's content is what its hash was made of."""
    try:
        return link(record.previous, record.seq, record.entry) == record.hash
    except TypeError:
        # No entry of ours holds what JSON cannot say.
        return False


_EXACT = {
    "project_id": col(AuditRow.project_id),
    "actor_name": col(AuditRow.actor),
    "verb": col(AuditRow.verb),
    "kind": col(AuditRow.kind),
    "object_id": col(AuditRow.object_id),
}


def _read(session: Session, query: Any) -> list[EntryRecord]:
    try:
        return [_record(row) for row in session.exec(query)]
    except (TypeError, ValueError) as error:
        message = (
            "An entry of the audit log does not read any more; "
            "`flowstudio audit verify` says which."
        )
        raise JournalDamagedError(message) from error


def _record(row: AuditRow) -> EntryRecord:
    values = {item.name: getattr(row, item.name) for item in fields(Entry)}
    values["details"] = dict(json.loads(row.details))
    return EntryRecord(row.seq, Entry(**values), row.previous, row.hash)


def _read_head(value: str) -> tuple[int, str]:
    seq, _, digest = value.partition(" ")
    if not (seq.isascii() and seq.isdigit()) or len(digest) != len(FIRST):
        message = (
            f"What is known of the latest entry of the audit log ({HEAD} in the table instance) "
            "was damaged. Restore the database from a backup."
        )
        raise JournalDamagedError(message)
    return int(seq), digest
