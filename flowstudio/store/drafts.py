"""What the editor of a workflow keeps: the inputs it runs with, and the outputs of its nodes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import BindParameter, bindparam, select, text
from sqlmodel import Session, col

from flowstudio.engine.events import Output
from flowstudio.graph.staleness import LastRun
from flowstudio.store.jobs import Connection
from flowstudio.store.journal_rows import INLINE_BYTES
from flowstudio.store.moments import to_column
from flowstudio.store.runs import UNFINISHED
from flowstudio.store.tables.editing import DraftOutputRow, DraftRow
from flowstudio.store.tables.runs import BlobRow
from flowstudio.store.tables.users import UserRow

#: What is read of an output to show its beginning.
HEAD_BYTES = 2_000
_HEADS = (
    "SELECT d.node_id, substr(coalesce(d.output, b.body), 1, :most),"
    " substr(coalesce(d.pinned, p.body), 1, :most), length(coalesce(d.pinned, p.body))"
    " FROM draft_output d LEFT JOIN blob b ON b.hash=d.output_hash"
    " LEFT JOIN blob p ON p.hash=d.pinned_hash WHERE d.workflow_id=:workflow_id"
)
_BODIES = ("workflow_id", "output", "pinned")
_LIGHT = tuple(
    getattr(DraftOutputRow, name) for name in DraftOutputRow.model_fields if name not in _BODIES
)


@dataclass(frozen=True, slots=True)
class DraftOutput:
    """What is kept of one node's last run in the editor, its output left out.

    Attributes:
        seen: content hashes of the outputs it was given, by node id.
        seen_pinned: ids of those that were pinned or hand-edited.
        reads: content hashes of the values it really read, by `read_hashes`.
        port: it was left by; "" when it was skipped or has failed.
        saved_usd: what it would have cost, had its output not been taken from what is kept.
        pinned_kind: `pinned` or `edited`; "" when no person has put anything in the output's place.
    """

    node_id: str
    run_id: str = ""
    config_key: str = ""
    version: int = 1
    fingerprint: str = ""
    salt: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)
    seen_pinned: frozenset[str] = frozenset()
    reads: Mapping[str, str] = field(default_factory=dict)
    inputs_hash: str = ""
    port: str = ""
    output_hash: str = ""
    output_size: int = 0
    error: str | None = None
    cached: bool = False
    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    duration_s: float | None = None
    expires_at: datetime | None = None
    at: datetime | None = None
    pinned_hash: str = ""
    pinned_port: str = ""
    pinned_kind: str = ""
    pinned_by: str | None = None

    @property
    def last_run(self) -> LastRun:
        """As the marks are made from."""
        return LastRun(
            config_key=self.config_key,
            version=self.version,
            output_hash=self.output_hash,
            fingerprint=self.fingerprint,
            seen=self.seen,
            seen_pinned=self.seen_pinned,
            inputs_hash=self.inputs_hash,
            expires_at=self.expires_at,
            failed=self.error is not None,
            skipped=self.is_skipped,
            port=self.pinned_port if self.pinned_hash else self.port,
            pinned_hash=self.pinned_hash,
        )

    @property
    def is_skipped(self) -> bool:
        """Whether no way led to it in its last run."""
        return self.error is None and bool(self.output_hash) and not self.port


@dataclass(frozen=True, slots=True)
class Settled:
    """A node's last run, to be written down.

    Attributes:
        output: with its body, or without: then it stands in the journal of the run.
        seq: of the event there.
        is_unchanged: it was not executed, and what it expires at stays.
    """

    row: DraftOutput
    output: Output | None
    seq: int
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Heads:
    """The beginnings of a node's outputs, as JSON text that may be cut."""

    output: bytes | None
    pinned: bytes | None
    pinned_size: int


def find_inputs(session: Session, workflow_id: str) -> dict[str, Any]:
    """The inputs last given; none before."""
    row = session.get(DraftRow, workflow_id)
    found: dict[str, Any] = json.loads(row.inputs) if row is not None else {}
    return found


