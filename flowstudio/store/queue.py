# ruff: noqa: S608 - constant text, bound values
"""The queue in the database: which runs are next, and what holds them back.

The functions that take a connection are work for the journal's writer: what one of them reads,
nobody changes before it has written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowstudio.store.jobs import Connection, Work
from flowstudio.store.journal import StoredJournal
from flowstudio.store.moments import from_column, to_column
from flowstudio.store.queue_capacity import Capacity
from flowstudio.store.runs import JOBS

#: When a run that could begin came into its queue.
QUEUED_AT = "coalesce(queued_at, created_at)"
_MOST_LANES = 1_000
_WAITING = "status='queued' AND owner='' AND ready_at IS NULL"
#: The runs that somebody has; of all that go on they are few, however many wait.
_OWNED = "FROM run INDEXED BY ix_run_owned WHERE owner <> ''"
_STATES = "SELECT name, is_paused, is_draining FROM queue"
_LIMITS = "SELECT scope, object_id, most_at_once FROM run_limit"


@dataclass(frozen=True, slots=True)
class Controls:
    """What people have told the queue.

    Attributes:
        limits: most runs at once, by scope (`instance`, `project`, `workflow`) and id; the
            installation's id is "".
    """

    paused: frozenset[str] = frozenset()
    draining: frozenset[str] = frozenset()
    limits: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def limit(self, project_id: str, workflow_id: str) -> int | None:
        """The lowest limit that concerns runs of this workflow, or None."""
        keys = [("instance", "")]
        keys += [("project", project_id)] if project_id else []
        keys += [("workflow", workflow_id)] if workflow_id else []
        return min((self.limits[key] for key in keys if key in self.limits), default=None)


@dataclass(frozen=True, slots=True)
class Turn:
    """A run whose turn it is."""

    run_id: str
    queue: str
    project_id: str


HandOver = Callable[[Connection, Sequence[Turn]], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a look into the queue brought.

    Attributes:
        runs: in the order they are to begin.
        waiting: the queues in which others wait still.
        controls: as they stood at this look.
        ahead: how many of each queue the owner has now that have not begun; counted for hand-overs.
    """

    runs: tuple[Turn, ...]
    waiting: frozenset[str]
    controls: Controls
    ahead: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Depth:
    """One queue as it stands.

    Attributes:
        waiting: runs that could begin; `delayed` ones wait for a moment.
        oldest_at: when the one that has waited longest came into it.
        ended: runs that ended within the last minute.
    """

    queue: str
    waiting: int
    delayed: int
    running: int
    oldest_at: datetime | None
    ended: int


@dataclass(slots=True)
class _Lane:
    """The waiting runs of one workflow."""

    project_id: str
    workflow_id: str
    ids: list[str]


def take(
    owner: str,
    queues: Sequence[str],
    capacity: Capacity,
    now: datetime,
    served: Mapping[str, int],
    hand_over: HandOver | None = None,
) -> Work:
    """Give as many waiting runs to an owner as there is room for.

    Queues count in the order given. Within one, the project with the fewest runs in hand is next,
    then the one served longest ago, then the workflow with the fewest, then who waited longest.

    Args:
        owner: of the runs from now on.
        queues: to look into.
        capacity: for so many, by queue.
        now: the present moment.
        served: by project, a number that is higher the later it had its turn.
        hand_over: what else is done with them in the same commit. With it, there must be room for
            the runs that this owner has and that have not begun, too.
    """

    def work(connection: Connection) -> Taken:
        connection.in_turn()
        connection.execute(
            "UPDATE run INDEXED BY ix_run_ready SET queued_at=ready_at,"
            " ready_at=NULL WHERE ready_at<=? AND status='queued'",
            (to_column(now),),
        )
        controls = _read_controls(connection)
        turns = _Turns(connection, controls, served)
        ahead = Counter[str]() if hand_over is None else _count_ahead(connection, owner)
        chosen: list[Turn] = []
        for queue in queues:
            places = capacity.places(queue, ahead)
            if queue not in controls.paused and places > 0:
                picked = list(turns.pick(queue, places))
                ahead[queue] += len(picked)
                chosen += picked
        for turn in chosen:
            connection.execute("UPDATE run SET owner=? WHERE id=?", (owner, turn.run_id))
        if hand_over is not None and chosen:
            hand_over(connection, chosen)
        return Taken(tuple(chosen), _waiting(connection, queues), controls, ahead)

    return work


