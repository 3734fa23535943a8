"""Whether anything has happened in a database: so that an idle process need not ask it."""

import time
from pathlib import Path

from flowstudio.store.database import Database

#: File systems stamp with the kernel's tick; another commit may come within the same one.
_TICK_NS = 100_000_000


class Stillness:
    """Looks at the write-ahead log of a SQLite file: a few microseconds, and no thread.

    Every commit, of whatever process, writes to it. A server elsewhere is never known to be still.
    """

    def __init__(self, database: Database) -> None:
        self._log = Path(f"{database.file}-wal") if database.file is not None else None
        self._seen: tuple[int, int, int] | None = None

    def is_still(self) -> bool:
        """True only when nothing was committed since this was asked before; then ask the database."""
        if self._log is None:
            return False
        try:
            found = self._log.stat()
        except OSError:
            return False
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen == self._seen:
            return True
        is_settled = time.time_ns() - found.st_mtime_ns > _TICK_NS
        self._seen = seen if is_settled else None
        return False

    def forget(self) -> None:
        """The database could not be asked: it is not still until it was."""
        self._seen = None