def put_inputs(session: Session, workflow_id: str, body: bytes, now: datetime) -> None:
    """Keep the inputs."""
    row = session.get(DraftRow, workflow_id)
    if row is None:
        row = DraftRow(workflow_id=workflow_id, inputs=body, updated_at=now)
    row.inputs, row.updated_at = body, now
    session.add(row)


def put_wanted(session: Session, workflow_id: str, user_id: str, now: datetime) -> None:
    """Keep who has edited what is to run by itself later."""
    row = session.get(DraftRow, workflow_id)
    if row is None:
        row = DraftRow(workflow_id=workflow_id, inputs=b"{}", updated_at=now)
    row.wanted_by = user_id
    session.add(row)


def take_wanted(session: Session, workflow_id: str) -> str:
    """Whoever that is, who is then kept no more; "" when nothing is to run."""
    row = session.get(DraftRow, workflow_id)
    if row is None or row.wanted_by is None:
        return ""
    user_id, row.wanted_by = row.wanted_by, None
    session.add(row)
    return user_id


def find_latest_run(connection: Connection, workflow_id: str) -> str:
    """Id of the run of a workflow's editor that was made last; "" before the first."""
    rows = connection.execute(
        "SELECT max(id) FROM run WHERE workflow_id=? AND draft<>''", (workflow_id,)
    )
    return rows.fetchall()[0][0] or ""


def list_wishes(connection: Connection, workflow_id: str) -> list[str]:
    """What was asked for by those runs of a workflow's editor that go on, as JSON."""
    rows = connection.execute(
        "SELECT draft FROM run WHERE workflow_id=? AND draft<>''"
        " AND status IN (SELECT value FROM json_each(?))",
        (workflow_id, json.dumps(UNFINISHED)),
    )
    return [row[0] for row in rows.fetchall()]


def list_outputs(session: Session, workflow_id: str) -> dict[str, DraftOutput]:
    """What is kept of all nodes, by id."""
    query = select(*_LIGHT).where(col(DraftOutputRow.workflow_id) == workflow_id)
    found = (_read(dict(row)) for row in session.execute(query).mappings())
    return {row.node_id: row for row in found}


def list_heads(
    session: Session, workflow_id: str, node_ids: Iterable[str] | None = None
) -> dict[str, Heads]:
    """The beginnings of outputs, by node id; of these nodes, or of all."""
    values: dict[str, Any] = {"most": HEAD_BYTES, "workflow_id": workflow_id}
    statement = text(_HEADS)
    if node_ids is not None:
        values["wanted"] = sorted(node_ids)
        wanted: BindParameter[Any] = bindparam("wanted", expanding=True)
        statement = text(f"{_HEADS} AND d.node_id IN :wanted").bindparams(wanted)
    rows = session.execute(statement, values)
    return {row[0]: Heads(row[1], row[2], row[3] or 0) for row in rows}


def find_body(session: Session, workflow_id: str, node_id: str, *, pinned: bool) -> bytes | None:
    """A node's whole output, or what stands in its place, as JSON; None when there is none."""
    row = session.get(DraftOutputRow, (workflow_id, node_id))
    if row is None:
        return None
    body, body_hash = (row.pinned, row.pinned_hash) if pinned else (row.output, row.output_hash)
    if body is None and body_hash:
        blob = session.get(BlobRow, body_hash)
        body = blob.body if blob is not None else None
    return body


def put_settled(session: Session, workflow_id: str, settled: Iterable[Settled]) -> set[str]:
    """Write last runs down, unless later ones stand there; gives the ids of the nodes."""
    written = set()
    for one in settled:
        row = session.get(DraftOutputRow, (workflow_id, one.row.node_id))
        if row is None:
            row = DraftOutputRow(workflow_id=workflow_id, node_id=one.row.node_id)
        elif row.run_id != one.row.run_id and row.at and one.row.at and row.at > one.row.at:
            continue
        _settle(session, row, one)
        written.add(one.row.node_id)
    session.flush()
    return written