def _count_ahead(connection: Connection, owner: str) -> Counter[str]:
    rows = connection.execute(
        f"SELECT queue, count(*) {_OWNED} AND owner=? AND status='queued' GROUP BY queue", (owner,)
    ).fetchall()
    return Counter({row[0]: row[1] for row in rows})


def seize(run_id: str, owner: str, former: str) -> Work:
    """Make a run another owner's, if its former one has it still; whether that was so."""

    def work(connection: Connection) -> bool:
        done = connection.execute(
            "UPDATE run SET owner=? WHERE id=? AND owner=?", (owner, run_id, former)
        )
        return done.rowcount == 1

    return work


def _waiting(connection: Connection, queues: Sequence[str]) -> frozenset[str]:
    """Those of these queues in which something waits."""
    if not queues:
        return frozenset()
    each = f"EXISTS (SELECT 1 FROM run WHERE {_WAITING} AND queue=?)"
    columns = ", ".join([each] * len(queues))
    found = connection.execute(f"SELECT {columns}", tuple(queues)).fetchone()
    return frozenset(queue for queue, waits in zip(queues, found, strict=True) if waits)


def _read_controls(connection: Connection) -> Controls:
    states = connection.execute(_STATES).fetchall()
    return _controls(states, connection.execute(_LIMITS).fetchall())


def _controls(states: Sequence[tuple[Any, ...]], limits: Sequence[tuple[Any, ...]]) -> Controls:
    return Controls(
        frozenset(row[0] for row in states if row[1]),
        frozenset(row[0] for row in states if row[2]),
        {(row[0], row[1]): row[2] for row in limits},
    )


class _Turns:
    """Whose turn it is, within the limits."""

    def __init__(
        self, connection: Connection, controls: Controls, served: Mapping[str, int]
    ) -> None:
        self._connection = connection
        self._limits = controls.limits
        self._served = dict(served)
        self._in_hand: Counter[tuple[str, str]] = Counter()
        rows = connection.execute(
            f"SELECT project_id, workflow_id, count(*) {_OWNED} AND depth=0"
            " AND status IN ('queued', 'running') GROUP BY project_id, workflow_id"
        ).fetchall()
        for project_id, workflow_id, number in rows:
            self._count(project_id, workflow_id, number)

    def _count(self, project_id: str, workflow_id: str, number: int) -> None:
        for key in (("instance", ""), ("project", project_id), ("workflow", workflow_id)):
            self._in_hand[key] += number

    def pick(self, queue: str, most: int) -> Iterator[Turn]:
        """The next runs of a queue."""
        lanes = self._lanes(queue, most)
        for _ in range(most):
            open_lanes = [lane for lane in lanes if lane.ids and self._may(lane)]
            if not open_lanes:
                return
            lane = min(open_lanes, key=self._turn)
            self._count(lane.project_id, lane.workflow_id, 1)
            self._served[lane.project_id] = max(self._served.values(), default=0) + 1
            yield Turn(lane.ids.pop(0), queue, lane.project_id)

    def _may(self, lane: _Lane) -> bool:
        keys = (("instance", ""), ("project", lane.project_id), ("workflow", lane.workflow_id))
        return all(self._in_hand[key] < self._limits[key] for key in keys if key in self._limits)

    def _turn(self, lane: _Lane) -> tuple[int, int, int, str]:
        return (
            self._in_hand["project", lane.project_id],
            self._served.get(lane.project_id, 0),
            self._in_hand["workflow", lane.workflow_id],
            lane.ids[0],
        )

    def _lanes(self, queue: str, most: int) -> list[_Lane]:
        """The workflows that have something waiting, each with its first few.

        Steps from one to the next in the index, so that a hundred thousand waiting runs of one
        workflow cost no more than one.
        """
        lanes: list[_Lane] = []
        at: tuple[str, str] | None = None
        while len(lanes) < _MOST_LANES:
            beyond = "" if at is None else " AND (project_id, workflow_id) > (?, ?)"
            row = self._connection.execute(
                f"SELECT project_id, workflow_id FROM run WHERE {_WAITING} AND queue=?{beyond}"
                " ORDER BY project_id, workflow_id LIMIT 1",
                (queue, *(at or ())),
            ).fetchone()
            if row is None:
                break
            at = (row[0], row[1])
            rows = self._connection.execute(
                f"SELECT id FROM run WHERE {_WAITING} AND queue=? AND project_id=?"
                " AND workflow_id=? ORDER BY id LIMIT ?",
                (queue, *at, most),
            ).fetchall()
            lanes.append(_Lane(*at, [row[0] for row in rows]))
        return lanes


