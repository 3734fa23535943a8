"""The AI node against a server that speaks OpenRouter's protocol."""

from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from flowstudio.engine.contract import RunInfo
from flowstudio.engine.costs import Usage
from flowstudio.errors import BudgetError, ModelError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.llm.gateway import Gateway
from flowstudio.nodes.builtin.ai import Ai
from flowstudio.settings import Settings
from tests.fakes.context import NOON, FakeContext, StoppedClock
from tests.fakes.openrouter import KEY, FakeOpenRouter, cut, fail, say, say_json

STARS = {
    "type": "object",
    "properties": {"stars": {"type": "integer"}},
    "required": ["stars"],
    "additionalProperties": False,
}


@pytest.fixture
async def server():
    async with FakeOpenRouter() as running:
        yield running


@pytest.fixture
async def gateway(server, tmp_path):
    settings = Settings(openrouter_api_key=KEY, openrouter_base_url=server.url, data_dir=tmp_path)
    async with httpx.AsyncClient() as http:
        yield Gateway(settings, http, StoppedClock())


@pytest.fixture
def context(gateway):
    return FakeContext(resources={Gateway: gateway})


async def run(context, **config):
    node = Ai()
    return await node.run(node.parse({"model": "test/model", **config}), context)


def prompts(server):
    return [request.body["messages"][-1]["content"] for request in server.chats]


def places(**config):
    return {fault.path for fault in Ai().check(config).faults}


async def test_one_call_gives_text_model_usage_and_cost(server, context):
    server.answer(say("It is a cat."))
    assert await run(context, prompt="What is it?") == {
        "text": "It is a cat.",
        "model": "test/model",
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        "cost_usd": "0.00015",
    }
    assert "".join(text for _, text in context.streamed) == "It is a cat."


async def test_system_prompt_and_examples_come_before_the_prompt(server, context):
    await run(
        context,
        prompt="3?",
        system="Count.",
        examples=[{"user": "1?", "assistant": "2"}],
    )
    assert [(m["role"], m["content"]) for m in server.chats[0].body["messages"]] == [
        ("system", "Count."),
        ("user", "1?"),
        ("assistant", "2"),
        ("user", "3?"),
    ]


async def test_parameters_reach_the_model(server, context):
    await run(
        context,
        prompt="x",
        temperature=0.2,
        max_tokens=9,
        seed=3,
        fallbacks=["b/c"],
        provider={"zdr": True},
        reasoning={"effort": "low"},
    )
    body = server.chats[0].body
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.2, 9, 3)
    assert body["models"] == ["test/model", "b/c"]
    assert (body["provider"], body["reasoning"]) == ({"zdr": True}, {"effort": "low"})


async def test_without_a_model_task_and_policy_choose(server, context, gateway):
    await run(context, prompt="x", model="", task="code", policy="best")
    assert server.chats[0].body["model"] == gateway.route(None, "code", "best").model


async def test_json_stands_beside_the_text(server, context):
    server.answer(say_json({"stars": 4}))
    output = await run(context, prompt="Rate.", output="json", schema=STARS)
    assert output["json"] == {"stars": 4}


async def test_refine_drafts_criticises_and_revises(server, context):
    server.answer(say("draft"), say("too dull"), say("better"), say("still dull"), say("best"))
    output = await run(context, prompt="Write.", strategy="refine", rounds=2)
    assert output["text"] == "best"
    assert output["usage"] == {"prompt_tokens": 50, "completion_tokens": 25}
    assert output["cost_usd"] == "0.00075"
    assert [part for part, _ in context.streamed if part] == [
        "draft",
        "critique 1",
        "critique 1",
        "revision 1",
        "critique 2",
        "critique 2",
        "revision 2",
    ]
    assert "too dull" in prompts(server)[2]
    assert server.chats[3].body["messages"][-2] == {"role": "assistant", "content": "better"}


