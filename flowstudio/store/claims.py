# ruff: noqa: S608 - constant columns, bound values
"""Taking runs over, several at once."""

import json
from collections.abc import Sequence
from datetime import datetime

from flowstudio.engine.journal import ClaimedRun
from flowstudio.errors import JournalDamagedError
from flowstudio.store.jobs import Connection, Work
from flowstudio.store.journal_rows import RUN_COLUMNS, read_run
from flowstudio.store.moments import to_column

#: With what the start of a run writes into its row, so that one that begins is written once less.
_TAKE = (
    "UPDATE run SET epoch=epoch+1, owner=?, wake_at=NULL, started_at=coalesce(started_at, ?),"
    " status=CASE WHEN status IN ('queued', 'waiting','paused') THEN 'running' ELSE status END"
    " WHERE id IN (SELECT value FROM json_each(?)) AND owner=? RETURNING epoch,"
    " EXISTS (SELECT 1 FROM run_event e WHERE e.run_id=run.id)"
    f" OR EXISTS (SELECT 1 FROM signal s WHERE s.run_id=run.id), {RUN_COLUMNS}"
)


def take(run_ids: Sequence[str], owner: str, former: str, now: datetime) -> Work:
    """Claim those of these runs that their former owner has still; gives them by id."""

    def work(connection: Connection) -> dict[str, ClaimedRun]:
        values = (owner, to_column(now), json.dumps(list(run_ids)), former)
        claimed = {}
        for epoch, is_known, *row in connection.execute(_TAKE, values).fetchall():
            try:
                run = read_run(tuple(row), owner)
            except JournalDamagedError:
                # Whoever claims it by itself is told.
                continue
            claimed[run.id] = ClaimedRun(run, epoch, is_new=not is_known)
        return claimed

    return work
