"""What streamed text costs on the wire."""

import asyncio
from dataclasses import replace

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
MOST_BYTES = 200


@pytest.mark.parametrize("count", [2, 500])
async def test_a_batch_of_text_costs_at_most_200_bytes_at_any_size(site: Site, count: int) -> None:
    workflow_id, gate = keep(site, speaking(count)), Turnstile()
    site.models._script.clear()
    site.models.answer(replace(say(" ".join([BATCH] * 5)), gate=gate))
    token = site.sign_in().access_token
    async with tab(site.port, f"fs_at={token}", name=f"reader{count}") as reader:
        await reader.follow(EDITOR, f"/workflows/{workflow_id}", workflow_id=workflow_id)
        await run(site, token, workflow_id)
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


async def run(site: Site, token: str, workflow_id: str) -> None:
    headers = {"Origin": site.url, "Cookie": f"fs_at={token}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        body = {"mode": "cells", "targets": ["n1"]}
        reply = await client.post(f"/api/v1/workflows/{workflow_id}/draft/run", json=body)
        assert reply.status_code == 202, reply.text


async def next_text(reader: Tab, gate: Turnstile) -> int:
    """Bytes of the next frame with text; the model goes on after it."""
    while True:
        told = operations([await reader.update()])
        if any(BATCH in str(found[2]) for found in told if found[0] == "t"):
            gate.set()
            return len(reader.frames[-1].encode())
