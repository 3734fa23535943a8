"""`flowstudio --server`: the same commands, done by another machine's server with an API key."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.keys import NewKey
from flowstudio.settings import Settings
from tests.cli.flowstudio_command import CommandLine, start, task, workflow
from tests.cli.test_run_command import ASK, GREET
from tests.people import actor_of, person, project_of
from tests.serving import served

SCOPES = ["workflows:read", "runs:read", "runs:write", "projects:read"]
BROKEN = workflow(
    start(),
    task("empty", "template", text="{{ nowhere }}"),
    wires="start>empty",
)


class Desk:
    """Somebody's command line, and the server it talks to."""

    def __init__(self, runtime: Runtime, command: CommandLine) -> None:
        self.runtime, self.command = runtime, command
        self.owner = person(runtime.studio.parts)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        return await asyncio.to_thread(self.command.run, *arguments)

    async def json(self, *arguments: str) -> tuple[int, Any]:
        code, out, err = await self.run(*arguments, "--json")
        assert out, err
        return code, json.loads(out)


@pytest.fixture
async def desk(tmp_path: Path, command: CommandLine) -> AsyncIterator[Desk]:
    opened: list[Runtime] = []
    async with (
        served(create_api(lambda: opened[0])) as address,
        open_runtime(Settings(data_dir=tmp_path / "server")) as runtime,
        asyncio.TaskGroup() as group,
    ):
        opened.append(runtime)
        serving = group.create_task(runtime.dispatcher.serve())
        desk = Desk(runtime, command)
        made = await runtime.studio.keys.create(desk.owner, NewKey("desk", SCOPES))
        command.settings = {"FLOWSTUDIO_SERVER": address, "FLOWSTUDIO_KEY": made.key}
        yield desk
        serving.cancel()


async def test_a_run_happens_there_and_looks_the_same_here(desk: Desk) -> None:
    file = desk.command.write("greet.json", GREET)
    given = ("-i", "who=42", "-i", "times=2")
    code, told = await desk.json("run", file, *given)
    assert (code, told["status"], told["outputs"]) == (0, "succeeded", {"text": "Hi 42 3"})
    assert not (desk.command.data / "flowstudio.db").exists()
    assert (await desk.runtime.runs.find(desk.owner, told["run_id"])).trigger == "api"
    server = desk.command.settings.pop("FLOWSTUDIO_SERVER")
    _, here = await desk.json("run", file, *given)
    assert set(here) == set(told)
    assert [set(step) for step in here["steps"]] == [set(step) for step in told["steps"]]
    code, out, err = await desk.run("--server", server, "run", file, *given)
    assert (code, json.loads(out)) == (0, {"text": "Hi 42 3"})
    assert "greet" in err


async def test_a_run_that_asks_is_answered_and_carried_on_there(desk: Desk) -> None:
    code, told = await desk.json("run", desk.command.write("ask.json", ASK))
    assert (code, told["status"]) == (3, "waiting")
    run_id = told["run_id"]
    _, unfinished = await desk.json("runs", "list", "--status", "unfinished")
    assert [row["run_id"] for row in unfinished] == [run_id]
    code, answered = await desk.json("runs", "answer", run_id, "--approve")
    assert (code, answered["step"]) == (0, "ask")
    code, told = await desk.json("runs", "resume", run_id)
    assert (code, told["outputs"]) == (0, {"ok": True})
    code, out, _ = await desk.run("runs", "events", run_id, "--json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(
        range(1, len(out.splitlines()) + 1)
    )
    _, out, _ = await desk.run("runs", "events", run_id, "--follow", "--after", "5", "--json")
    assert json.loads(out.splitlines()[0])["seq"] == 6
    code, shown = await desk.json("runs", "show", run_id)
    assert shown["run_id"] == run_id


async def test_a_waiting_run_is_cancelled_there(desk: Desk) -> None:
    _, told = await desk.json("run", desk.command.write("ask.json", ASK))
    code, out, _ = await desk.run("runs", "cancel", told["run_id"])
    assert (code, out) == (0, f"Run {told['run_id']} is cancelled.\n")


