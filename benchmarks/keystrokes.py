"""The benchmark of editing together: how soon another browser shows what somebody types.

`flowstudio bench keystrokes [--json]` calls `main`; README.md says what is measured. Both browsers and
the server share the machine, and figures only compare within one sitting.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, WebSocket, async_playwright
from rich.table import Table

from benchmarks.editor import FLAGS, grid, new_page
from benchmarks.sitting import sit
from benchmarks.usage import tree
from tests.editing import Editor, chain, invite, keep, tab_of
from tests.site import Site, running_site

_KEYS = 60
_EVERY_S = 0.09
_NAMES = 40
_NAMED_EVERY_S = 0.4
_SETTLED_MS = 5_000
_GUEST = "ana@example.com"
_LETTERS = "abcdefghij"

#: Notes, frame by frame, when the name and the text are first seen to be what they are.
_LOOK = """() => {
  window.__seen = [];
  const last = {};
  const look = () => {
    const now = {
      name: document.querySelector("[data-testid=workflow-name]").value,
      text: document.querySelector("[data-testid=inspector] [data-testid=field-text]")?.innerText.trim() ?? "",
    };
    for (const key of Object.keys(now)) if (now[key] !== last[key]) window.__seen.push([key, now[key], Date.now()]);
    Object.assign(last, now);
    requestAnimationFrame(look);
  };
  look();
}"""
#: Notes when each key was pressed, how long it kept the browser busy, and how long requests took.
_WATCH = """() => {
  window.__keys = [];
  window.__busy = [];
  window.__sent = [];
  window.addEventListener("keydown", ({ key }) => { if (key.length === 1) window.__keys.push(Date.now()); }, true);
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.__busy.push(each.duration);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (each.name.endsWith("/operations")) window.__sent.push(each.responseEnd - each.startTime);
  }).observe({ type: "resource" });
  // How long after a key the browser has drawn, and is free again.
  window.__drawn = [];
  window.addEventListener("keydown", ({ key }) => {
    const began = performance.now();
    if (key.length === 1) requestAnimationFrame(() => setTimeout(() => window.__drawn.push(performance.now() - began)));
  }, true);
}"""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and how it spreads."""

    nodes: int
    case: str
    count: int
    median: float
    most: float
    unit: str = "ms"


@dataclass
class _Heard:
    """When the other browser's socket brought what, in milliseconds."""

    frames: list[tuple[str, float]] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        if "set_config" in (text := str(payload)):
            self.frames.append((text, time.time() * 1000))


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    sit(lambda _: asyncio.run(_measure()), _table, as_json=as_json)


def _table(rows: Sequence[Row]) -> Table:
    table = Table("nodes", "case", "count", "median", "95 %", "unit")
    for row in rows:
        figures = (f"{row.median:,.1f}", f"{row.most:,.1f}")
        table.add_row(str(row.nodes), row.case, str(row.count), *figures, row.unit)
    return table


async def _measure() -> list[Row]:
    rows: list[Row] = []
    documents = {3: (chain("One", "Two"), "a"), 200: (grid(200), "n1")}
    with tempfile.TemporaryDirectory() as folder:
        async with running_site(Path(folder)) as site, _two_browsers() as (hers, his):
            invite(site, _GUEST, "editor")
            for count, (document, node) in documents.items():
                rows += await _of_workflow(site, hers, his, keep(site, document), count, node)
    return rows


@asynccontextmanager
async def _two_browsers() -> AsyncIterator[tuple[Browser, Browser]]:
    async with async_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": "/usr/bin/chromium", "args": list(FLAGS)}
        one = await playwright.chromium.launch(**options)
        two = await playwright.chromium.launch(**options)
        yield one, two
        await one.close()
        await two.close()


