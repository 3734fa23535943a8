"""What the journal holds: events, outputs, the cache, calls and signals."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any

from flowstudio.engine.costs import Usage
from flowstudio.engine.events import Event, Output
from flowstudio.engine.journal import CacheEntry, DamagedEvent, Signal
from flowstudio.errors import JournalDamagedError, NotFoundError
from flowstudio.graph.canonical import content_hash
from flowstudio.store.database import Database
from flowstudio.store.gathered import Row
from flowstudio.store.journal_rows import read_event, read_signal
from flowstudio.store.moments import from_column, to_column
from flowstudio.store.reader import Reader

_EVENT = "seq, at, type, node, path, data, output_hash, output_size"
_SPENT = "SELECT cost_usd, prompt_tokens, completion_tokens FROM model_call WHERE run_id=?"
_OUTPUT = (
    "SELECT e.output, b.body, e.output_hash, e.seq FROM run_event e"
    " LEFT JOIN blob b ON b.hash=e.output_hash"
)
_LAST_OUTPUT = f"{_OUTPUT} WHERE e.run_id=? AND e.type='run_succeeded' ORDER BY e.seq DESC LIMIT 1"
_LENGTHS = "SELECT completion_tokens FROM model_call WHERE config_key=? ORDER BY id DESC LIMIT 50"
_SIGNALS = "SELECT id, run_id, kind, path, data FROM signal"
#: Greater than the number of any event.
_BEYOND = 2**31 - 1
_PAGE = 500
_MOST_SIGNALS = 1_000


class ReadJournal:
    """The half of `flowstudio.engine.journal.Journal` that reads."""

    def __init__(self, database: Database, patience_s: float | None = None) -> None:
        self.database = database
        self._reader = Reader(database, patience_s)
        self._last_outputs = self._reader.gathered(_LAST_OUTPUT)

    async def query(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement."""
        return await self._reader.all(statement, values)

    async def find_keyed(self, dedup_key: str) -> str:
        """Id of the run that stands for a key."""
        row = await self._reader.one("SELECT run_id FROM run_key WHERE key=?", (dedup_key,))
        return row[0] if row is not None else ""

    async def document(self, document_hash: str) -> bytes:
        """The stored document, as canonical JSON."""
        row = await self._reader.one("SELECT body FROM document WHERE hash=?", (document_hash,))
        if row is None:
            raise NotFoundError(f"Document {document_hash[:12]} is gone from the database.")
        body: bytes = row[0]
        return body

    async def read(self, run_id: str, after: int = 0) -> AsyncIterator[Event | DamagedEvent]:
        """Stored events in order of `seq`; outputs as references without their bodies."""
        async for events in self.pages(run_id, after):
            for event in events:
                yield event

    async def pages(self, run_id: str, after: int = 0) -> AsyncIterator[list[Event | DamagedEvent]]:
        """As `read`, in pieces."""
        while True:
            rows = await self._reader.all(
                f"SELECT {_EVENT} FROM run_event WHERE run_id=? AND seq>? ORDER BY seq LIMIT ?",  # noqa: S608 - constant columns
                (run_id, after, _PAGE),
            )
            yield [read_event(row) for row in rows]
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    async def read_back(
        self, run_id: str, before: int | None, limit: int
    ) -> list[Event | DamagedEvent]:
        """The last events, or the last before a number, in order of `seq`."""
        rows = await self._reader.all(
            f"SELECT {_EVENT} FROM run_event WHERE run_id=? AND seq<?"  # noqa: S608 - constant columns
            " ORDER BY seq DESC LIMIT ?",
            (run_id, _BEYOND if before is None else before, limit),
        )
        return [read_event(row) for row in reversed(rows)]

    async def read_path(self, run_id: str, path: str) -> list[Event | DamagedEvent]:
        """The events of one step alone."""
        rows = await self._reader.all(
            f"SELECT {_EVENT} FROM run_event WHERE run_id=? AND path=? ORDER BY seq",  # noqa: S608 - constant columns
            (run_id, path),
        )
        return [read_event(row) for row in rows]

    async def read_node(self, run_id: str, node: str, most: int) -> list[Event | DamagedEvent]:
        """The last events of a node, by name, in all the places where it ran."""
        rows = await self._reader.all(
            f"SELECT {_EVENT} FROM run_event WHERE run_id=? AND node=? ORDER BY seq DESC LIMIT ?",  # noqa: S608 - constant columns
            (run_id, node, most),
        )
        return [read_event(row) for row in reversed(rows)]

    async def output_head(self, run_id: str, seq: int, most: int) -> bytes | None:
        """The first bytes of one event's output, without reading the rest."""
        row = await self._reader.one(
            "SELECT substr(coalesce(e.output, b.body), 1, ?) FROM run_event e"
            " LEFT JOIN blob b ON b.hash=e.output_hash WHERE e.run_id=? AND e.seq=?",
            (most, run_id, seq),
        )
        return bytes(row[0]) if row is not None and row[0] is not None else None

    async def output_seq(self, run_id: str, path: str) -> int | None:
        """Number of the event that holds what a step gave last, or None."""
        row = await self._reader.one(
            "SELECT max(seq) FROM run_event WHERE run_id=? AND path=?"
            " AND type IN ('step_succeeded', 'step_failed') AND output_hash IS NOT NULL",
            (run_id, path),
        )
        return row[0] if row is not None else None

    async def result_before(
        self, run_id: str, path: str, before: int
    ) -> tuple[int, int | None] | None:
        """Number and size of what a step had given by then; the size is None if it was skipped."""
        row = await self._reader.one(
            "SELECT seq, output_size FROM run_event WHERE run_id=? AND path=? AND seq<?"
            " AND (output_hash IS NOT NULL AND type IN ('step_succeeded', 'step_failed')"
            " OR type='step_skipped') ORDER BY seq DESC LIMIT 1",
            (run_id, path, before),
        )
        return (row[0], row[1]) if row is not None else None

    async def load_output(self, run_id: str, seq: int) -> bytes:
        """The body of one event's output."""
        row = await self._reader.one(f"{_OUTPUT} WHERE e.run_id=? AND e.seq=?", (run_id, seq))
        if row is None:
            raise JournalDamagedError(f"Run {run_id} has no output at entry {seq}.", seq)
        return _output(run_id, row)

    async def outputs(self, run_id: str) -> bytes | None:
        """The outputs of a run that succeeded, as JSON."""
        row = await self._last_outputs.find(run_id)
        return _output(run_id, row) if row is not None else None

    async def spent(self, run_id: str, path: str | None = None) -> tuple[Decimal, Usage]:
        """What the run's calls, or those of one of its steps, cost and used so far."""
        rows = await self._reader.all(
            _SPENT if path is None else f"{_SPENT} AND path=?",
            (run_id,) if path is None else (run_id, path),
        )
        cost_usd = sum((Decimal(row[0]) for row in rows), Decimal(0))
        return cost_usd, Usage(sum(row[1] for row in rows), sum(row[2] for row in rows))

    async def typical_output_tokens(self, config_key: str) -> int | None:
        """Median completion tokens of the latest calls with this config, or None."""
        return (await self.typical_lengths([config_key])).get(config_key)

    async def typical_lengths(self, config_keys: Iterable[str]) -> dict[str, int]:
        """That of several configs, where there were calls with them."""
        keys = sorted(set(config_keys))
        found = await self._reader.each(_LENGTHS, [(key,) for key in keys])
        return {
            key: int(median(row[0] for row in rows))
            for key, rows in zip(keys, found, strict=True)
            if rows
        }

    async def cached(self, fingerprint: str, now: datetime) -> CacheEntry | None:
        """A kept output that has not expired."""
        row = await self._reader.one(
            "SELECT c.output, b.body, c.output_hash, c.output_size, c.port, c.cost_usd, c.model,"
            " c.expires_at FROM cache_entry c LEFT JOIN blob b ON b.hash=c.output_hash"
            " WHERE c.fingerprint=? AND (c.expires_at IS NULL OR c.expires_at>?)",
            (fingerprint, to_column(now)),
        )
        return _entry(row) if row is not None else None

    async def unchanged(
        self, workflow_id: str, node_id: str, fingerprint: str, now: datetime
    ) -> CacheEntry | None:
        """What a node's last run in the editor gave, if it was a success with this fingerprint."""
        row = await self._reader.one(
            "SELECT d.output, b.body, d.output_hash, d.output_size, d.port,"
            " CASE WHEN d.cost_usd IN ('0', '') THEN d.saved_usd ELSE d.cost_usd END, d.model,"
            " d.expires_at FROM draft_output d LEFT JOIN blob b ON b.hash=d.output_hash"
            " WHERE d.workflow_id=? AND d.node_id=? AND d.fingerprint=? AND d.error IS NULL"
            " AND (d.expires_at IS NULL OR d.expires_at>?)",
            (workflow_id, node_id, fingerprint, to_column(now)),
        )
        return _entry(row) if row is not None else None

    async def signals(self, run_id: str, after: int) -> list[Signal]:
        """Signals for a run that came after the given one, in order."""
        rows = await self._reader.all(
            f"{_SIGNALS} WHERE run_id=? AND id>? ORDER BY id",
            (run_id, after),
        )
        return [read_signal(row) for row in rows]

    async def signals_since(self, after: int) -> list[Signal]:
        """Signals for any run that came after the given one, in order."""
        rows = await self._reader.all(
            f"{_SIGNALS} WHERE id>? ORDER BY id LIMIT ?", (after, _MOST_SIGNALS)
        )
        return [read_signal(row) for row in rows]

    async def latest_signal(self) -> int:
        """Number of the latest signal, or 0."""
        row = await self._reader.one("SELECT max(id) FROM signal")
        return row[0] or 0 if row else 0


def _entry(row: Row) -> CacheEntry | None:
    """A kept output from its columns, or None when it is not what was written."""
    body = row[0] if row[0] is not None else row[1]
    if not _is_whole(body, row[2]):
        return None
    output = Output(row[2], row[3], bytes(body))
    return CacheEntry(output, row[4], Decimal(row[5]), row[6], from_column(row[7]))


def _output(run_id: str, row: Row) -> bytes:
    """The body of an output from its columns."""
    seq, body = row[3], row[0] if row[0] is not None else row[1]
    if body is None:
        raise JournalDamagedError(f"Run {run_id} has no output at entry {seq}.", seq)
    if not _is_whole(body, row[2]):
        message = f"The output at entry {seq} of run {run_id} is not what was written."
        raise JournalDamagedError(message, seq)
    return bytes(body)


def _is_whole(body: object, written_hash: str) -> bool:
    return isinstance(body, bytes) and content_hash(body) == written_hash
