"""The benchmark of the editor: how soon it can be used, what it weighs, and what working in it costs.

`flowstudio bench editor [--json]` calls `main`; README.md says what is measured. Times are of headless
Chromium with software rendering, and only compare within one sitting.
"""

import asyncio
import gzip
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from rich.table import Table

from benchmarks.sitting import sit
from benchmarks.watching import measure_watching
from tests.editing import keep
from tests.site import Site, running_site

_ROUNDS = 5
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server")
_MOVES = 120
#: Each tells whether the page has answered, and asks it again if it has not.
_ASK_PALETTE = """() => {
  if (document.querySelector("dialog[open]")) return true;
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true }));
  return false;
}"""
_ASK_NODE = """() => {
  if (document.querySelector("[aria-label='Inspector of n0'] [role=tablist]")) return true;
  document.querySelector("[data-testid=node-n0] .flow-title")?.click();
  return false;
}"""
_WATCHED = {"run": "watch a run on its page", "editor": "watch a run in the editor"}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `unit` says of what, `ratio` is that to the empty page where there is one."""

    case: str
    value: float
    unit: str
    ratio: float | None = None


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    sit(lambda _: asyncio.run(_measure()), _table, as_json=as_json)


def _table(rows: Sequence[Row]) -> Table:
    table = Table("case", "value", "unit", "to the empty page")
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        table.add_row(row.case, f"{row.value:,.1f}", row.unit, ratio)
    return table


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with running_site(Path(folder)) as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=list(FLAGS)
            )
            rows = [
                *await _openings(browser, site),
                *await _answers(browser, site),
                await _weight(browser, site),
                await _adding(browser, site),
                *await _dragging(browser, site),
            ]
            await browser.close()
            return [*rows, *[row for page in _WATCHED for row in await _watching(site, page)]]


async def _watching(site: Site, page: str) -> list[Row]:
    """What each of twenty people gets of one run, and what they cost the server."""
    found = await measure_watching(site, page)
    return [
        Row(f"{_WATCHED[page]}, the slowest of 20", found.rates[0], "batches a second"),
        Row(f"{_WATCHED[page]}, the middle", statistics.median(found.rates), "batches a second"),
        Row(f"{_WATCHED[page]}, one batch", found.largest, "bytes at most"),
        Row(f"{_WATCHED[page]}, memory", found.growth_mb, "MB a person"),
    ]


def grid(count: int) -> dict[str, Any]:
    """A workflow of that many nodes in rows of ten, each wired to the one before it."""
    nodes = [
        {
            "id": f"n{index}",
            "type": "task" if index else "start",
            "name": f"n{index}",
            "config": {"mode": "template", "text": "Hello"} if index else {},
            "position": {"x": 240 * (index % 10), "y": 150 * (index // 10)},
        }
        for index in range(count)
    ]
    edges = [
        {"id": f"e{index}", "source": f"n{index - 1}", "target": f"n{index}"}
        for index in range(1, count)
    ]
    return {"format": "flowstudio/1", "name": f"{count} nodes", "nodes": nodes, "edges": edges}


@asynccontextmanager
async def new_page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page in a fresh profile, with an empty cache."""
    context = await browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    await context.add_cookies(site.cookies(site.sign_in()))
    yield await context.new_page()
    await context.close()


async def _opened(browser: Browser, site: Site, path: str, ready: str) -> float:
    """Milliseconds from the address to something that can be used."""
    async with new_page(browser, site) as page:
        await page.goto(path, wait_until="commit")
        await page.wait_for_selector(ready)
        return float(await page.evaluate("performance.now()"))


async def _openings(browser: Browser, site: Site) -> list[Row]:
    wanted = {
        "open the empty page": ("/projects", "h1"),
        "open 50 nodes": (f"/workflows/{keep(site, grid(50))}", "[data-testid=node-n0]"),
        "open 500 nodes": (f"/workflows/{keep(site, grid(500))}", "[data-testid=node-n0]"),
    }
    samples: dict[str, list[float]] = {case: [] for case in wanted}
    # Round by round, so that a busy moment meets all of them.
    for _ in range(_ROUNDS):
        for case, (path, ready) in wanted.items():
            samples[case].append(await _opened(browser, site, path, ready))
    empty = statistics.median(samples["open the empty page"])
    return [
        Row(case, statistics.median(times), "ms", statistics.median(times) / empty)
        for case, times in samples.items()
    ]


