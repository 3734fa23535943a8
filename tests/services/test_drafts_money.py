"""What the editor's runs cost, with real model nodes and a provider that counts its calls."""

import pytest

from flowstudio.graph.operations import OPERATIONS
from flowstudio.runtime import open_runtime
from flowstudio.services.changes import Batch
from flowstudio.services.drafts import Ask
from flowstudio.settings import Settings
from tests.builders import inputs, node, workflow
from tests.fakes.openrouter import KEY, FakeOpenRouter, say
from tests.people import person
from tests.projects import kept
from tests.running import ended

MODEL = "test/model"
DOCUMENT = workflow(
    node("start", **inputs(topic="string")),
    node("ai", "answer", prompt="About {{ inputs.topic }}", model=MODEL),
    node("loop", "each", mode="for_each", items="{{ list.items }}"),
    node("task", "list", mode="set", fields={"items": [1, 2, 3]}),
    node("ai", "inner", inside="each", prompt="Item {{ item }}", model=MODEL),
    node("task", "shout", mode="template", text="{{ answer.text.upper() }}"),
    edges="start>answer>shout; start>list>each",
)


@pytest.fixture
async def provider():
    async with FakeOpenRouter() as server:
        yield server


@pytest.fixture
async def paid(tmp_path, provider):
    settings = Settings(data_dir=tmp_path, openrouter_base_url=provider.url, openrouter_api_key=KEY)
    async with open_runtime(settings) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        yield runtime, owner, await kept(runtime, owner, DOCUMENT)


async def run(paid, *targets, mode="cells", **more):
    runtime, owner, workflow_id = paid
    started = await runtime.studio.drafts.run(owner, workflow_id, Ask(mode, targets, **more))
    return await ended(runtime, started.run_id)


def calls(provider):
    return len([one for one in provider.requests if one.path.endswith("/chat/completions")])


async def test_a_model_is_asked_once_and_what_it_said_is_kept(paid, provider):
    runtime, owner, workflow_id = paid
    told = await run(paid, "shout", inputs={"topic": "bees"})
    assert told.status == "succeeded", told.view.record.error
    assert calls(provider) == 1
    await run(paid, "answer")
    assert calls(provider) == 1
    result = (await runtime.studio.drafts.view(owner, workflow_id))["results"]["answer"]
    assert (result["status"], result["cost_usd"]) == ("cached", "0")
    assert float(result["saved_usd"]) == 0.00015
    assert result["model"] == MODEL
    provider.answer(say("Something else"))
    await run(paid, "answer", fresh=("answer",))
    assert calls(provider) == 2
    view = await runtime.studio.drafts.view(owner, workflow_id)
    assert view["marks"]["shout"] == {"state": "stale", "reason": "inputs"}
    assert view["results"]["answer"]["tokens"] == {"prompt": 10, "completion": 5}


async def test_the_last_output_tells_how_often_a_loop_turns(paid):
    runtime, owner, workflow_id = paid
    before = (await runtime.studio.drafts.view(owner, workflow_id))["costs"]
    assert before["each"]["is_open"]
    await run(paid, "list", inputs={"topic": "bees"})
    after = await runtime.studio.drafts.view(owner, workflow_id)
    assert after["costs"]["each"]["calls"] == 3
    assert after["costs"]["inner"]["calls"] == 1
    assert after["stale"]["calls"] == 4


async def test_a_change_tells_the_costs_that_it_changed_and_what_is_stale_in_all(paid):
    runtime, owner, workflow_id = paid
    await runtime.studio.drafts.put_inputs(owner, workflow_id, {"topic": "bees"})
    changes = runtime.studio.changes
    told = []
    with runtime.studio.parts.channels.listen(f"workflow:{workflow_id}") as listener:
        for number, op in enumerate(
            [
                {"op": "set_config", "id": "shout", "path": ["text"], "value": "Quiet"},
                {"op": "set_config", "id": "shout", "path": ["text"], "value": "Loud"},
                {"op": "remove_node", "id": "answer"},
            ]
        ):
            batch = Batch("one", number, 1, OPERATIONS.validate_python([op]))
            change = await changes.submit(owner, workflow_id, batch)
            await changes.look_over(owner, workflow_id, change.revision)
            while (message := await listener.get())["t"] != "draft":
                pass
            told.append(message)
    first, nothing, gone = (message["costs"] for message in told)
    assert {"answer", "inner", "each"} <= first.keys()
    assert nothing == {}
    assert gone == {"answer": None}
    assert [message["stale"]["nodes"] for message in told] == [5, 5, 4]