async def test_a_vote_takes_the_commonest_answer_whatever_its_dress(server, context):
    server.answer(say("Paris."), say("Rome"), say("  paris"))
    output = await run(context, prompt="Capital?", strategy="vote", samples=3)
    assert output["text"].strip().lower().startswith("paris")
    assert {part for part, _ in context.streamed} == {"sample 1", "sample 2", "sample 3"}
    assert output["cost_usd"] == "0.00045"


async def test_a_vote_over_json_compares_values(server, context):
    server.answer(say('{"stars": 2}'), say('{ "stars":2 }'), say('{"stars": 5}'))
    output = await run(
        context, prompt="Rate.", strategy="vote", samples=3, output="json", schema=STARS
    )
    assert output["json"] == {"stars": 2}


async def test_samples_of_a_vote_differ_in_their_seeds(server, context):
    await run(context, prompt="x", strategy="vote", samples=3, seed=7)
    assert sorted(request.body["seed"] for request in server.chats) == [7, 8, 9]


async def test_a_judge_picks_among_different_texts(server, context):
    def by_question(request):
        asked = request.body["messages"][-1]["content"]
        return say_json({"best": 2}) if "Which answer is best" in asked else None

    server.handler = lambda request: by_question(request) if request.body else None
    server.answer(say("first"), say("second"))
    output = await run(context, prompt="Write.", strategy="vote", samples=2, judge="model")
    shown = prompts(server)[2]
    assert output["text"] == shown.split("Answer 2:\n")[1].split("\n")[0]


async def test_one_failing_sample_fails_the_vote_as_itself(server, context):
    server.answer(say("a"), fail(402), say("b"))
    with pytest.raises(ModelError, match="402"):
        await run(context, prompt="x", strategy="vote", samples=3)


async def test_a_chain_shows_each_step_those_before_it(server, context):
    server.answer(say("an outline"), say("a text"))
    async with Sandbox(kind="run") as sandbox:
        context = replace(context, evaluator=sandbox, names={"inputs": {"topic": "bees"}})
        output = await run(
            context,
            strategy="chain",
            system="Be brief.",
            steps=[
                {"name": "outline", "prompt": "Outline {{ inputs.topic }}."},
                {
                    "name": "text",
                    "prompt": "Write from: {{ steps.outline }}",
                    "system": "Be long.",
                    "model": "other/model",
                },
            ],
        )
    assert prompts(server) == ["Outline bees.", "Write from: an outline"]
    assert [r.body["messages"][0]["content"] for r in server.chats] == ["Be brief.", "Be long."]
    assert [r.body["model"] for r in server.chats] == ["test/model", "other/model"]
    assert output["text"] == "a text"
    assert {part for part, _ in context.streamed} == {"outline", "text"}


async def test_only_the_last_step_of_a_chain_answers_in_json(server, context):
    server.answer(say("thoughts"), say_json({"stars": 1}))
    async with Sandbox(kind="run") as sandbox:
        output = await run(
            replace(context, evaluator=sandbox),
            strategy="chain",
            output="json",
            schema=STARS,
            steps=[
                {"name": "think", "prompt": "Think."},
                {"name": "rate", "prompt": "Rate: {{ steps.think }}"},
            ],
        )
    assert output["json"] == {"stars": 1}
    assert "response_format" not in server.chats[0].body


async def test_every_call_is_reserved_and_settled(server, context):
    server.models = [{"id": "test/model", "pricing": {"prompt": "0.01", "completion": "0.01"}}]
    await run(context, prompt="x", strategy="refine")
    assert len(context.spendings) == 3
    for spending in context.spendings:
        assert spending.predicted_usd > 0
        assert spending.cost_usd == Decimal("0.00015")
        assert spending.usage == Usage(10, 5)


async def test_a_call_beyond_the_budget_is_not_made(server, context):
    server.models = [{"id": "test/model", "pricing": {"prompt": "0.01", "completion": "0.01"}}]
    context.budget_usd = Decimal("0.01")
    with pytest.raises(BudgetError):
        await run(context, prompt="x")
    assert server.chats == []


