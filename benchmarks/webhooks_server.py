"""What the benchmark of webhooks calls: the door of webhooks in a process of its own.

`python -m benchmarks.webhooks_server DIRECTORY` publishes a workflow of five nodes with a link for
each case, prints a JSON object of them, then answers each line on its stdin with how many runs have
ended, and finishes when its stdin does. It advances the runs itself unless FLOWSTUDIO_RUN_IN_WEB
says otherwise. Given a second path, it writes a profile of its main thread there.
"""

import asyncio
import cProfile
import json
import sys
from pathlib import Path

from starlette.responses import PlainTextResponse

from flowstudio.api.hooks import Hooks
from flowstudio.probes import Probes
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.builders import inputs, node, workflow
from tests.hooking import made, published
from tests.people import person
from tests.serving import served

#: Five nodes that hand a text on.
CHAIN = workflow(
    node("start", **inputs(text="string", n="integer")),
    node("task", "greet", mode="template", text="{{ inputs.text }}"),
    node("task", "repeat", mode="template", text="{{ greet }}"),
    node("task", "sign", mode="template", text="{{ repeat }}"),
    node("end", outputs={"text": "{{ sign }}"}),
    edges="start>greet>repeat>sign>end",
    name="Chain",
)
#: How the links of the cases differ.
CASES = {
    "outputs": {"respond": "end"},
    "at once": {"respond": "now"},
    "at once, with a key": {"respond": "now"},
    "signed, outputs": {"respond": "end", "auth": "hmac"},
}


async def _serve(directory: Path, profile: str) -> None:
    async with (
        open_runtime(settings := Settings(data_dir=directory)) as runtime,
        asyncio.TaskGroup() as group,
    ):
        serving = [
            group.create_task(job)
            for job in (
                runtime.dispatcher.serve(works=settings.run_in_web),
                runtime.studio.webhook_requests.serve(),
            )
        ]
        links = await _links(runtime)
        door = Probes(Hooks(PlainTextResponse("nothing"), lambda: runtime), lambda: runtime)
        async with served(door, backlog=4096, backpressure=4096) as address:
            _say({"address": address, "links": links})
            if profile:
                await _profiled(runtime, profile)
            else:
                await _answer(runtime)
        for task in serving:
            task.cancel()


async def _links(runtime: Runtime) -> dict[str, list[str]]:
    owner = person(runtime.studio.parts, "owner@example.com")
    workflow_id = await published(runtime, owner, CHAIN)
    found = {}
    for name, more in CASES.items():
        view = await made(runtime, owner, workflow_id, **more)
        found[name] = [view.record.token, view.secret]
    return found


async def _profiled(runtime: Runtime, path: str) -> None:
    profile = cProfile.Profile()
    profile.enable()
    await _answer(runtime)
    profile.disable()
    profile.dump_stats(path)


async def _answer(runtime: Runtime) -> None:
    while await asyncio.to_thread(sys.stdin.readline):
        rows = await runtime.parts.journal.query(
            "SELECT count(*) FROM run WHERE status='succeeded'"
        )
        _say({"ended": rows[0][0]})


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
