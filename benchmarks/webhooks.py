"""The benchmark of webhooks: requests of many callers, each a run of five nodes.

`flowstudio bench webhooks [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.process import scratch_directory
from benchmarks.report import describe_machine
from flowstudio.security.signatures import sign

CALLERS, SECONDS, WARM_UP_S = 50, 10.0, 3.0
_BODY = b'{"text": "an order of seven chairs", "n": 7}'
_SETTLE_S = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Attributes:
        runs_per_s: that had ended, by the database, when the last reply had come or 30 s later.
        p50_ms, p99_ms: from a request's first byte to its reply's last.
        cpu_ms: of the server and its worker, for each request.
        wrong: replies that were no success.
    """

    case: str
    callers: int
    runs_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    wrong: int


def main(*, as_json: bool = False, profile: str = "", only: str = "") -> None:
    """Measure, and print a table or a JSON list."""
    console = Console(quiet=as_json)
    console.print(describe_machine())
    rows = asyncio.run(_measure(profile, only))
    console.print(describe_machine())
    console.print(_table(rows))
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


async def _measure(profile: str, only: str) -> list[Row]:
    rows = []
    with scratch_directory() as directory:
        async with _server(directory, profile) as (server, told):
            port = urlsplit(told["address"]).port or 0
            for case, (token, secret) in told["links"].items():
                if only not in ("", case):
                    continue
                callers = [_Caller(port, case, token, secret, n) for n in range(CALLERS)]
                await _send(callers, WARM_UP_S)
                rows.append(await _case(case, server, callers))
    return rows


async def _case(case: str, server: Process, callers: "list[_Caller]") -> Row:
    before = await _ask(server)
    start = time.monotonic()
    await _send(callers, SECONDS)
    took_s = time.monotonic() - start
    times = [sample for caller in callers for sample in caller.times]
    after = await _settled(server, before["ended"] + len(times))
    waited_s = time.monotonic() - start
    ended = after["ended"] - before["ended"]
    cuts = statistics.quantiles(times, n=100)
    return Row(
        case,
        len(callers),
        ended / (took_s if "outputs" in case else waited_s),
        cuts[49] * 1000,
        cuts[98] * 1000,
        (after["cpu_s"] - before["cpu_s"]) * 1000 / len(times),
        sum(caller.wrong for caller in callers),
    )


async def _settled(server: Process, wanted: int) -> dict[str, Any]:
    until = time.monotonic() + _SETTLE_S
    # Nobody but the server's database knows when the last one has ended.
    while (told := await _ask(server))["ended"] < wanted and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return told


async def _send(callers: "list[_Caller]", seconds: float) -> None:
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.call(until))


class _Caller:
    """One connection that sends a request as soon as the one before is answered.

    Written by hand: a library for clients would take as much of these cores as the server.
    """

    def __init__(self, port: int, case: str, token: str, secret: str, number: int) -> None:
        self._port, self._case, self._secret = port, case, secret
        self._path, self._number = f"/hooks/{token}", number
        self._sent = 0
        self.times: list[float] = []
        self.wrong = 0

    async def call(self, until: float) -> None:
        self.times, self.wrong = [], 0
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while time.monotonic() < until:
            request = self._request()
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            self.times.append(time.perf_counter() - start)
            self.wrong += not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202"))
        writer.close()

    def _request(self) -> bytes:
        self._sent += 1
        key, more = f"{self._number}-{self._sent}-{time.time_ns()}", ""
        if "key" in self._case:
            more = f"idempotency-key: {key}\r\n"
        if self._secret:
            stamp = int(time.time())
            more = f"webhook-id: {key}\r\nwebhook-timestamp: {stamp}\r\n"
            more += f"webhook-signature: {sign(self._secret, key, stamp, _BODY)}\r\n"
        head = (
            f"POST {self._path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(_BODY)}\r\n{more}\r\n"
        )
        return head.encode() + _BODY


@asynccontextmanager
async def _server(directory: Path, profile: str) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    command = [sys.executable, "-m", "benchmarks.webhooks_server", str(directory)]
    command += [profile] if profile else []
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process, await _line(process)
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


async def _ask(server: Process) -> dict[str, Any]:
    if server.stdin is None:
        raise RuntimeError
    server.stdin.write(b"how far\n")
    return await _line(server)


async def _line(server: Process) -> dict[str, Any]:
    if server.stdout is None:
        raise RuntimeError
    found: dict[str, Any] = json.loads(await server.stdout.readline())
    return found


def _table(rows: list[Row]) -> Table:
    table = Table(title="Webhooks", title_justify="left")
    for column in ("reply", "callers", "runs/s", "p50 ms", "p99 ms", "CPU ms", "wrong"):
        table.add_column(column, justify="left" if column == "reply" else "right")
    for row in rows:
        table.add_row(
            row.case,
            str(row.callers),
            f"{row.runs_per_s:.0f}",
            f"{row.p50_ms:.0f}",
            f"{row.p99_ms:.0f}",
            f"{row.cpu_ms:.2f}",
            str(row.wrong),
        )
    return table
