"""What befalls a farm: one actor for each fault."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.farm import Farm


def kill_worker(farm: Farm) -> None:
    """SIGKILL of a process that advances runs; another is begun."""
    farm.kill("work")


def kill_web(farm: Farm) -> None:
    """SIGKILL of a process that takes webhooks and runs schedules; another is begun."""
    farm.kill("web")


def stop_worker(farm: Farm) -> None:
    """SIGSTOP of one that advances runs, and SIGCONT after a while."""
    process = farm.choose("work").process
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(farm.plan.stop_s)
    farm.promise()
    os.kill(process.pid, signal.SIGCONT)


def restart_database(farm: Farm) -> None:
    """The server crashes and comes back."""
    assert farm.server is not None
    farm.server.restart()


def fill_disk(farm: Farm) -> None:
    """Nothing more fits where the database lies; after a while there is room again."""
    assert farm.disk is not None
    ballast = farm.disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            # What others free meanwhile is taken as well, in the end byte for byte.
            file.write(bytes(1 << 20))
            file.flush()
    try:
        time.sleep(farm.plan.full_s)
    finally:
        ballast.unlink()
    if farm.server is not None:
        farm.server.start_again()


def lock_database(farm: Farm) -> None:
    """Another process holds the database, or its journal, so that nobody else can write."""
    command = [sys.executable, "-m", "tests.faults.locker", farm.url or str(farm.database_file)]
    subprocess.run([*command, str(farm.plan.lock_s)], cwd=Path(__file__).parents[2], check=True)


ACTORS: dict[str, Callable[[Farm], None]] = {
    actor.__name__: actor
    for actor in (kill_worker, kill_web, stop_worker, restart_database, fill_disk, lock_database)
}


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path | None]:
    """A disk of its own, in memory; None where this process may not mount one."""
    folder.mkdir()
    # PostgreSQL is another user.
    folder.parent.chmod(0o711)
    size = f"size={megabytes}m"
    command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    done = shutil.which("mount") and subprocess.run(command, check=False, capture_output=True)
    if not done or done.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        command = ["umount", "--lazy", str(folder)]
        subprocess.run(command, check=True)
