"""The journal: events, outputs, the cache, calls and signals.

Its statements are written by hand: this is the hot path, and one step must cost little
(docs/decisions/0002-journal-statements-by-hand.md). The schema is that of tables/runs.py; both
databases take the same statements (dialect.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any, TypeVar

from flowstudio.engine.contract import Usage
from flowstudio.engine.events import Event, Output
from flowstudio.engine.journal import (
    CacheEntry,
    ClaimedRun,
    DamagedEvent,
    ModelCall,
    NewRun,
    RunUpdate,
    Seed,
    Signal,
)
from flowstudio.errors import JournalDamagedError, JournalError, NotFoundError
from flowstudio.graph.canonical import content_hash, dump
from flowstudio.store.claims import take
from flowstudio.store.database import Database
from flowstudio.store.failures import may_pass
from flowstudio.store.jobs import Connection, Lost, Work
from flowstudio.store.journal_rows import (
    CLAIM_RUN,
    INLINE_BYTES,
    NEAR_LIMIT,
    RUN_COLUMNS,
    Answered,
    Append,
    all_of,
    read_event,
    read_run,
    read_signal,
    run_values,
    store_blob,
    store_news,
    store_seeds,
    take_key,
    take_question,
)
from flowstudio.store.moments import from_column, to_column
from flowstudio.store.reader import Reader, Row
from flowstudio.store.runs import JOBS
from flowstudio.store.writer import Writer

T = TypeVar("T")

_EVENT = "seq, at, type, node, path, data, output_hash, output_size"
_SPENT = "SELECT cost_usd, prompt_tokens, completion_tokens FROM model_call WHERE run_id=?"
_OUTPUT = (
    "SELECT e.output, b.body, e.output_hash, e.seq FROM run_event e"
    " LEFT JOIN blob b ON b.hash=e.output_hash"
)
_DEFER_S = 0.02
#: Greater than the number of any event.
_BEYOND = 2**31 - 1
_PAGE = 500
_KEEP = (
    "INSERT INTO cache_entry (fingerprint, output, output_hash, output_size, port, cost_usd, model,"
    " created_at, expires_at) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (fingerprint) DO UPDATE SET"
    " output=excluded.output, output_hash=excluded.output_hash, output_size=excluded.output_size,"
    " port=excluded.port, cost_usd=excluded.cost_usd, model=excluded.model,"
    " created_at=excluded.created_at, expires_at=excluded.expires_at"
)
_PLACES = ",".join("?" * (RUN_COLUMNS.count(",") + 1))


class StoredJournal:
    """`flowstudio.engine.journal.Journal` in a database."""

    def __init__(
        self, database: Database, durability: str, patience_s: float | None = None
    ) -> None:
        self.database = database
        self._writer = Writer(database, durability, patience_s)
        self._reader = Reader(database, patience_s)
        self._loop = asyncio.get_running_loop()
        self._deferred: dict[tuple[str, int], list[Event]] = {}
        self._extras: list[Work] = []
        self._timer: asyncio.TimerHandle | None = None
        self._fresh: dict[str, ClaimedRun] = {}
        self._taking: dict[tuple[str, str], tuple[list[str], asyncio.Future[Any]]] = {}
        self._broken: dict[tuple[str, int], JournalError] = {}

    @property
    def is_alive(self) -> bool:
        """Whether what is written still reaches the disk."""
        return self._writer.is_alive

    @property
    def waiting(self) -> int:
        """How much waits to be written."""
        return self._writer.waiting

    async def close(self) -> None:
        """Commit what is deferred and stop."""
        self._flush()
        await self._writer.close()
        self._reader.close()

    # Writing

    async def create(
        self,
        run: NewRun,
        document: bytes,
        seeds: Sequence[Seed] = (),
        first: Callable[[Connection], bool] | None = None,
        last: Work | None = None,
    ) -> bool:
        """Store a new run, which begins with the seeds; false when its id or its key is taken.

        With an owner, it is claimed already, unless it is for a worker to take. What is to be done
        `first` shares the transaction; if it gives false, there is no run either. What is to be
        done `last` is, if the run is stored.
        """
        is_claimed = run.owner not in ("", JOBS)

        def work(connection: Connection) -> bool:
            if first is not None and not first(connection):
                return False
            connection.execute(
                "INSERT INTO document (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (run.document_hash, document),
            )
            cursor = connection.execute(
                f"INSERT INTO run ({RUN_COLUMNS}, status, owner, epoch, steps_done,"  # noqa: S608 - constant columns
                " cost_usd, saved_usd, prompt_tokens, completion_tokens)"
                f" VALUES ({_PLACES},'queued',?,?,0,'0','0',0,0) ON CONFLICT DO NOTHING",
                (*run_values(run), run.owner, 1 if is_claimed else 0),
            )
            if cursor.rowcount != 1 or not take_key(connection, run):
                return False
            store_seeds(connection, run.id, seeds)
            if last is not None:
                last(connection)
            return True

        is_new = await self._writer.submit(work)
        if is_new and is_claimed:
            self._fresh[run.id] = ClaimedRun(run, 1, is_new=not seeds)
        return is_new

    def is_fresh(self, run_id: str) -> bool:
        """Whether this process has just made the run, as its owner, and nobody has touched it."""
        return run_id in self._fresh

    async def find_keyed(self, dedup_key: str) -> str:
        """Id of the run that stands for a key."""
        row = await self._reader.one("SELECT run_id FROM run_key WHERE key=?", (dedup_key,))
        return row[0] if row is not None else ""

    async def claim(self, run_id: str, owner: str) -> ClaimedRun:
        """Take a run over: raise its epoch and set its owner."""
        if (fresh := self._fresh.pop(run_id, None)) is not None:
            return fresh
        if any(key[0] == run_id for key in self._deferred):
            # What an earlier claim of this process left goes first, while it still may.
            self._flush()

        def work(connection: Connection) -> ClaimedRun:
            row = connection.execute(
                f"SELECT {RUN_COLUMNS} FROM run WHERE id=?",  # noqa: S608 - constant columns
                (run_id,),
            ).fetchone()
            if row is None:
                raise NotFoundError(f"There is no run {run_id!r}.")
            run = read_run(row, owner)
            [(epoch,)] = connection.execute(CLAIM_RUN, (owner, run_id)).fetchall()
            is_known = connection.execute(
                "SELECT 1 FROM run_event WHERE run_id=? UNION ALL"
                " SELECT 1 FROM signal WHERE run_id=? LIMIT 1",
                (run_id, run_id),
            ).fetchone()
            return ClaimedRun(run, epoch, is_new=is_known is None)

        return await self._writer.submit(work)

    async def take(self, run_id: str, owner: str, former: str) -> bool:
        """Claim a run for the `claim` to follow, if its former owner has it still; whether so.

        Those asked for in one turn of the event loop are taken by one statement.
        """
        if not self._taking:
            self._loop.call_soon(self._take)
        key = (owner, former)
        run_ids, taken = self._taking.setdefault(key, ([], self._loop.create_future()))
        run_ids.append(run_id)
        return run_id in await asyncio.shield(taken)

    def _take(self) -> None:
        taking, self._taking = self._taking, {}
        for (owner, former), (run_ids, taken) in taking.items():
            done = self._writer.submit(take(run_ids, owner, former))
            done.add_done_callback(partial(self._taken, taken))

    def _taken(self, taken: "asyncio.Future[Any]", done: "asyncio.Future[Any]") -> None:
        if (error := done.exception()) is not None:
            taken.set_exception(error)
        else:
            self._fresh |= done.result()
            taken.set_result(done.result())

    async def append(
        self, run_id: str, epoch: int, events: Sequence[Event], update: RunUpdate | None = None
    ) -> None:
        """Store events, and return once they are durable."""
        key = (run_id, epoch)
        if (error := self._broken.get(key)) is not None:
            raise error
        deferred = self._deferred.pop(key, None)
        together = [*deferred, *events] if deferred else events
        if self._extras:
            self._flush_extras()
        await self._writer.submit(
            Append(run_id, epoch, together, update), partial(self._break, key)
        )

    def defer(self, run_id: str, epoch: int, event: Event) -> None:
        """Store an event with the run's next append, or within some 20 ms by itself."""
        self._deferred.setdefault((run_id, epoch), []).append(event)
        self._arm()

    def record_call(self, call: ModelCall) -> None:
        """Note a paid call; stored with the next commit, whatever run it belongs to."""
        values = (
            call.run_id,
            call.path,
            call.config_key,
            call.model,
            call.usage.prompt_tokens,
            call.usage.completion_tokens,
            str(call.predicted_usd),
            str(call.cost_usd),
            to_column(call.at),
        )
        self._extras.append(
            lambda connection: connection.execute(
                "INSERT INTO model_call (run_id, path, config_key, model, prompt_tokens,"
                " completion_tokens, predicted_usd, cost_usd, at) VALUES (?,?,?,?,?,?,?,?,?)",
                values,
            )
        )
        if call.is_near_limit:
            self._extras.append(partial(store_news, run_id=call.run_id, seq=NEAR_LIMIT))
        self._arm()

    def keep(self, fingerprint: str, entry: CacheEntry, now: datetime) -> None:
        """Keep an output; stored with the next commit."""
        output = entry.output
        values = (
            fingerprint,
            output.body if output.size <= INLINE_BYTES else None,
            output.hash,
            output.size,
            entry.port,
            str(entry.cost_usd),
            entry.model,
            to_column(now),
            to_column(entry.expires_at),
        )

        def work(connection: Connection) -> None:
            store_blob(connection, output)
            connection.execute(_KEEP, values)

        self._extras.append(work)
        self._arm()

    async def signal(
        self,
        run_id: str,
        kind: str,
        path: str,
        data: dict[str, Any],
        at: datetime,
        *,
        answers: Answered | None = None,
    ) -> Signal:
        """Store a signal; whoever advances the run acts on it.

        Raises:
            ConflictError: it answers a question that was answered before.
        """

        def work(connection: Connection) -> int:
            if answers is not None:
                take_question(connection, run_id, answers, at)
            # Who has seen a number looks only for greater ones, so none may be committed later.
            connection.in_turn()
            [(signal_id,)] = connection.execute(
                "INSERT INTO signal (run_id, kind, path, data, at) VALUES (?,?,?,?,?) RETURNING id",
                (run_id, kind, path, dump(data).decode(), to_column(at)),
            ).fetchall()
            return int(signal_id)

        self._fresh.pop(run_id, None)
        signal_id = await self._writer.submit(work)
        return Signal(signal_id, run_id, kind, path, data)  # type: ignore[arg-type]

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Do work beside the journal's own, in a commit that it may share with others."""
        return await self._writer.submit(work)

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_DEFER_S, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deferred, self._deferred = self._deferred, {}
        for key, events in deferred.items():
            future = self._writer.submit(Append(*key, events, None))
            future.add_done_callback(partial(self._check, partial(self._break, key)))
        if self._extras:
            self._flush_extras()

    def _flush_extras(self) -> None:
        """Queue what belongs to no run's events; it shares the next commit."""
        extras, self._extras = self._extras, []
        future = self._writer.submit(all_of(extras))
        future.add_done_callback(partial(self._check, partial(self._take_back, extras)))

    def _check(self, lost: Lost, done: "asyncio.Future[None]") -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            lost(error)

    def _break(self, key: tuple[str, int], error: BaseException) -> None:
        # A hole in the journal must not be written over: the run's next append fails instead.
        if isinstance(error, JournalError):
            self._broken[key] = error

    def _take_back(self, extras: list[Work], error: BaseException) -> None:
        # Money that was spent stays spent when the disk is full: it is written down later.
        if may_pass(error.__cause__):
            self._extras[:0] = extras

    # Reading

    async def query(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement."""
        return await self._reader.all(statement, values)

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
        row = await self._reader.one(
            f"{_OUTPUT} WHERE e.run_id=? AND e.type='run_succeeded' ORDER BY e.seq DESC LIMIT 1",
            (run_id,),
        )
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
        rows = await self._reader.all(
            "SELECT completion_tokens FROM model_call WHERE config_key=? ORDER BY id DESC LIMIT 50",
            (config_key,),
        )
        return int(median(row[0] for row in rows)) if rows else None

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
            "SELECT id, run_id, kind, path, data FROM signal WHERE run_id=? AND id>? ORDER BY id",
            (run_id, after),
        )
        return [read_signal(row) for row in rows]

    async def signals_since(self, after: int) -> list[Signal]:
        """Signals for any run that came after the given one, in order."""
        rows = await self._reader.all(
            "SELECT id, run_id, kind, path, data FROM signal WHERE id>? ORDER BY id LIMIT 1000",
            (after,),
        )
        for row in rows:
            self._fresh.pop(row[1], None)
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
