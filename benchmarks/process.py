"""The parent's side: run one child to its end, and leave nothing of it behind."""

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.cases import Row, load_row
from benchmarks.engines import HERE, Engine

_CHECKOUT = HERE.parent
_START_CAP_S = 120
_EXCEPTION = re.compile(r"^[\s|+-]*((?:\w+\.)*\w+(?:Error|Exception|Refused|Timeout)\b.*)$")


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory on the checkout's disk: /tmp may be memory, where a commit costs nothing."""
    base = HERE / ".data"
    base.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=base))
    try:
        yield directory
    finally:
        # A server that has just been killed may still be closing its files.
        shutil.rmtree(directory, ignore_errors=True)


async def measure_once(engine: Engine, case: str, at_least_s: float, cap_s: float) -> list[Row]:
    """Measure one case of one engine in a fresh process with an empty directory.

    Returns the child's rows; after a failure, rows with an error.
    """
    with scratch_directory() as directory:
        command = _command(engine, case, directory, at_least_s, cap_s)
        with (directory / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=directory, stdin=DEVNULL, stdout=PIPE, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            error, output = await _outcome(process, cap_s + _START_CAP_S)
        rows = [load_row(json.loads(line)) for line in output.splitlines()]
        if error or not rows:
            log_text = (directory / "log").read_text(errors="replace")
            rows.append(Row(engine.name, case, error=error or _last_words(log_text)))
        return rows


def _command(
    engine: Engine, case: str, directory: Path, at_least_s: float, cap_s: float
) -> list[str]:
    data = directory / "data"
    data.mkdir()
    variables = {"PYTHONPATH": str(_CHECKOUT), "HOME": str(directory), **engine.variables}
    return [
        "env", *(f"{name}={value}" for name, value in variables.items()),
        str(engine.python), "-m", engine.module,
        "--engine", engine.name, "--case", case, "--variant", engine.variant,
        "--directory", str(data), "--at-least-s", str(at_least_s), "--cap-s", str(cap_s),
    ]  # fmt: skip


async def _outcome(process: Process, cap_s: float) -> tuple[str | None, str]:
    """An error, if the cap was passed, and what the process printed."""
    error, output = None, b""
    try:
        async with asyncio.timeout(cap_s):
            # Not `communicate`: a server left behind may hold the pipe open.
            output = await process.stdout.read() if process.stdout else b""
            await process.wait()
    except TimeoutError:
        error = f"stopped after {cap_s:g} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return error, output.decode()


def _last_words(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    faults = [match[1] for line in lines if (match := _EXCEPTION.match(line))]
    return (faults or lines or ["it ended without a result"])[-1][:300]
