"""The audit log: appended to inside the transaction of what it tells of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

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
    """Add an entry to the chain; the caller's transaction must be one that writes."""
    head = session.get(InstanceRow, HEAD)
    if head is None:
        head = InstanceRow(name=HEAD, value=f"0 {FIRST}")
    seq, _, previous = head.value.partition(" ")
    number, digest = int(seq) + 1, link(previous, int(seq) + 1, entry)
    values = asdict(entry) | {"details": json.dumps(dict(entry.details), sort_keys=True)}
    session.add(AuditRow(seq=number, previous=previous, hash=digest, **values))
    head.value = f"{number} {digest}"
    session.add(head)
    session.flush()


def link(previous: str, seq: int, entry: Entry) -> str:
    """The hash of an entry: SHA-256 over the hash before it, its number and its content."""
    content = asdict(entry) | {"at": entry.at.astimezone(UTC).isoformat(), "seq": seq}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
