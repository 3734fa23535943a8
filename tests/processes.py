"""Child processes of the test itself, read from /proc."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

WORKER_ARGUMENTS = b"monty\0subprocess\0"


def expression_workers() -> set[int]:
    """Processes of the expression engine started, directly or not, by this one."""
    return {
        process
        for process in _descendants(os.getpid())
        if _read(process, "cmdline").endswith(WORKER_ARGUMENTS)
        and b"bwrap" not in _read(process, "cmdline")
    }


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks go on until something is so."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody tells of it
            # Without a pause, this would keep a core from those who are waited for.
            await asyncio.sleep(0.002)


def environment(process: int) -> set[bytes]:
    """What the process was started with, as `NAME=value`."""
    return set(filter(None, _read(process, "environ").split(b"\0")))


def limit(process: int, name: str) -> str:
    """A soft resource limit, by its title in /proc."""
    for line in _read(process, "limits").decode().splitlines():
        if line.startswith(name):
            return line.removeprefix(name).split()[0]
    raise KeyError(name)


def namespace(process: int, kind: str) -> str:
    """The identity of one of its namespaces."""
    return str(Path(f"/proc/{process}/ns/{kind}").readlink())


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def _read(process: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{name}").read_bytes()
    except OSError:
        return b""
