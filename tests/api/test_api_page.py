"""docs/api.md: its commands, run in their order against a server."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowstudio.runtime import Runtime
from flowstudio.services.keys import NewKey
from tests.people import person, project_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
SCOPES = ["workflows:read", "workflows:write", "runs:read", "runs:write", "projects:read"]


async def shell(script: str, given: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-eu", "-o", "pipefail", "-c", script,
        env=given | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0, script
    return out.decode()


def told(out: str) -> list[Any]:
    """The JSON values that a script printed, one behind the other."""
    found, place, decoder = [], 0, json.JSONDecoder()
    while place < len(out.rstrip()):
        value, place = decoder.raw_decode(out, place)
        found.append(value)
    return found


@pytest.fixture
async def given(studio_runtime: Runtime, address: str) -> dict[str, str]:
    owner = person(studio_runtime.studio.parts)
    made = await studio_runtime.studio.keys.create(owner, NewKey("docs", SCOPES))
    return {"API": f"{address}/api/v1", "KEY": made.key, "PROJECT": project_of(owner)}


async def test_the_commands_of_the_page_do_what_it_says(given: dict[str, str]) -> None:
    first, *scripts = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert first.startswith("export API=")
    listing, keep, run, follow, look, change, runs = scripts
    (page,) = told(await shell(listing, given))
    assert [one["id"] for one in page["items"]] == [given["PROJECT"]]
    (kept,) = told(await shell(keep, given))
    assert kept["problems"] == []
    given["WORKFLOW"] = kept["id"]
    started = [told(await shell(run, given))[0]["id"] for _ in range(2)]
    assert started[0] == started[1]
    given["RUN"] = started[0]
    events = await shell(follow, given)
    assert events.rstrip().endswith('data: {"status": "succeeded"}')
    record, steps, outputs = told(await shell(look, given))
    assert (record["status"], record["outputs"]) == ("succeeded", {"twice": 42})
    assert [step["path"] for step in steps["items"]] == ["start", "end"]
    assert outputs["outputs"] == {"twice": 42}
    (changed,) = told(await shell(change, given))
    assert (changed["name"], changed["revision"]) == ("Twice", 2)
    (page,) = told(await shell(runs, given))
    assert [one["id"] for one in page["items"]] == [given["RUN"]]
