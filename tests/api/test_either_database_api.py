"""What a person does first, over REST, on SQLite and on PostgreSQL."""

import asyncio

import httpx
import pytest

from flowstudio.runtime import Runtime
from tests.builders import node, workflow
from tests.people import person, sign_in
from tests.running import reached

pytestmark = pytest.mark.usefixtures("either_database")

SMALL = workflow(node("count", "a", value=1), node("end"), edges="a>end", name="Small")


@pytest.fixture
async def ann(studio_runtime: Runtime, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A person who is signed in."""
    parts = studio_runtime.studio.parts
    token = sign_in(parts, person(parts)).access_token
    client.headers["authorization"] = f"Bearer {token}"
    return client


async def test_a_workflow_is_made_run_followed_found_and_deleted(
    ann: httpx.AsyncClient, studio_runtime: Runtime
) -> None:
    project = (await ann.post("/api/v1/projects", json={"name": "Größe"})).json()
    wanted = {"document": SMALL.dump(), "project_id": project["id"]}
    made = await ann.post("/api/v1/workflows", json=wanted)
    assert made.status_code == 201, made.text
    started = await ann.post(f"/api/v1/workflows/{made.json()['id']}/runs", json={"inputs": {}})
    assert started.status_code in {200, 201, 202}, started.text
    run_id = started.json()["id"]
    await reached(studio_runtime, run_id, "succeeded")
    async with asyncio.timeout(30):
        events = await ann.get(f"/api/v1/runs/{run_id}/events", params={"until": "stored"})
    assert "event: run_succeeded" in events.text
    listed = (await ann.get("/api/v1/runs", params={"search": "SMALL"})).json()
    assert [run["id"] for run in listed["items"]] == [run_id]
    assert (await ann.delete(f"/api/v1/runs/{run_id}")).status_code == 204
    assert (await ann.get(f"/api/v1/runs/{run_id}")).status_code == 404


async def test_an_address_with_an_impossible_character_leads_nowhere(
    ann: httpx.AsyncClient,
) -> None:
    for path in (
        "runs/a%00b",
        "workflows/a%00b",
        "runs?search=a%00b",
        "workflows?search=a%00b",
        "runs?trigger=a%00b",
        "runs?status=a%00b",
    ):
        assert (await ann.get(f"/api/v1/{path}")).status_code in {200, 404, 422}, path


async def test_no_text_is_too_strange_to_be_kept_or_refused(ann: httpx.AsyncClient) -> None:
    for name in ("a\x00b", "a\\b%_'\"", "\N{GRINNING FACE}", "\u202e"):
        made = await ann.post("/api/v1/projects", json={"name": name})
        assert made.status_code in {201, 422}, made.text