async def depths(journal: StoredJournal, queues: Sequence[str], since: datetime) -> list[Depth]:
    """Each queue as it stands; what ended is counted from a moment on."""
    counted = f"SELECT queue, count(*), min({QUEUED_AT})"
    waiting = await _by_queue(
        journal, f"{counted} FROM run INDEXED BY ix_run_waiting WHERE {_WAITING}"
    )
    told = await _by_queue(journal, f"{counted} {_OWNED} AND owner='{JOBS}' AND status='queued'")
    delayed = await _by_queue(
        journal,
        "SELECT queue, count(*) FROM run INDEXED BY ix_run_ready"
        " WHERE ready_at IS NOT NULL AND status='queued'",
    )
    running = await _by_queue(
        journal,
        f"SELECT queue, count(*) {_OWNED} AND owner <> '{JOBS}'"
        " AND status IN ('queued', 'running')",
    )
    ended = await _by_queue(
        journal,
        "SELECT queue, count(*) FROM run INDEXED BY ix_run_finished WHERE finished_at>=?",
        (to_column(since),),
    )
    none = (0, None)
    return [
        Depth(
            name,
            waiting=waiting.get(name, none)[0] + told.get(name, none)[0],
            delayed=delayed.get(name, none)[0],
            running=running.get(name, none)[0],
            oldest_at=_oldest(waiting.get(name, none)[1], told.get(name, none)[1]),
            ended=ended.get(name, none)[0],
        )
        for name in queues
    ]


def _oldest(*columns: str | datetime | None) -> datetime | None:
    moments = (from_column(column) for column in columns)
    return min((moment for moment in moments if moment is not None), default=None)


async def _by_queue(
    journal: StoredJournal, statement: str, values: Sequence[Any] = ()
) -> dict[str, tuple[Any, ...]]:
    rows = await journal.query(f"{statement} GROUP BY queue", values)
    return {row[0]: row[1:] for row in rows}


async def controls(journal: StoredJournal) -> Controls:
    """What people have told the queue."""
    states = await journal.query(_STATES)
    limits = await journal.query(_LIMITS)
    return _controls(states, limits)


async def workers(journal: StoredJournal, since: datetime) -> dict[frozenset[str], int]:
    """How many runs the processes heard of since a moment take at once, by the queues they serve."""
    found: Counter[frozenset[str]] = Counter()
    for queues, concurrency in await journal.query(
        "SELECT queues, sum(concurrency) FROM worker WHERE seen_at>=? GROUP BY queues",
        (to_column(since),),
    ):
        found[frozenset(queues.split(","))] += int(concurrency)
    return dict(found)


async def has_work(journal: StoredJournal, now: datetime) -> bool:
    """Whether a run waits that could begin, were there room for it."""
    rows = await journal.query(
        f"SELECT 1 FROM run INDEXED BY ix_run_waiting WHERE {_WAITING} UNION ALL"
        " SELECT 1 FROM run INDEXED BY ix_run_ready WHERE ready_at<=? AND status='queued' LIMIT 1",
        (to_column(now),),
    )
    return bool(rows)
