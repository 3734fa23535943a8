"""How runs, events and signals stand in the tables, and the work that writes them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from flowstudio.engine.events import Event, Output
from flowstudio.engine.journal import DamagedEvent, NewRun, RunUpdate, Seed, Signal
from flowstudio.errors import ConflictError, JournalDamagedError, StaleOwnerError
from flowstudio.graph.canonical import dump, load
from flowstudio.store.jobs import Connection, Work
from flowstudio.store.moments import from_column, to_column

#: Larger outputs stand in `blob`, once for every place that refers to them.
INLINE_BYTES = 1_000_000
EVENT_COLUMNS = "run_id, seq, at, type, node, path, data, output, output_hash, output_size"
_INSERT_EVENT = f"INSERT INTO run_event ({EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constant columns
#: sqlite3 looks for an adapter for each None, which costs more than binding a text.
_INSERT_EVENT_ALONE = (
    "INSERT INTO run_event (run_id, seq, at, type, node, path, data) VALUES (?,?,?,?,?,?,?)"
)
UPDATE_RUN = (
    "UPDATE run SET status=?, cost_usd=?, saved_usd=?, prompt_tokens=?, completion_tokens=?,"
    " steps_done=?, started_at=?, finished_at=?, wake_at=?, retry_at=?, error=?,"
    " error_node=?,"
    " owner=CASE WHEN ? THEN '' ELSE owner END WHERE id=?"
)
START_RUN = (
    "UPDATE run SET status='running', started_at=?, finished_at=NULL, wake_at=NULL,"
    " attempt=attempt + CASE WHEN retry_at IS NULL THEN 0 ELSE 1 END, retry_at=NULL,"
    " size_bytes=NULL WHERE id=?"
)
#: A run that is taken up again is running until it parks anew, also when that is by a crash; what
#: becomes of it then is news, whatever people thought of it before.
TAKE_OVER = (
    "UPDATE run SET epoch=epoch+1, owner=?, wake_at=NULL, is_dismissed=false,"
    " status=CASE WHEN status IN ('waiting','paused') THEN 'running' ELSE status END"
)
CLAIM_RUN = f"{TAKE_OVER} WHERE id=? RETURNING epoch"
RUN_COLUMNS = (
    "id, document_hash, workflow, slug, inputs, trigger, created_at, steps_total, max_cost_usd,"
    " use_cache, depth, base, project_id, workflow_id, created_by, version, rerun_of, draft,"
    " queue, ready_at, attempt, retry_at, trace"
)
_TAKE_KEY = (
    "INSERT INTO run_key (key, run_id) VALUES (?,?) ON CONFLICT (key) DO UPDATE SET run_id="
    "CASE WHEN EXISTS (SELECT 1 FROM run r WHERE r.id=run_key.run_id AND r.status IN"
    " ('queued', 'running', 'waiting', 'paused')) THEN run_key.run_id ELSE excluded.run_id END"
    " RETURNING run_id"
)
_COPY_EVENT = (
    "INSERT INTO run_event (run_id, seq, at, type, node, path, data, output, output_hash,"
    " output_size) SELECT ?,?,?,?,?,?,?, output, output_hash, output_size FROM run_event"
    " WHERE run_id=? AND seq=?"
)


def all_of(works: Sequence[Work]) -> Callable[[Connection], None]:
    """Several pieces of work as one."""

    def work(connection: Connection) -> None:
        for part in works:
            part(connection)

    return work


#: Events of which people are told (services/run_news.py), and what a person is asked for by a wait.
_ASKS = frozenset({"approval", "form", "unknown"})
_NEWS = "INSERT INTO run_news (run_id, seq) VALUES (?,?) ON CONFLICT DO NOTHING"
_QUESTION = (
    "INSERT INTO question (run_id, seq, path, escalate_to, escalate_at) VALUES (?,?,?,?,?)"
    " ON CONFLICT DO NOTHING"
)
#: Nobody needs to be asked for what somebody has answered.
_SEEN = (
    "UPDATE notification SET read_at=? WHERE run_id=? AND run_id<>'' AND seq=?"
    " AND type='run_waiting' AND read_at IS NULL"
)
#: In place of an event's number: most of what the run may cost is spent.
NEAR_LIMIT = 0


@dataclass(frozen=True, slots=True)
class Append:
    """Work that stores a run's events, unless the run has another owner by now.

    The rest says in parts what it does, for a database that takes many of them together.
    """

    run_id: str
    epoch: int
    events: Sequence[Event]
    update: RunUpdate | None
    has_begun: bool = False

    def __call__(self, connection: Connection) -> None:
        """Do it."""
        row = connection.execute("SELECT epoch FROM run WHERE id=?", (self.run_id,)).fetchone()
        if (stale := self.stale(row[0] if row is not None else None)) is not None:
            raise stale
        for event in self.events:
            values = event_values(self.run_id, event)
            if event.output is None:
                connection.execute(_INSERT_EVENT_ALONE, values[:7])
            else:
                connection.execute(_INSERT_EVENT, values)
                store_blob(connection, event.output)
            if _is_news(event):
                store_news_of(connection, self.run_id, event)
        for values in self.starts():
            connection.execute(START_RUN, values)
        if self.update is not None:
            connection.execute(UPDATE_RUN, update_values(self.run_id, self.update))

    def stale(self, epoch: int | None) -> StaleOwnerError | None:
        """Why nothing may be stored in a run of this epoch, or None."""
        if epoch == self.epoch:
            return None
        return StaleOwnerError(f"Run {self.run_id} has been taken over by another process.")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The events, in the order of `EVENT_COLUMNS`."""
        return (event_values(self.run_id, event) for event in self.events)

    def outputs(self) -> Iterator[Output]:
        """What the events hold."""
        return (event.output for event in self.events if event.output is not None)

    def news(self) -> Iterator[Event]:
        """Events for `store_news_of`."""
        return (event for event in self.events if _is_news(event))

    def starts(self) -> Iterator[tuple[Any, ...]]:
        """Values for `START_RUN`, unless the run's row says already that it has begun."""
        events = () if self.has_begun else self.events
        return ((to_column(one.at), self.run_id) for one in events if _begins(one))


