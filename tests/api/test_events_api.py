"""Following a run over REST: where a stream goes on, when it ends, and how many there may be."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from flowstudio.api.events import MOST_STREAMS
from flowstudio.runtime import Runtime
from flowstudio.services.workflows import RunWish
from tests.builders import node, workflow
from tests.people import person, sign_in
from tests.projects import kept
from tests.running import reached

ASK = workflow(
    node("task", "ask", mode="approval", message="Go on?"), node("end"), edges="ask>end", name="Ask"
)


@pytest.fixture
async def waiting(studio_runtime: Runtime) -> tuple[str, dict[str, str]]:
    """A run that waits, and what its owner shows."""
    owner = person(studio_runtime.studio.parts)
    workflow_id = await kept(studio_runtime, owner, ASK)
    run_id = await studio_runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(studio_runtime, run_id, "waiting")
    token = sign_in(studio_runtime.studio.parts, owner).access_token
    return run_id, {"authorization": f"Bearer {token}"}


def names(text: str) -> list[str]:
    return [line[7:] for line in text.splitlines() if line.startswith("event: ")]


@pytest.mark.parametrize("until", ["parked", "stored"])
async def test_a_stream_may_end_before_its_run(
    client: httpx.AsyncClient, waiting: tuple[str, dict[str, str]], until: str
) -> None:
    run_id, shown = waiting
    path = f"/api/v1/runs/{run_id}/events"
    async with asyncio.timeout(20):
        reply = await client.get(path, headers=shown, params={"until": until})
        later = await client.get(path, headers=shown, params={"until": until, "after": 2})
    assert names(reply.text) == ["run_started", "step_started", "step_waiting", "end"]
    assert 'data: {"status": "waiting"}' in reply.text
    assert names(later.text) == ["step_waiting", "end"]


async def test_a45_somebody_holds_some_streams_open_and_no_more(
    address: str, waiting: tuple[str, dict[str, str]]
) -> None:
    run_id, shown = waiting
    limits = httpx.Limits(max_connections=MOST_STREAMS + 10)
    async with (
        httpx.AsyncClient(base_url=address, headers=shown, limits=limits, timeout=60) as client,
        AsyncExitStack() as held,
    ):
        path = f"/api/v1/runs/{run_id}/events"
        for _ in range(MOST_STREAMS):
            reply = await held.enter_async_context(client.stream("GET", path))
            assert reply.status_code == 200
        refused = await client.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        await held.aclose()
        async with asyncio.timeout(60):
            while (await client.get(path, params={"until": "stored"})).status_code == 429:
                pass
