"""The gateway's benchmark: every caller against one server, in turn, in one sitting.

`flowstudio bench gateway [--json]` calls `run`; README.md says what is measured.
"""

import asyncio
import json
import statistics
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.engines import HERE, Engine, InstallError, prepare
from benchmarks.report import describe_machine
from tests.fakes.openrouter import KEY

_OPENAI = ("openai==3.54.0",)
FLOOR = Engine("httpx", "benchmarks.callers.bare_httpx")
OWN = Engine("flowstudio", "benchmarks.callers.flowstudio_gateway")
PEERS = (
    Engine("openai", "benchmarks.callers.openai_sdk", "", "openai", _OPENAI),
    Engine(
        "pydantic-ai",
        "benchmarks.callers.pydantic_ai_agent",
        environment="pydantic-ai",
        requirements=("pydantic-ai-slim[openai]==2.68.0", *_OPENAI),
    ),
)
#: Rounds of all callers in turn, and what each does in one of them.
ROUNDS = 10
EFFORT = {"latency": 50, "first_token": 50, "stream": 1}
_ANSWER_CAP_S = 300


@dataclass(frozen=True, slots=True)
class Row:
    """What one caller reached, as medians over all rounds.

    Attributes:
        latency_ms: of a short streamed answer, from call to result.
        added_ms: beyond bare httpx.
        first_token_ms: from the making of a chunk in the server to the callback.
        first_token_p99_ms: the same for the slowest in a hundred.
        chunks_per_s: of an answer of 10,000 chunks.
    """

    caller: str
    latency_ms: float = 0
    added_ms: float = 0
    first_token_ms: float = 0
    first_token_p99_ms: float = 0
    chunks_per_s: float = 0
    error: str | None = None


def run(as_json: bool = False) -> list[Row]:
    """Measure every caller; unless for JSON, say what is going on and print a table."""
    console = Console(quiet=as_json)
    rows = asyncio.run(_sit(console))
    console.print(_table(rows))
    return rows


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    rows = run(as_json)
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


async def _sit(console: Console) -> list[Row]:
    callers, rows = [FLOOR, OWN], []
    for peer in PEERS:
        console.print(f"{peer.name}: preparing its environment")
        try:
            await prepare(peer)
            callers.append(peer)
        except InstallError as error:
            rows.append(Row(peer.name, error=str(error)))
    console.print(describe_machine())
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_server())
        children = {
            caller.name: await stack.enter_async_context(_caller(caller, url)) for caller in callers
        }
        samples = await _measure(children, console)
    console.print(describe_machine())
    return _rows(samples) + rows


async def _measure(
    children: dict[str, Process], console: Console
) -> dict[str, dict[str, list[float]]]:
    samples: dict[str, dict[str, list[float]]] = {name: {} for name in children}
    # The first round warms everybody up.
    for number in range(ROUNDS + 1):
        console.print(f"round {number} of {ROUNDS}", highlight=False)
        for case, count in EFFORT.items():
            for name, child in children.items():
                found = await _ask(child, {"case": case, "count": count})
                if number:
                    samples[name].setdefault(case, []).extend(found["samples"])
    return samples


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    async with _process(sys.executable, "-m", "benchmarks.gateway_server") as process:
        if process.stdout is None:
            raise RuntimeError
        yield (await process.stdout.readline()).decode().strip()


@asynccontextmanager
async def _caller(caller: Engine, url: str) -> AsyncIterator[Process]:
    command = [str(caller.python), "-m", "benchmarks.gateway_child", caller.module, url, KEY]
    async with _process(*command) as process:
        await _read(process)
        yield process


@asynccontextmanager
async def _process(*command: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HERE.parent, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=2**24
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ask(process: Process, wish: dict[str, object]) -> dict[str, list[float]]:
    if process.stdin is None:
        raise RuntimeError
    process.stdin.write(json.dumps(wish).encode() + b"\n")
    await process.stdin.drain()
    return await _read(process)


async def _read(process: Process) -> dict[str, list[float]]:
    async with asyncio.timeout(_ANSWER_CAP_S):
        line = await process.stdout.readline() if process.stdout else b""
    if not line:
        message = f"A caller's process ended early, with status {await process.wait()}."
        raise RuntimeError(message)
    reply: dict[str, list[float]] = json.loads(line)
    return reply


def _rows(samples: dict[str, dict[str, list[float]]]) -> list[Row]:
    floor = statistics.median(samples[FLOOR.name]["latency"])
    rows = []
    for name, found in samples.items():
        latency = statistics.median(found["latency"])
        rows.append(
            Row(
                name,
                latency_ms=latency * 1000,
                added_ms=(latency - floor) * 1000,
                first_token_ms=statistics.median(found["first_token"]) * 1000,
                first_token_p99_ms=statistics.quantiles(found["first_token"], n=100)[98] * 1000,
                chunks_per_s=statistics.median(found["stream"]),
            )
        )
    return rows


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="One streamed answer, and one of 10,000 chunks")
    names = ("caller", "call ms", "added ms", "first token ms", "p99", "chunks/s", "")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        figures = (row.latency_ms, row.added_ms, row.first_token_ms, row.first_token_p99_ms)
        cells = ["" if row.error else f"{figure:.2f}" for figure in figures]
        rate = "" if row.error else f"{row.chunks_per_s:,.0f}"
        table.add_row(row.caller, *cells, rate, row.error or "")
    return table


if __name__ == "__main__":
    main(as_json="--json" in sys.argv[1:])