async def _of_workflow(
    site: Site, hers: Browser, his: Browser, workflow_id: str, count: int, node: str
) -> list[Row]:
    path, heard = f"/workflows/{workflow_id}", _Heard()
    async with new_page(hers, site) as page, tab_of(his, site, _GUEST, "/projects") as other:
        heard.listen(other)
        await other.goto(path)
        await page.goto(path)
        await Editor(page).select(node)
        await Editor(other).select(node)
        await other.wait_for_timeout(1500)
        await other.evaluate(_LOOK)
        await page.evaluate(_WATCH)
        return [
            *[_row(count, *found) for found in await _typing(site, page, other, heard)],
            *[_row(count, *found) for found in await _naming(page, other)],
        ]


Found = tuple[str, Sequence[float], str]


async def _typing(site: Site, page: Page, other: Page, heard: _Heard) -> list[Found]:
    box = Editor(page).field("text")
    await box.click()
    await box.press("ControlOrMeta+a")
    await page.keyboard.insert_text(">")
    # What is free runs by itself after the change, and should be over.
    await page.wait_for_timeout(_SETTLED_MS)
    began_s = _processor_s(site)
    await page.evaluate(
        "window.__keys = []; window.__drawn = []; window.__sent = []; window.__busy = []"
    )
    texts = []
    for index in range(_KEYS):
        due = time.monotonic() + _EVERY_S
        texts.append(_text(index + 1))
        await page.keyboard.press(_LETTERS[index % len(_LETTERS)])
        await asyncio.sleep(max(0, due - time.monotonic()))
    await page.wait_for_timeout(1500)
    used_s = _processor_s(site) - began_s
    pressed, drawn, sent, busy = await page.evaluate(
        "[window.__keys, window.__drawn, window.__sent, window.__busy]"
    )
    seen = [(text, at) for key, text, at in await other.evaluate("window.__seen") if key == "text"]
    keys = list(zip(texts, pressed, strict=True))
    return [
        ("a keystroke, until the other browser shows it", _delays(keys, seen), "ms"),
        ("… until its socket has it", _delays(keys, heard.frames), "ms"),
        ("… until the typing browser has drawn it", drawn, "ms"),
        ("long tasks of the typing browser", busy, "ms"),
        ("a change, until it is answered", sent, "ms"),
        ("changes sent", [len(sent)], f"for {_KEYS} keys"),
        ("the server's processor time", [used_s * 1000 / _KEYS], "ms a key"),
    ]


async def _naming(page: Page, other: Page) -> list[Found]:
    names = []
    box = page.get_by_test_id("workflow-name")
    for index in range(_NAMES):
        await box.fill(f"name {index}")
        names.append((f"name {index}", float(await page.evaluate("Date.now()"))))
        await box.press("Enter")
        await page.wait_for_timeout(_NAMED_EVERY_S * 1000)
    seen = [(text, at) for key, text, at in await other.evaluate("window.__seen") if key == "name"]
    return [("a name, until the other browser shows it", _delays(names, seen), "ms")]


def _processor_s(site: Site) -> float:
    return sum(each.cpu_s for each in tree(site.process_id).values())


def _text(keys: int) -> str:
    return ">" + "".join(_LETTERS[index % len(_LETTERS)] for index in range(keys))


def _delays(made: Sequence[tuple[str, float]], seen: Sequence[tuple[str, float]]) -> list[float]:
    """Of each text, how long until one was there that has it in it."""
    delays = []
    for text, at in made:
        # The moment is of another process's clock, to whole milliseconds.
        hits = [then for other, then in seen if text in other and then >= at - 2]
        if not hits:
            message = f"{text!r} was never seen."
            raise RuntimeError(message)
        delays.append(max(0.0, min(hits) - at))
    return delays


def _row(nodes: int, case: str, values: Sequence[float], unit: str) -> Row:
    ordered = sorted(values) or [0.0]
    most = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return Row(nodes, case, len(values), statistics.median(ordered), most, unit)


if __name__ == "__main__":
    main(as_json="--json" in sys.argv)
