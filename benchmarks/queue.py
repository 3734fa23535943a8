"""The benchmark of a long queue: what asks about runs, with a hundred and with 100,000 that wait.

`flowstudio bench queue [--postgres] [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.process import scratch_directory
from benchmarks.queue_filling import WORKFLOWS, Filled, fill
from benchmarks.sitting import sit
from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.scale.postgres.job_deferral import hand_over
from flowstudio.services.queues import QUEUES
from flowstudio.settings import Settings
from flowstudio.store import queue as store
from flowstudio.store.jobs import Connection
from flowstudio.store.queue_capacity import Capacity
from flowstudio.store.retries import list_retries
from flowstudio.store.runs import JOBS
from tests.people import person, sign_in
from tests.postgres import cluster

FEW, MANY = 100, 100_000
_ROUNDS = 15
_ROOM = Capacity({frozenset(QUEUES): 64})

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Row:
    """One question; medians in milliseconds, with few runs and with many."""

    database: str
    case: str
    few_ms: float
    many_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes."""
        return self.many_ms / self.few_ms


def main(*, as_json: bool = False, is_postgres: bool = False, only: str = "") -> None:
    """Measure, and print a table or a JSON list."""
    databases = ("SQLite", "PostgreSQL") if is_postgres else ("SQLite",)

    def each(_console: Console) -> list[Row]:
        return [row for database in databases for row in measure(database, only)]

    sit(each, _table, as_json=as_json)


def measure(database: str, only: str = "") -> list[Row]:
    """All questions at both lengths, on one database each."""
    server = cluster(durable=True) if database == "PostgreSQL" else nullcontext()
    found = []
    with server as running:
        for length in (FEW, MANY):
            with (
                scratch_directory() as folder,
                running.database() if running else nullcontext("") as url,
            ):
                found.append(asyncio.run(_ask_all(folder, url, length, only)))
    few, many = found
    return [Row(database, case, few[case], many[case]) for case in few]


async def _ask_all(folder: Path, url: str, length: int, only: str) -> dict[str, float]:
    taken = {}
    async with _opened(folder, url, length) as (runtime, filled, client, stranger):
        for case, ask in _cases(runtime, filled, client, stranger).items():
            if only in case:
                taken[case] = await _median_ms(ask)
    return taken


@asynccontextmanager
async def _opened(
    folder: Path, url: str, length: int
) -> AsyncIterator[tuple[Runtime, Filled, httpx.AsyncClient, httpx.AsyncClient]]:
    """A process over so many waiting runs, with an admin whose they are and somebody who has none."""
    settings = Settings(data_dir=folder, database_url=url, requests_per_minute=1_000_000)
    async with open_runtime(settings) as runtime:
        parts = runtime.studio.parts
        admin, other = person(parts, "root@example.com", "admin"), person(parts)
        filled = fill(runtime, admin, length)
        transport = httpx.ASGITransport(create_api(lambda: runtime))

        def client(token: str) -> httpx.AsyncClient:
            headers = {"authorization": f"Bearer {token}"}
            base = "http://127.0.0.1:3000/api/v1"
            return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)

        async with (
            client(sign_in(parts, admin).access_token) as one,
            client(sign_in(parts, other).access_token) as stranger,
        ):
            yield runtime, filled, one, stranger


async def _median_ms(ask: Ask) -> float:
    await ask()
    taken = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def _cases(
    runtime: Runtime, filled: Filled, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> dict[str, Ask]:
    def get(path: str, whose: httpx.AsyncClient = client) -> Ask:
        async def ask() -> None:
            (await whose.get(path)).raise_for_status()

        return ask

    late = filled.run_ids[len(filled.run_ids) // 20]
    runs, admin = runtime.runs, filled.admin
    return {
        "the queue page: how it stands": lambda: runtime.studio.queue.look(admin),
        "the queue page: dead runs": lambda: runs.count_dead(admin, 1000),
        "the runs page: workflows to choose from": lambda: runs.list_workflows(admin),
        "GET /queue": get("/queue"),
        "GET /runs": get("/runs"),
        "… a late page": get(f"/runs?after={late}"),
        "… status=queued": get("/runs?status=queued"),
        "… status=failed, which none has": get("/runs?status=failed"),
        "… trigger=schedule, a third": get("/runs?trigger=schedule"),
        "… trigger=share, which none has": get("/runs?trigger=share"),
        "… of one workflow": get(f"/runs?workflow_id={WORKFLOWS[0]}"),
        "… text in its workflow's name": get("/runs?text=digest"),
        "… text that nowhere stands": get("/runs?text=nowhere-to-be-found"),
        "… of somebody who has none": get("/runs", stranger),
        "GET /runs/dead": get("/runs/dead"),
        "GET /metrics, by its service": lambda: runtime.metrics.render(filled.operator),
        "a worker claims 64": lambda: _claim(runtime),
        "a worker looks around": lambda: _look_around(runtime),
    }


async def _claim(runtime: Runtime) -> None:
    """As `Admission` does it, and undone afterwards, in a transaction of its own."""
    is_postgres, now = runtime.database.file is None, runtime.clock.now()
    owner = JOBS if is_postgres else runtime.dispatcher.owner
    taken = await runtime.parts.journal.transact(
        store.take(owner, QUEUES, _ROOM, now, {}, hand_over if is_postgres else None)
    )
    await runtime.parts.journal.transact(_give_back([turn.run_id for turn in taken.runs]))


def _give_back(run_ids: Sequence[str]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        for run_id in run_ids:
            connection.execute("UPDATE run SET owner='' WHERE id=?", (run_id,))

    return work


async def _look_around(runtime: Runtime) -> None:
    """What a worker asks each second."""
    journal, now = runtime.parts.journal, runtime.clock.now()
    await runtime.parts.store.list_due(now)
    await list_retries(journal, now, 200)
    await store.has_work(journal, now)
    await runtime.parts.store.list_unfinished()


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Runs that wait", title_justify="left")
    for column in ("database", "", f"{FEW:,}, ms", f"{MANY:,}, ms", "ratio"):
        table.add_column(column, justify="right" if "ms" in column or "ratio" in column else "left")
    for row in rows:
        table.add_row(
            row.database, row.case, f"{row.few_ms:.1f}", f"{row.many_ms:.1f}", f"{row.ratio:.1f}"
        )
    return table
