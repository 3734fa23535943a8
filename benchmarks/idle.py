"""The benchmark of a server that nobody uses: processor time and memory, the built-in model asleep.

`flowstudio bench idle [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.table import Table

from benchmarks.sitting import sit
from benchmarks.usage import Process, tree
from flowstudio.llm.install import model_file
from flowstudio.settings import Settings
from tests.people import project_of
from tests.site import Site, running_site

_SETTLE_S = 20.0
_MEASURE_S = 60.0
_MODEL_IDLE_S = 5.0
#: A run that wakes what sleeps at first: the workers of expressions, and the built-in model.
_WAKING = {
    "format": "flowstudio/1",
    "name": "Wake everything",
    "nodes": [
        {"id": "s", "type": "start", "name": "start"},
        {
            "id": "t",
            "type": "task",
            "name": "text",
            "config": {"mode": "template", "text": "{{ 'a'.upper() }}"},
        },
        {
            "id": "a",
            "type": "ai",
            "name": "answer",
            "config": {
                "model": "local/smollm2-135m-instruct",
                "prompt": "Say hello.",
                "max_tokens": 8,
            },
        },
    ],
    "edges": [{"id": "1", "source": "s", "target": "t"}, {"id": "2", "source": "t", "target": "a"}],
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `target` is what it may be at most."""

    case: str
    value: float
    unit: str
    target: float | None = None


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    sit(lambda _: asyncio.run(_measure()), _table, as_json=as_json)


def _table(rows: Sequence[Row]) -> Table:
    table = Table("case", "value", "unit", "target")
    for row in rows:
        most = f"< {row.target:g}" if row.target is not None else ""
        table.add_row(row.case, f"{row.value:,.2f}", row.unit, most)
    return table


async def _measure() -> list[Row]:
    model = model_file(Settings().data_dir)
    settings = {
        "model_path": str(model),
        "model_idle_s": str(_MODEL_IDLE_S),
        "log_level": "warning",
    }
    with tempfile.TemporaryDirectory() as folder:
        async with running_site(Path(folder), **settings) as site:
            rows = await _idle(site, "after the start")
            if model.exists():
                await _wake(site)
                rows += await _idle(site, "after runs, the model asleep again")
    return rows


async def _idle(site: Site, when: str) -> list[Row]:
    await asyncio.sleep(_SETTLE_S)
    before = tree(site.process_id)
    await asyncio.sleep(_MEASURE_S)
    after = tree(site.process_id)
    used_s = _cpu_s(after) - _cpu_s(before)
    return [
        Row(f"processor {when}", used_s / _MEASURE_S * 100, "% of a core", 1.0),
        Row(f"memory {when}", sum(one.pss_mb for one in after.values()), "MB (PSS)", 220.0),
        Row(f"memory {when}", sum(one.rss_mb for one in after.values()), "MB (RSS)"),
        *(Row(f"of this, {one.name}", one.pss_mb, "MB (PSS)") for one in after.values()),
    ]


def _cpu_s(processes: dict[int, Process]) -> float:
    return sum(one.cpu_s for one in processes.values())


async def _wake(site: Site) -> None:
    """Run a workflow to its end, and open some pages of the site."""
    admin = site.person("root@example.com", "admin")
    headers = {"authorization": f"Bearer {site.sign_in().access_token}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as client:
        body = {"project_id": project_of(admin), "document": _WAKING}
        reply = await client.post("/api/v1/runs", json=body)
        reply.raise_for_status()
        run = {"status": "queued"}
        async with asyncio.timeout(120):
            while run["status"] in {"queued", "running"}:
                await asyncio.sleep(0.2)
                run = (await client.get(f"/api/v1/runs/{reply.json()['id']}")).json()
        if run["status"] != "succeeded":
            message = f"The run that wakes everything ended as {run}."
            raise RuntimeError(message)
        for path in ("/", "/workflows", "/api/v1/node-types", "/readyz", "/metrics"):
            await client.get(path)