def _begins(event: Event) -> bool:
    return event.type == "run_started" or (
        event.type == "signal_received" and event.data.get("kind") == "resume"
    )


def _is_news(event: Event) -> bool:
    return event.type in ("run_failed", "step_waiting")


def store_news_of(connection: Connection, run_id: str, event: Event) -> None:
    """Have people told of an event, in its own transaction so that none is lost or told twice."""
    data = event.data
    if event.type == "step_waiting":
        if data.get("kind") not in _ASKS:
            return
        escalate_at = data.get("escalate_at")
        values = (
            dump(data.get("escalate_to", [])).decode(),
            to_column(datetime.fromisoformat(escalate_at)) if escalate_at else None,
        )
        connection.execute(_QUESTION, (run_id, event.seq, event.path, *values))
    store_news(connection, run_id, event.seq)


def store_news(connection: Connection, run_id: str, seq: int) -> None:
    """Have people told of one event of a run."""
    connection.execute(_NEWS, (run_id, seq))


@dataclass(frozen=True, slots=True)
class Answered:
    """Which question somebody answers: the number of the event that asks, and who it is."""

    seq: int
    by: str


def take_question(connection: Connection, run_id: str, answered: Answered, at: datetime) -> None:
    """Note that a question is answered.

    Raises:
        ConflictError: somebody has answered it before.
    """
    key = (run_id, answered.seq)
    taken = connection.execute(
        "UPDATE question SET answered_by=?, answered_at=?"
        " WHERE run_id=? AND seq=? AND answered_at IS NULL",
        (answered.by, to_column(at), *key),
    )
    if taken.rowcount == 1:
        connection.execute(_SEEN, (to_column(at), *key))
        return
    row = connection.execute(
        "SELECT answered_by, answered_at FROM question WHERE run_id=? AND seq=?", key
    ).fetchone()
    # A question from before there was a table of them has no row.
    if row is not None:
        raise ConflictError(say_answered(row[0], from_column(row[1])))


def say_answered(by: str, at: datetime | None) -> str:
    """Who has answered a question, and when."""
    moment = f" on {at:%Y-%m-%d at %H:%M} UTC" if at is not None else ""
    return f"{by or 'Somebody'} has answered this{moment}."


def take_key(connection: Connection, run: NewRun) -> bool:
    """Have a run just stored stand for its key; else take it away again, and give false."""
    if not run.dedup_key:
        return True
    [(standing,)] = connection.execute(_TAKE_KEY, (run.dedup_key, run.id)).fetchall()
    if standing == run.id:
        return True
    connection.execute("DELETE FROM run WHERE id=?", (run.id,))
    return False


def store_seeds(connection: Connection, run_id: str, seeds: Sequence[Seed]) -> None:
    """Begin a run's journal with these events."""
    for seq, seed in enumerate(seeds, start=1):
        event = seed.event._replace(seq=seq)
        if seed.source is None:
            connection.execute(_INSERT_EVENT, event_values(run_id, event))
            if event.output is not None and event.output.body:
                store_blob(connection, event.output)
        else:
            head = event_values(run_id, event._replace(output=None))[:7]
            connection.execute(_COPY_EVENT, (*head, *seed.source))