async def test_runs_are_deleted_there(desk: Desk) -> None:
    file = desk.command.write("greet.json", GREET)
    _, done = await desk.json("run", file, "-i", "who=42", "-i", "times=2")
    code, told = await desk.json("runs", "delete", done["run_id"])
    assert (code, told) == (0, {"deleted": [done["run_id"]], "refused": []})
    code, _, err = await desk.run("runs", "delete", done["run_id"])
    assert code == 1
    assert "There is no such run" in err


async def test_finished_runs_are_pruned_there_by_an_admin_alone(desk: Desk) -> None:
    file = desk.command.write("greet.json", GREET)
    done = [await desk.json("run", file, "-i", "who=42", "-i", "times=2") for _ in range(2)]
    first, last = (told["run_id"] for _, told in done)
    assert (await desk.run("runs", "prune", "--keep", "1"))[0] == 1
    admin = person(desk.runtime.studio.parts, "admin@example.com", "admin")
    made = await desk.runtime.studio.keys.create(admin, NewKey("prune", ["admin:write"]))
    mine, desk.command.settings["FLOWSTUDIO_KEY"] = (
        desk.command.settings["FLOWSTUDIO_KEY"],
        made.key,
    )
    _, out, _ = await desk.run("runs", "prune", "--keep", "1", "--dry-run")
    assert first in out
    assert "Would remove 1 runs." in out
    code, told = await desk.json("runs", "prune", "--keep", "1")
    assert (code, [run["run_id"] for run in told["runs"]]) == (0, [first])
    desk.command.settings["FLOWSTUDIO_KEY"] = mine
    _, left = await desk.json("runs", "list")
    assert [run["run_id"] for run in left] == [last]


async def test_problems_are_those_of_the_command_line(desk: Desk) -> None:
    code, told = await desk.json("run", desk.command.write("broken.json", BROKEN))
    assert code == 2
    assert told["problems"][0]["node"] == "empty"
    code, _, err = await desk.run("run", desk.command.write("greet.json", GREET))
    assert code == 2
    assert "who" in err
    code, _, err = await desk.run("runs", "show", "no-such-run")
    assert (code, "no" in err.lower()) == (1, True)


async def test_with_several_projects_one_must_be_chosen(desk: Desk) -> None:
    other = await desk.runtime.studio.projects.create(desk.owner, "Other")
    file = desk.command.write("ask.json", ASK)
    code, _, err = await desk.run("run", file)
    assert code == 2
    assert f"{other.id} (Other)" in err
    code, _, _ = await desk.run("--project", other.id, "run", file)
    assert code == 3
    owner = actor_of(desk.runtime.studio.parts, desk.owner.id)
    found = await desk.runtime.runs.list(owner, project_id=other.id)
    assert len(found) == 1
    assert project_of(desk.owner) != other.id


async def test_node_types_and_models_are_those_of_the_server(desk: Desk) -> None:
    _, nodes = await desk.json("nodes")
    assert {"start", "end", "ai"} <= {one["type"] for one in nodes}
    code, out, _ = await desk.run("nodes")
    assert code == 0
    assert out.startswith("start")
    _, models = await desk.json("models", "list")
    assert all("prompt_usd_per_million" in one for one in models)
    assert (await desk.run("models", "list"))[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("start",), ("users", "list"), ("secrets", "list"), ("doctor",), ("models", "install")],
    ids=" ".join,
)
async def test_what_concerns_this_machine_is_not_done_for_another(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    code, _, err = await desk.run(*arguments)
    assert code == 2
    assert "this machine alone" in err


async def test_a_bad_key_a_missing_one_and_a_wrong_address_are_told(desk: Desk) -> None:
    good = dict(desk.command.settings)
    desk.command.settings["FLOWSTUDIO_KEY"] = "fsk_0123456789_rubbish"
    code, _, err = await desk.run("runs", "list")
    assert (code, "API key" in err) == (1, True)
    del desk.command.settings["FLOWSTUDIO_KEY"]
    code, _, err = await desk.run("runs", "list")
    assert (code, "FLOWSTUDIO_KEY" in err) == (2, True)
    desk.command.settings = good | {"FLOWSTUDIO_SERVER": "ftp://example.com"}
    code, _, err = await desk.run("runs", "list")
    assert (code, "https://" in err) == (2, True)
    desk.command.settings = good | {"FLOWSTUDIO_SERVER": "http://127.0.0.1:9"}
    code, _, err = await desk.run("runs", "list")
    assert (code, "cannot be reached" in err) == (1, True)
