"""Failed runs whose moment has come to be tried again, and their way back into the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowstudio.store.jobs import Connection, Work
from flowstudio.store.journal import StoredJournal
from flowstudio.store.moments import to_column

_RESUME = "INSERT INTO signal (run_id, kind, path, data, at) VALUES (?,'resume','','{}',?)"


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed run that is due, with whoever has it: nobody, unless they died over it."""

    run_id: str
    owner: str


async def list_retries(journal: StoredJournal, now: datetime, most: int) -> list[Retry]:
    """Failed runs that are to be tried again by now, the earliest first."""
    rows = await journal.query(
        "SELECT id, owner FROM run INDEXED BY ix_run_retry"
        " WHERE retry_at<=? AND status='failed' ORDER BY retry_at LIMIT ?",
        (to_column(now), most),
    )
    return [Retry(row[0], row[1]) for row in rows]


def queue_again(retries: Mapping[Retry, Sequence[str]], now: datetime) -> Work:
    """Have failed runs wait for their turn anew, to be resumed then.

    Each comes with the runs inside it that are to be resumed, too. One that somebody took up
    meanwhile is left alone. Gives the ids of the signals that say so.
    """

    def work(connection: Connection) -> list[int]:
        # Who has seen a number looks only for greater ones, so none may be committed later.
        connection.in_turn()
        signals: list[int] = []
        for retry, inside in retries.items():
            done = connection.execute(
                "UPDATE run SET status='queued', owner='', ready_at=NULL, queued_at=?,"
                " finished_at=NULL, attempt=attempt+1, retry_at=NULL"
                " WHERE id=? AND owner=? AND status='failed' AND retry_at<=?",
                (to_column(now), retry.run_id, retry.owner, to_column(now)),
            )
            for run_id in (*inside, retry.run_id) if done.rowcount == 1 else ():
                [(signal_id,)] = connection.execute(
                    f"{_RESUME} RETURNING id", (run_id, to_column(now))
                ).fetchall()
                signals.append(int(signal_id))
        return signals

    return work


def drop_retry(run_id: str) -> Work:
    """Have a failed run not tried again by itself; whether it was to be."""

    def work(connection: Connection) -> bool:
        done = connection.execute(
            "UPDATE run SET retry_at=NULL WHERE id=? AND status='failed' AND retry_at IS NOT NULL",
            (run_id,),
        )
        return done.rowcount == 1

    return work