async def test_a_failed_call_is_settled_too(server, context):
    server.costs["gen-1"] = 0.5
    server.answer(cut("half"))
    with pytest.raises(ModelError):
        await run(context, prompt="x")
    assert context.spendings[0].cost_usd == Decimal("0.5")


async def test_an_answer_cut_off_at_its_longest_is_logged(server, context):
    server.answer(say("half an", finish="length"))
    await run(context, prompt="x")
    assert any("cut off" in line for line in context.logged)


async def test_the_picked_model_is_part_of_what_the_output_depends_on(gateway):
    node = Ai()
    config = node.parse({"prompt": "x", "task": "code"})
    chosen = gateway.route(None, "code", "balanced").model
    assert await node.depends_on(config, {Gateway: gateway}, RunInfo("r", NOON)) == chosen


def test_a_prompt_is_needed():
    assert places() == {("prompt",)}
    assert places(prompt="x") == set()


def test_json_needs_a_schema_and_the_schema_must_be_one():
    assert places(prompt="x", output="json") == {("schema",)}
    assert ("schema", "type") in places(prompt="x", output="json", schema={"type": "nonsense"})


def test_an_embedding_is_no_answer():
    assert places(prompt="x", task="embed") == {("task",)}


def test_a_chain_needs_steps_with_names_of_their_own_and_no_prompt():
    step = {"name": "a", "prompt": "x"}
    assert places(strategy="chain") == {("steps",)}
    assert places(strategy="chain", steps=[step, step]) == {("steps", 1, "name")}
    assert places(strategy="chain", steps=[{"name": "1st", "prompt": "x"}]) == {
        ("steps", 0, "name")
    }
    assert places(strategy="chain", steps=[step], prompt="x") == {("prompt",)}


@pytest.mark.parametrize(
    "config", [{"temperature": 3}, {"samples": 1}, {"rounds": 0}, {"unknown": 1}, {"task": "x"}]
)
def test_a_bad_value_is_a_fault(config):
    assert places(prompt="x", **config)


def test_steps_of_a_chain_are_filled_in_by_the_node_itself():
    checked = Ai().check(
        {"strategy": "chain", "steps": [{"name": "a", "prompt": "{{ steps.b }} {{ inputs.c }}"}]}
    )
    (slot,) = checked.slots
    assert (slot.path, slot.names, slot.inner) == (("steps", 0, "prompt"), ("steps",), True)


def test_the_card_says_who_answers_and_how():
    node = Ai()
    card = node.summarise(node.parse({"prompt": "x", "strategy": "vote", "samples": 5}))
    assert card == "chat, balanced, best of 5"


@pytest.mark.parametrize(
    ("config", "calls"),
    [
        ({"prompt": "Hi"}, 1),
        ({"prompt": "Hi", "strategy": "refine", "rounds": 2}, 5),
        ({"prompt": "Hi", "strategy": "vote", "samples": 4}, 4),
        ({"prompt": "Hi", "strategy": "vote", "samples": 4, "judge": "model"}, 5),
        (
            {
                "strategy": "chain",
                "steps": [{"name": "a", "prompt": "A"}, {"name": "b", "prompt": "{{ steps.a }}"}],
            },
            2,
        ),
    ],
    ids=["single", "refine", "vote", "judge", "chain"],
)
async def test_the_prediction_counts_every_call_a_strategy_makes(server, gateway, config, calls):
    node = Ai()
    parsed = node.parse({"model": "openai/gpt-4o-mini", "max_tokens": 100, **config})
    cost = await node.predict(parsed, {Gateway: gateway}, None)
    assert cost.calls == calls
    assert 0 < cost.low_usd <= cost.typical_usd <= cost.high_usd
    assert cost.is_open == ("steps" in config)
    assert server.chats == []
