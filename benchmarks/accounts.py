"""The benchmark of accounts: what a token check costs, and 500 sign-ins at once.

`flowstudio bench accounts [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.process import scratch_directory
from benchmarks.sitting import sit
from benchmarks.usage import Usage
from tests.parts import studio_parts
from tests.people import HERE, PASSWORD, person, session_service, sign_in

PEOPLE = 500
_BATCHES, _IN_BATCH = 50, 40
_GETS = 500
_CAP_S = 120
_NODES = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, or one rush of sign-ins.

    Attributes:
        cpu_ms: of one check or request, the median of batches; user and system time.
        seconds: from the first sign-in sent to the last reply.
        answers: how many replies of each status.
        before_mb: resident memory of the server and its children before.
        peak_mb: and their largest since they began.
    """

    case: str
    cpu_ms: float | None = None
    seconds: float | None = None
    answers: dict[str, int] | None = None
    before_mb: float | None = None
    peak_mb: float | None = None


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    sit(lambda console: asyncio.run(_measure(console)), _table, as_json=as_json)


async def _measure(console: Console) -> list[Row]:
    rows = await _checks()
    for case, spread in (("500 at once, one address", False), ("500 at once, 500 addresses", True)):
        console.print(f"{case} …", highlight=False)
        with scratch_directory() as directory:
            async with _server(directory) as (server, url):
                rows.append(await _rush(case, server, url, spread=spread))
                if spread:
                    rows += await _gets(server, url)
    return rows


async def _checks() -> list[Row]:
    """A token alone, and with its session, person and memberships from the database."""
    with tempfile.TemporaryDirectory() as folder, studio_parts(Path(folder)) as parts:
        service = session_service(parts)
        token = sign_in(parts, person(parts)).access_token
        checks = [_cpu_ms(lambda: service.check(token)) for _ in range(_BATCHES)]
        actors = [await _cpu_ms_of_actors(service.actor, token) for _ in range(_BATCHES)]
        service.close()
    return [
        Row("token check", cpu_ms=statistics.median(checks)),
        Row("token check and actor from the database", cpu_ms=statistics.median(actors)),
    ]


def _cpu_ms(work: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(_IN_BATCH):
        work()
    return (time.process_time() - before) * 1000 / _IN_BATCH


async def _cpu_ms_of_actors(actor: Callable[..., object], token: str) -> float:
    before = time.process_time()
    for _ in range(_IN_BATCH):
        await actor(token, HERE)  # type: ignore[misc]
    return (time.process_time() - before) * 1000 / _IN_BATCH


async def _rush(case: str, server: Process, url: str, *, spread: bool) -> Row:
    before = await _usage(server)
    limits = httpx.Limits(max_connections=PEOPLE)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=_CAP_S) as client:
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_sign_in(client, number, spread=spread))
                for number in range(PEOPLE)
            ]
        seconds = time.monotonic() - start
    after = await _usage(server)
    answers = Counter(task.result() for task in tasks)
    return Row(
        case,
        seconds=seconds,
        answers=dict(sorted(answers.items())),
        before_mb=before.rss_mb,
        peak_mb=after.peak_mb,
    )


async def _sign_in(client: httpx.AsyncClient, number: int, *, spread: bool) -> str:
    headers = {"X-Forwarded-For": f"198.18.{number // 250}.{number % 250}"} if spread else {}
    body = {"email": f"p{number}@example.com", "password": PASSWORD}
    try:
        reply = await client.post("/api/v1/auth/login", json=body, headers=headers)
    except httpx.HTTPError as error:
        return type(error).__name__
    return str(reply.status_code)


async def _gets(server: Process, url: str) -> list[Row]:
    async with httpx.AsyncClient(base_url=url) as client:
        headers = {"X-Forwarded-For": "198.18.200.1"}
        body = {"email": "p0@example.com", "password": PASSWORD}
        reply = await client.post("/api/v1/auth/login", json=body, headers=headers)
        client.headers["Authorization"] = (
            f"Bearer {reply.raise_for_status().json()['access_token']}"
        )
        workflow_id = await _keep_a_workflow(client)
        return [
            await _get("GET /me, server's CPU", client, server, "/api/v1/me"),
            await _get(
                f"GET of a workflow of {_NODES} nodes, server's CPU",
                client,
                server,
                f"/api/v1/workflows/{workflow_id}",
            ),
        ]


async def _get(case: str, client: httpx.AsyncClient, server: Process, path: str) -> Row:
    samples = []
    for _ in range(5):
        before = await _usage(server)
        for _ in range(_GETS // 5):
            (await client.get(path)).raise_for_status()
        used = (await _usage(server)).cpu_s - before.cpu_s
        samples.append(used * 1000 / (_GETS // 5))
    return Row(case, cpu_ms=statistics.median(samples))


async def _keep_a_workflow(client: httpx.AsyncClient) -> str:
    projects = (await client.get("/api/v1/projects")).raise_for_status().json()
    nodes = [
        {
            "id": f"n{number}",
            "type": "task",
            "name": f"step_{number}",
            "config": {"mode": "template", "text": "{{ inputs.text }}, and then some more of it"},
        }
        for number in range(_NODES)
    ]
    edges = [
        {"id": f"e{number}", "source": f"n{number}", "target": f"n{number + 1}"}
        for number in range(_NODES - 1)
    ]
    document = {"format": "flowstudio/1", "name": "Chain", "nodes": nodes, "edges": edges}
    body = {"project_id": projects["items"][0]["id"], "document": document}
    kept = (await client.post("/api/v1/workflows", json=body)).raise_for_status().json()
    found: str = kept["id"]
    return found


@asynccontextmanager
async def _server(directory: Path) -> AsyncIterator[tuple[Process, str]]:
    command = (sys.executable, "-m", "benchmarks.accounts_server", str(directory), str(PEOPLE))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process, await _line(process)
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


async def _usage(server: Process) -> Usage:
    if server.stdin is None:
        raise RuntimeError
    server.stdin.write(b"usage\n")
    return Usage(**json.loads(await _line(server)))


async def _line(server: Process) -> str:
    if server.stdout is None:
        raise RuntimeError
    return (await server.stdout.readline()).decode().strip()


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Accounts", title_justify="left")
    for column in ("case", "CPU ms", "seconds", "answers", "MB before", "MB at most"):
        table.add_column(column, justify="left" if column in {"case", "answers"} else "right")
    for row in rows:
        answers = ", ".join(f"{count} x {status}" for status, count in (row.answers or {}).items())
        figures = (row.before_mb, row.peak_mb)
        table.add_row(
            row.case,
            f"{row.cpu_ms:.3f}" if row.cpu_ms is not None else "",
            f"{row.seconds:.1f}" if row.seconds is not None else "",
            answers,
            *(f"{figure:.0f}" if figure is not None else "" for figure in figures),
        )
    return table