def rekey(session: Session, workflow_id: str, keys: Mapping[str, tuple[str, str]]) -> None:
    """Let last runs hold whose config is only worded otherwise: by node id, its keys before and after."""
    rows = session.scalars(
        select(DraftOutputRow).where(
            col(DraftOutputRow.workflow_id) == workflow_id, col(DraftOutputRow.node_id).in_(keys)
        )
    )
    for row in rows:
        before, after = keys[row.node_id]
        if row.config_key == before:
            # A fingerprint is of the words, too.
            row.config_key, row.fingerprint = after, ""
    session.flush()


_CHANGED_FORM = ("node_id", "seen", "seen_pinned", "reads", "cost_usd", "saved_usd", "expires_at")
_SAME = [
    found.name
    for found in fields(DraftOutput)
    if found.name not in _CHANGED_FORM and not found.name.startswith("pinned_")
]


def _settle(session: Session, row: DraftOutputRow, settled: Settled) -> None:
    found = settled.row
    for name in _SAME:
        setattr(row, name, getattr(found, name))
    row.seen, row.seen_pinned = json.dumps(dict(found.seen)), json.dumps(sorted(found.seen_pinned))
    row.reads = json.dumps(dict(found.reads))
    row.cost_usd, row.saved_usd = str(found.cost_usd), str(found.saved_usd)
    if not settled.is_unchanged:
        row.expires_at = found.expires_at
    row.output = _inline(session, settled)
    session.add(row)


def _inline(session: Session, settled: Settled) -> bytes | None:
    output = settled.output
    if output is None:
        return None
    if output.size > INLINE_BYTES:
        if output.body:
            _put_blob(session, output.hash, output.body)
        return None
    if output.body:
        return output.body
    found = session.execute(
        text("SELECT output FROM run_event WHERE run_id=:run_id AND seq=:seq"),
        {"run_id": settled.row.run_id, "seq": settled.seq},
    ).scalar()
    return bytes(found) if found is not None else None


def _put_blob(session: Session, body_hash: str, body: bytes) -> None:
    session.execute(
        text("INSERT INTO blob (hash, body) VALUES (:hash, :body) ON CONFLICT DO NOTHING"),
        {"hash": body_hash, "body": body},
    )


def put_pin(session: Session, workflow_id: str, node_id: str, output: Output, **pin: Any) -> None:
    """Put something in an output's place, from the columns `pinned_…`."""
    row = session.get(DraftOutputRow, (workflow_id, node_id))
    if row is None:
        row = DraftOutputRow(workflow_id=workflow_id, node_id=node_id)
    row.pinned_hash = output.hash
    row.pinned = output.body if output.size <= INLINE_BYTES else None
    if row.pinned is None:
        _put_blob(session, output.hash, output.body)
    for name, value in pin.items():
        setattr(row, f"pinned_{name}", value)
    session.add(row)


def remove_pin(session: Session, workflow_id: str, node_id: str) -> bool:
    """Let a node's own output stand again; false when nothing stood in its place."""
    row = session.get(DraftOutputRow, (workflow_id, node_id))
    if row is None or not row.pinned_hash:
        return False
    row.pinned, row.pinned_hash, row.pinned_port = None, "", ""
    row.pinned_kind, row.pinned_by = "", None
    session.add(row)
    return True


def names_of(session: Session, user_ids: Iterable[str]) -> dict[str, str]:
    """Names of people, by id."""
    query = select(col(UserRow.id), col(UserRow.name)).where(col(UserRow.id).in_(set(user_ids)))
    return {row[0]: row[1] for row in session.execute(query)}


def saved_since(session: Session, workflow_id: str, since: datetime) -> Decimal:
    """What the editor's runs of a workflow have saved since then."""
    rows = session.execute(
        text(
            "SELECT saved_usd FROM run WHERE workflow_id=:id AND draft<>'' AND created_at>=:since"
        ),
        {"id": workflow_id, "since": to_column(since)},
    )
    return sum((Decimal(row[0]) for row in rows), Decimal(0))


def _read(values: dict[Any, Any]) -> DraftOutput:
    values["reads"] = orjson.loads(values["reads"])
    values["seen"] = orjson.loads(values["seen"])
    values["seen_pinned"] = frozenset(orjson.loads(values["seen_pinned"]))
    for name in ("cost_usd", "saved_usd"):
        values[name] = Decimal(values[name])
    return DraftOutput(**values)