def store_blob(connection: Connection, output: Output) -> None:
    """Store a large output under its hash, once."""
    if output.size > INLINE_BYTES:
        connection.execute(
            "INSERT INTO blob (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (output.hash, output.body),
        )


def event_values(run_id: str, event: Event) -> tuple[Any, ...]:
    """An event as a row."""
    seq, at, kind, node, path, data, output = event
    row = (run_id, seq, to_column(at), kind, node, path, _text(data))
    if output is None:
        return (*row, None, None, None)
    # As with None, sqlite3 looks for an adapter for bytes, but takes a bytearray as it is.
    body = bytearray(output.body) if output.size <= INLINE_BYTES else None
    return (*row, body, output.hash, output.size)


def _text(data: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(data).decode()
    except TypeError:
        return dump(dict(data)).decode()


def update_values(run_id: str, update: RunUpdate) -> tuple[Any, ...]:
    """A run's changing columns."""
    return (
        update.status,
        str(update.cost_usd),
        str(update.saved_usd),
        update.usage.prompt_tokens,
        update.usage.completion_tokens,
        update.steps_done,
        to_column(update.started_at),
        to_column(update.finished_at),
        to_column(update.wake_at),
        to_column(update.retry_at),
        # PostgreSQL keeps no character of the code 0.
        update.error.replace("\0", "\N{REPLACEMENT CHARACTER}") if update.error else update.error,
        update.error_node,
        update.release,
        run_id,
    )


def run_values(run: NewRun) -> tuple[Any, ...]:
    """A new run as a row, in the order of `RUN_COLUMNS`."""
    return (
        run.id,
        run.document_hash,
        run.workflow,
        run.slug,
        dump(dict(run.inputs)).decode(),
        run.trigger,
        to_column(run.created_at),
        run.steps_total,
        str(run.max_cost_usd) if run.max_cost_usd is not None else None,
        run.use_cache,
        run.depth,
        run.base,
        run.project_id,
        run.workflow_id,
        run.created_by,
        run.version,
        run.rerun_of,
        run.draft,
        run.queue,
        to_column(run.ready_at),
        run.attempt,
        None,
        run.trace,
    )


def read_run(row: tuple[Any, ...], owner: str) -> NewRun:
    """A run from its row.

    Raises:
        JournalDamagedError: the row no longer reads as what was written.
    """
    try:
        return _read_run(row, owner)
    except (orjson.JSONDecodeError, ValueError, TypeError, ArithmeticError) as error:
        message = f"The row of run {row[0]} is damaged: {error}. Start the workflow anew."
        raise JournalDamagedError(message) from error


def _read_run(row: tuple[Any, ...], owner: str) -> NewRun:
    created_at = from_column(row[6])
    if created_at is None:
        message = "it does not say when the run was made"
        raise ValueError(message)
    return NewRun(
        id=row[0],
        document_hash=row[1],
        workflow=row[2],
        slug=row[3],
        inputs=load(row[4]),
        trigger=row[5],
        created_at=created_at,
        steps_total=row[7],
        owner=owner,
        max_cost_usd=Decimal(row[8]) if row[8] is not None else None,
        use_cache=bool(row[9]),
        depth=row[10],
        base=row[11],
        project_id=row[12],
        workflow_id=row[13],
        created_by=row[14],
        version=row[15],
        rerun_of=row[16],
        draft=row[17],
        queue=row[18],
        ready_at=from_column(row[19]),
        # One that was to be tried again has been taken up for that.
        attempt=row[20] + (row[21] is not None),
        trace=row[22],
    )


def read_event(row: tuple[Any, ...]) -> Event | DamagedEvent:
    """An event from its row, or what can still be told of it."""
    seq, at, kind, node, path, data, output_hash, output_size = row
    try:
        output = Output(output_hash, output_size) if output_hash is not None else None
        moment = from_column(at)
        if moment is None or not isinstance(path, str):
            return DamagedEvent(seq, kind, node, path, "a column is empty")
        return Event(seq, moment, kind, node, path, load(data), output)
    except (orjson.JSONDecodeError, ValueError, TypeError) as error:
        return DamagedEvent(seq, kind, node, path, str(error))


def read_signal(row: tuple[Any, ...]) -> Signal:
    """A signal from its row."""
    return Signal(row[0], row[1], row[2], row[3], load(row[4]))
