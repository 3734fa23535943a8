"""Which processes are alive: those that are not have left their runs to the others."""

import fcntl
from pathlib import Path
from typing import IO, Protocol

from flowstudio.graph.ids import new_id


class Owners(Protocol):
    """The name of this process as an owner of runs, and a look at others."""

    @property
    def name(self) -> str:
        """The name under which this process claims runs."""

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name still runs; cheap, and False only when it is sure."""


class FileOwners:
    """`Owners` of one machine: each holds a lock that the kernel lets go with it.

    A lock file is exact where a heartbeat guesses: it is free the moment its process is gone.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name = new_id()
        self._file: IO[bytes] | None = self._path(self.name).open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name still runs. Clears away what the dead left."""
        if name == self.name:
            return True
        path = self._path(name)
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        path.unlink(missing_ok=True)
        return False

    @staticmethod
    def living(folder: Path) -> list[str]:
        """Names of the processes that hold a lock in the folder."""
        return [path.stem for path in sorted(folder.glob("*.lock")) if _is_held(path)]

    def close(self) -> None:
        """Let go of this process's name."""
        if self._file is not None:
            self._path(self.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
