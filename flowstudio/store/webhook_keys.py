"""Deduplication keys of webhooks: each stands for one run, which is made together with it.

These are works for the journal's writer, so a run and its key are committed both or neither.
"""

from datetime import datetime
from typing import Any

from flowstudio.store.journal import StoredJournal
from flowstudio.store.moments import to_column


class KeyClaim:
    """Takes a key for a run about to be made, unless it stands for one already.

    Attributes:
        found: id of the run that the key stands for already, once the claim was tried, or "".
    """

    def __init__(self, webhook_id: str, key: str, run_id: str, now: datetime) -> None:
        self._values = (webhook_id, key, run_id, to_column(now))
        self.found = ""

    def __call__(self, connection: Any) -> bool:
        """Whether the key was free, and is taken now."""
        cursor = connection.execute(
            "INSERT INTO webhook_key (webhook_id, key, run_id, created_at) VALUES (?,?,?,?)"
            " ON CONFLICT DO NOTHING",
            self._values,
        )
        if cursor.rowcount == 1:
            return True
        row = connection.execute(
            "SELECT run_id FROM webhook_key WHERE webhook_id=? AND key=?", self._values[:2]
        ).fetchone()
        self.found = row[0]
        return False


async def find_run(journal: StoredJournal, webhook_id: str, key: str) -> str | None:
    """Id of the run that a key stands for, or None."""
    rows = await journal.query(
        "SELECT run_id FROM webhook_key WHERE webhook_id=? AND key=?", (webhook_id, key)
    )
    return rows[0][0] if rows else None


async def forget_keys(journal: StoredJournal, before: datetime) -> None:
    """Let go of keys that are older; they stand for nothing from then on."""
    await journal.transact(
        lambda connection: connection.execute(
            "DELETE FROM webhook_key WHERE created_at<?", (to_column(before),)
        )
    )