async def _answers(browser: Browser, site: Site) -> list[Row]:
    """How soon each page does what it is asked: the palette by its key, a node by a click."""
    wanted = {
        "the empty page answers": ("/projects", _ASK_PALETTE),
        "50 nodes answer": (f"/workflows/{keep(site, grid(50))}", _ASK_NODE),
        "500 nodes answer": (f"/workflows/{keep(site, grid(500))}", _ASK_NODE),
    }
    samples: dict[str, list[float]] = {case: [] for case in wanted}
    for _ in range(_ROUNDS):
        for case, (path, ask) in wanted.items():
            async with new_page(browser, site) as page:
                await page.goto(path, wait_until="commit")
                await page.wait_for_function(ask, polling="raf")
                samples[case].append(float(await page.evaluate("performance.now()")))
    empty = statistics.median(samples["the empty page answers"])
    return [
        Row(case, statistics.median(times), "ms", statistics.median(times) / empty)
        for case, times in samples.items()
    ]


async def _weight(browser: Browser, site: Site) -> Row:
    """JavaScript that opening the editor loads, compressed as the server would."""
    sizes: list[int] = []
    async with new_page(browser, site) as page:
        bodies: list[Any] = []
        page.on("response", lambda reply: bodies.append(reply) if ".js" in reply.url else None)
        await page.goto(f"/workflows/{keep(site, grid(50))}")
        await page.wait_for_selector("[data-testid=node-n0]")
        await page.wait_for_load_state("networkidle")
        sizes = [len(gzip.compress(await reply.body(), 6)) for reply in bodies]
    return Row("JavaScript of the editor", sum(sizes) / 1000, "kB gzipped")


async def _adding(browser: Browser, site: Site) -> Row:
    """From the click to the frame in which the new node stands, at 200 nodes."""
    async with new_page(browser, site) as page:
        await page.goto(f"/workflows/{keep(site, grid(200))}")
        await page.wait_for_selector("[data-testid=node-n0]")
        await page.wait_for_load_state("networkidle")
        times = []
        for _ in range(8):
            times.append(await page.evaluate(_ADD))
            await page.wait_for_timeout(400)
    return Row("add a node at 200 nodes", statistics.median(times), "ms until it is drawn")


_ADD = """() => new Promise((resolve) => {
    const board = document.querySelector('.react-flow__nodes');
    const before = new Set([...board.children].map((node) => node.dataset.id));
    document.querySelector('[data-testid=canvas]').focus();
    const began = performance.now();
    const look = () => {
        const added = [...board.children].some((node) =>
            !before.has(node.dataset.id) && getComputedStyle(node).visibility === 'visible');
        if (added) requestAnimationFrame(() => resolve(performance.now() - began));
        else requestAnimationFrame(look);
    };
    document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
    document.querySelector('[data-testid=palette-task]').click();
    look();
})"""


async def _dragging(browser: Browser, site: Site) -> list[Row]:
    """Frames and messages while one node of 500 is dragged."""
    async with new_page(browser, site) as page:
        said: list[str] = []
        await page.goto(f"/workflows/{keep(site, grid(500))}")
        await page.wait_for_selector("[data-testid=node-n1]")
        await page.wait_for_load_state("networkidle")
        page.on("request", lambda request: said.append(request.url))
        box = await page.locator("[data-testid=node-n1] .flow-title").bounding_box()
        assert box is not None  # noqa: S101 - it was waited for
        x, y = box["x"] + 10, box["y"] + 5
        await page.mouse.click(x, y)
        await page.wait_for_timeout(1500)
        said.clear()
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.evaluate(_COUNT_FRAMES)
        for step in range(_MOVES):
            await page.mouse.move(x + step, y + step / 2)
        frames, seconds = await page.evaluate("window.__frames()")
        during = len(said)
        await page.mouse.up()
        await page.wait_for_timeout(1500)
        after = sum("operations" in url for url in said)
    return [
        Row("drag in 500 nodes", frames / seconds, "frames a second"),
        Row("requests while dragging", during, "requests"),
        Row("requests when it ends", after, "changes sent"),
    ]


_COUNT_FRAMES = """() => {
    let frames = 0;
    let isCounting = true;
    const began = performance.now();
    const count = () => { frames += 1; if (isCounting) requestAnimationFrame(count); };
    requestAnimationFrame(count);
    window.__frames = () => { isCounting = false; return [frames, (performance.now() - began) / 1000]; };
}"""


if __name__ == "__main__":
    main(as_json="--json" in sys.argv)
