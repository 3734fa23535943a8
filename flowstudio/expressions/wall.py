"""The second wall: how a worker process is started, so that breaking the interpreter is not enough.

The interpreter has no files, network, environment or processes to offer. Should it be broken, the
process around it still has none: it starts with an empty environment, its resources are limited,
and where the machine allows it stands in namespaces of its own.
"""

import fcntl
import logging
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_monty._binary import find_monty_binary

log = logging.getLogger(__name__)

ADDRESS_SPACE_KB = 1 << 20
CPU_S = 3600
OPEN_FILES = 64
PROBE_S = 10
_PAUSE_S = 0.001

# What the shell cannot limit on this system stays as it is. The number of processes is not limited:
# the kernel counts those of the whole user, threads included.
_LIMITS = f"""\
#!/bin/sh
ulimit -c 0 2>/dev/null || :
ulimit -f 0 2>/dev/null || :
ulimit -v {ADDRESS_SPACE_KB} 2>/dev/null || :
ulimit -t {CPU_S} 2>/dev/null || :
ulimit -n {OPEN_FILES} 2>/dev/null || :
unset PWD OLDPWD
"""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


@dataclass(frozen=True, slots=True)
class Wall:
    """One way to start a worker.

    Attributes:
        name: `bubblewrap`, `namespaces`, `limits` or `none`.
        command: what the launcher executes; empty to start the worker without a launcher.
    """

    name: str
    command: tuple[str, ...] = ()

    def describe(self) -> str:
        """What stands between a broken interpreter and the machine, in one sentence."""
        return {
            "bubblewrap": "bubblewrap: no network, no files, no other processes; limited resources",
            "namespaces": "namespaces: no network; limited resources",
            "limits": "limited resources only; install bubblewrap for a stronger wall",
        }.get(self.name, "none: a child process with an empty environment")

    def write_launcher(self, directory: Path) -> Path:
        """Write the program that starts a worker behind this wall; it runs once per worker."""
        if not self.command:
            return Path(find_monty_binary())
        launcher = directory / f"{self.name}.sh"
        # What a dying worker prints would only confuse the server's log.
        launcher.write_text(f'{_LIMITS}exec {shlex.join(self.command)} "$@" 2>/dev/null\n')
        launcher.chmod(0o700)
        # A process that another thread forked meanwhile has it open until it has become its own program,
        # and until then it could not be run ("Text file busy").
        while has_writers(launcher):
            time.sleep(_PAUSE_S)
        return launcher


def has_writers(path: Path) -> bool:
    """Whether some process has a file open for writing; False where the system cannot tell."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    with path.open("rb") as file:
        try:
            # fcntl(2): a read lease is only given while nobody has the file open for writing.
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


@cache
def find_wall() -> Wall:
    """The strongest wall that works on this machine; tried once per process."""
    with TemporaryDirectory(prefix="flowstudio-wall-") as directory:
        for wall in _candidates(find_monty_binary()):
            if _works(wall.write_launcher(Path(directory))):
                return wall
    log.warning("No resource limits can be set for the expression engine on this system.")
    return Wall("none")


def _candidates(binary: str) -> Iterator[Wall]:
    if bubblewrap := shutil.which("bwrap"):
        yield Wall("bubblewrap", (bubblewrap, *_bubblewrap_options(binary), "/monty"))
    if unshare := shutil.which("unshare"):
        namespaces = ("--user", "--net", "--ipc", "--uts", "--")
        yield Wall("namespaces", (unshare, *namespaces, binary))
    yield Wall("limits", (binary,))


def _bubblewrap_options(binary: str) -> Iterator[str]:
    yield from ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
    for library in _LIBRARIES:
        yield from ("--ro-bind-try", library, library)
    yield from ("--ro-bind", binary, "/monty", "--")


def _works(launcher: Path) -> bool:
    try:
        probe = subprocess.run(  # noqa: S603 - a launcher of ours, with a fixed argument
            [launcher, "--version"],
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0 and b"monty" in probe.stdout
