"""The journal: events, outputs, the cache, calls and signals; what reads them is journal_reads.py.

Its statements are written by hand: this is the hot path, and one step must cost little
(docs/decisions/0002-journal-statements-by-hand.md). The schema is that of tables/runs.py; both
databases take the same statements (dialect.py).
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from flowstudio.clock import utc_now
from flowstudio.engine.events import Event
from flowstudio.engine.journal import (
    CacheEntry,
    ClaimedRun,
    ModelCall,
    NewRun,
    RunUpdate,
    Seed,
    Signal,
)
from flowstudio.errors import JournalDamagedError, JournalError, NotFoundError
from flowstudio.graph.canonical import dump
from flowstudio.store.claims import take
from flowstudio.store.database import Database
from flowstudio.store.failures import may_pass
from flowstudio.store.jobs import Connection, Lost, Work
from flowstudio.store.journal_reads import ReadJournal
from flowstudio.store.journal_rows import (
    CLAIM_RUN,
    INLINE_BYTES,
    NEAR_LIMIT,
    RUN_COLUMNS,
    Answered,
    Append,
    all_of,
    read_run,
    run_values,
    store_blob,
    store_news,
    store_seeds,
    take_key,
    take_question,
)
from flowstudio.store.moments import to_column
from flowstudio.store.runs import JOBS
from flowstudio.store.writer import Writer

T = TypeVar("T")
#: Done in the commit that makes a run, if what it is given holds by then.
Last = Callable[[Connection, Callable[[], bool]], None]

_DEFER_S = 0.02
_KEEP = (
    "INSERT INTO cache_entry (fingerprint, output, output_hash, output_size, port, cost_usd, model,"
    " created_at, expires_at) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (fingerprint) DO UPDATE SET"
    " output=excluded.output, output_hash=excluded.output_hash, output_size=excluded.output_size,"
    " port=excluded.port, cost_usd=excluded.cost_usd, model=excluded.model,"
    " created_at=excluded.created_at, expires_at=excluded.expires_at"
)
_PLACES = ",".join("?" * (RUN_COLUMNS.count(",") + 1))


class StoredJournal(ReadJournal):
    """`flowstudio.engine.journal.Journal` in a database."""

    def __init__(
        self, database: Database, durability: str, patience_s: float | None = None
    ) -> None:
        super().__init__(database, patience_s)
        self._writer = Writer(database, durability, patience_s)
        self._open_taker = partial(Writer, database, "normal", patience_s)
        self._loop = asyncio.get_running_loop()
        self._deferred: dict[tuple[str, int], list[Event]] = {}
        self._extras: list[Work] = []
        self._timer: asyncio.TimerHandle | None = None
        self._fresh: dict[str, ClaimedRun] = {}
        self._begun: set[str] = set()
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
        if "_taker" in self.__dict__:
            await self._taker.close()
        await self._writer.close()
        self._reader.close()

    async def create(
        self,
        run: NewRun,
        document: bytes,
        seeds: Sequence[Seed] = (),
        first: Callable[[Connection], bool] | None = None,
        last: Last | None = None,
    ) -> bool:
        """Store a new run, which begins with the seeds; false when its id or its key is taken.

        With an owner, it is claimed already, unless it is for a worker to take. What is to be done
        `first` shares the transaction; if it gives false, there is no run either. What is to be
        done `last` is, if the run is stored.
        """
        is_claimed = run.owner not in ("", JOBS)

        def work(connection: Connection) -> Any:
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

            def is_stored() -> bool:
                return cursor.rowcount == 1

            if run.dedup_key or seeds:
                if not is_stored() or not take_key(connection, run):
                    return False
                store_seeds(connection, run.id, seeds)
            if last is not None:
                last(connection, is_stored)
            return connection.later(is_stored)

        is_new: bool = await self._writer.submit(work)
        if is_new and is_claimed:
            self._fresh[run.id] = ClaimedRun(run, 1, is_new=not seeds)
        return is_new

    def is_fresh(self, run_id: str) -> bool:
        """Whether this process has just made the run, as its owner, and nobody has touched it."""
        return run_id in self._fresh

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

    @cached_property
    def _taker(self) -> Writer:
        """Takes runs beside the events of others, and need not wait for the disk.

        A server that crashes forgets the taking only with everything committed after it, so nobody
        has stored anything of such a run.
        """
        return self._open_taker()

    def _take(self) -> None:
        taking, self._taking = self._taking, {}
        for (owner, former), (run_ids, taken) in taking.items():
            done = self._taker.submit(take(run_ids, owner, former, utc_now()))
            done.add_done_callback(partial(self._taken, taken))

    def _taken(self, taken: "asyncio.Future[Any]", done: "asyncio.Future[Any]") -> None:
        if (error := done.exception()) is not None:
            taken.set_exception(error)
        else:
            self._fresh |= done.result()
            self._begun |= {run_id for run_id, run in done.result().items() if run.is_new}
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
        has_begun = run_id in self._begun
        self._begun.discard(run_id)
        await self._writer.submit(
            Append(run_id, epoch, together, update, has_begun), partial(self._break, key)
        )

    def defer(self, run_id: str, epoch: int, event: Event) -> None:
        """Store an event with the run's next append, or within some 20 ms by itself."""
        self._deferred.setdefault((run_id, epoch), []).append(event)
        self._arm()

    async def load_output(self, run_id: str, seq: int) -> bytes:
        """The body of one event's output, also of one that is still on its way to the disk."""
        try:
            return await super().load_output(run_id, seq)
        except JournalDamagedError:
            self._flush()
            await self._writer.submit(lambda _: None)
            return await super().load_output(run_id, seq)

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

    async def signals_since(self, after: int) -> list[Signal]:
        """Signals for any run that came after the given one, in order."""
        signals = await super().signals_since(after)
        for signal in signals:
            self._fresh.pop(signal.run_id, None)
        return signals
