"""What streamed text costs on the wire."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from benchmarks.editor import grid
from tests.editing import keep
from tests.fakes.openrouter import say
from tests.site import Site
from tests.tab import Tab, operations, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BATCH = "x" * 50
EDITOR = "reflex___state____state.flowstudio___ui___editor___state____editor_state"
RUN = "reflex___state____state.flowstudio___ui___run___state____run_state"
MOST_BYTES = 200


@pytest.mark.parametrize("count", [2, 500])
async def test_a_batch_of_text_costs_at_most_200_bytes_at_any_size(site: Site, count: int) -> None:
    workflow_id, gate = keep(site, speaking(count)), Turnstile()
    site.models._script.clear()
    site.models.answer(replace(say(" ".join([BATCH] * 5)), gate=gate))
    token = site.sign_in().access_token
    async with tab(site.port, f"fs_at={token}", name=f"reader{count}") as reader:
        await reader.follow(EDITOR, f"/workflows/{workflow_id}", workflow_id=workflow_id)
        draft = {"mode": "cells", "targets": ["n1"]}
        await run(site, token, f"{workflow_id}/draft/run", draft)
        sizes = [await next_text(reader, gate) for _ in range(5)]
    assert max(sizes) <= MOST_BYTES


async def test_on_the_page_of_a_run_it_costs_no_more(site: Site) -> None:
    workflow_id, gate = keep(site, speaking(3)), Turnstile()
    site.models._script.clear()
    site.models.answer(replace(say(" ".join([BATCH] * 5)), gate=gate))
    token = site.sign_in().access_token
    run_id = await run(site, token, f"{workflow_id}/runs", {"inputs": {}})
    async with tab(site.port, f"fs_at={token}", name="watcher") as reader:
        # It goes on to follow the run by itself; a second watcher would be given all words so far.
        await reader.send(f"{RUN}.load", path=f"/runs/{run_id}", run_id=run_id)
        sizes = [await next_text(reader, gate) for _ in range(5)]
    assert max(sizes) <= MOST_BYTES


class Turnstile(asyncio.Event):
    """Lets one word through each time it is set, so that each is a batch of its own."""

    async def wait(self) -> bool:  # type: ignore[override]
        await super().wait()
        self.clear()
        return True


def speaking(count: int) -> dict[str, object]:
    """A workflow of that many nodes, of which the second is a model."""
    document = grid(count)
    document["nodes"][1] |= {
        "type": "ai",
        "name": "summarise_it",
        "config": {"prompt": f"Speak {count} times."},
    }
    return document


async def run(site: Site, token: str, path: str, body: dict[str, Any]) -> str:
    """Start what the path names; gives the run's id."""
    headers = {"Origin": site.url, "Cookie": f"fs_at={token}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        reply = await client.post(f"/api/v1/workflows/{path}", json=body)
    assert reply.status_code == 202, reply.text
    told = reply.json()
    return str(told.get("run_id") or told["id"])


async def next_text(reader: Tab, gate: Turnstile) -> int:
    """Bytes of the next frame with text; the model goes on after it."""
    while True:
        told = operations([await reader.update()])
        if any(BATCH in str(found[2]) for found in told if found[0] == "t"):
            gate.set()
            return len(reader.frames[-1].encode())
