"""Decisions, by real expressions and by a server that speaks OpenRouter's protocol."""

import httpx
import pytest

from flowstudio.engine.contract import Chosen
from flowstudio.errors import ExpressionError, ModelError
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.llm.gateway import Gateway
from flowstudio.nodes.builtin.decision import Decision
from flowstudio.settings import Settings
from tests.fakes.context import FakeContext, StoppedClock
from tests.fakes.openrouter import KEY, FakeOpenRouter, say_json

NODE = Decision()
CLASSES = [{"port": "refund", "description": "wants money back"}, {"port": "bug"}]
CLASSIFY = {"mode": "classify", "input": "It crashes.", "classes": CLASSES, "model": "test/model"}


@pytest.fixture
async def context():
    async with Sandbox(kind="run") as sandbox:
        yield FakeContext(evaluator=sandbox, names={"mail": {"stars": 2, "text": ""}})


async def decide(context, **config):
    return await NODE.run(NODE.parse(config), context)


@pytest.mark.parametrize(
    ("condition", "port", "value"),
    [
        ("mail.stars < 3", "true", True),
        ("mail.stars > 3", "false", False),
        ("mail.text", "false", ""),
        ("[1]", "true", [1]),
    ],
)
async def test_an_if_leaves_by_what_python_calls_true(context, condition, port, value):
    chosen = await decide(context, mode="if", condition=condition)
    assert chosen == Chosen(port, {"port": port, "value": value})


async def test_a_switch_leaves_by_the_first_case_that_holds(context):
    cases = [
        {"port": "good", "when": "mail.stars > 3"},
        {"port": "bad", "when": "mail.stars"},
        {"port": "any", "when": "True"},
    ]
    chosen = await decide(context, mode="switch", cases=cases)
    assert chosen == Chosen("bad", {"port": "bad", "value": 2})


async def test_a_switch_without_a_match_leaves_by_else(context):
    chosen = await decide(context, mode="switch", cases=[{"port": "a", "when": "False"}])
    assert chosen == Chosen("else", {"port": "else", "value": None})


async def test_cases_behind_the_match_are_not_evaluated(context):
    cases = [{"port": "a", "when": "True"}, {"port": "b", "when": "1 / 0"}]
    assert (await decide(context, mode="switch", cases=cases)).port == "a"


async def test_a_condition_that_fails_fails_the_node(context):
    with pytest.raises(ExpressionError):
        await decide(context, mode="if", condition="1 / 0")


@pytest.fixture
async def server():
    async with FakeOpenRouter() as running:
        yield running


@pytest.fixture
async def judging(server, tmp_path):
    settings = Settings(openrouter_api_key=KEY, openrouter_base_url=server.url, data_dir=tmp_path)
    async with httpx.AsyncClient() as http:
        gateway = Gateway(settings, http, StoppedClock())
        yield FakeContext(resources={Gateway: gateway})


async def test_a_model_sorts_the_input_into_a_class(server, judging):
    server.answer(say_json({"class": "bug"}))
    chosen = await decide(judging, **CLASSIFY)
    assert chosen == Chosen("bug", {"port": "bug", "value": "bug"})
    body = server.chats[0].body
    assert "refund: wants money back" in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == "It crashes."
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["class"]["enum"] == ["refund", "bug"]
    assert len(judging.spendings) == 1


async def test_a_class_that_does_not_exist_is_not_taken(server, judging):
    server.answer(*(say_json({"class": "praise"}) for _ in range(3)))
    with pytest.raises(ModelError, match="'praise' is not one of"):
        await decide(judging, **CLASSIFY)


async def test_a_classification_without_a_model_picks_one_for_classifying(server, judging):
    server.answer(say_json({"class": "bug"}))
    await decide(judging, **CLASSIFY | {"model": ""})
    gateway = judging.resource(Gateway)
    chosen = gateway.route(None, "classify", "balanced").model
    assert server.chats[0].body["model"] == chosen
    config = NODE.parse(CLASSIFY | {"model": ""})
    assert await NODE.depends_on(config, {Gateway: gateway}, judging.run) == chosen


@pytest.mark.parametrize(
    ("config", "ports", "purity"),
    [
        ({"mode": "if", "condition": "a"}, ("true", "false"), "pure"),
        ({"mode": "switch", "cases": [{"port": "a", "when": "b"}]}, ("a", "else"), "pure"),
        (CLASSIFY, ("refund", "bug"), "paid"),
    ],
)
def test_ports_and_purity_follow_the_config(config, ports, purity):
    checked = NODE.check(config)
    assert checked.faults == ()
    assert checked.ports.outputs == ports
    assert NODE.purity(checked.config) == purity


@pytest.mark.parametrize("port", ["else", "error", "two words", "1st", ""])
def test_a_name_that_cannot_be_a_port_is_a_fault(port):
    checked = NODE.check({"mode": "switch", "cases": [{"port": port, "when": "a"}]})
    assert [fault.path for fault in checked.faults] == [("cases", 0, "port")]


def test_two_ports_of_one_name_are_a_fault():
    checked = NODE.check(CLASSIFY | {"classes": [{"port": "a"}, {"port": "a"}]})
    assert [fault.path for fault in checked.faults] == [("classes", 1, "port")]


def test_else_may_be_a_class():
    classes = [{"port": "else"}, {"port": "a"}]
    assert NODE.check(CLASSIFY | {"classes": classes}).faults == ()
