from typing import get_args

import pytest

from flowstudio.llm.messages import Policy, TaskType, TokenUsage
from flowstudio.llm.prices import offline_price
from flowstudio.llm.routing import candidates, choose
from tests.fakes.openrouter import KEY

USAGE = TokenUsage(1000, 1000)
EVERYTHING = [(task, policy) for task in get_args(TaskType) for policy in get_args(Policy)]


@pytest.mark.parametrize(("task", "policy"), EVERYTHING)
def test_every_task_and_policy_has_a_model(task, policy):
    assert choose(task, policy, ()).model == candidates(task, policy)[0]


@pytest.mark.parametrize(("task", "policy"), EVERYTHING)
def test_a_model_that_has_vanished_gives_way_to_the_next(task, policy):
    *_, last = candidates(task, policy)
    assert choose(task, policy, {last}).model == last


@pytest.mark.parametrize("task", [task for task in get_args(TaskType) if task != "embed"])
def test_every_choice_has_a_known_price(task):
    for policy in get_args(Policy):
        for model in candidates(task, policy):
            assert offline_price(model, USAGE) > 0, model


def test_the_cheapest_choice_costs_less_than_the_best():
    for task in get_args(TaskType):
        if task != "embed":
            cheap, best = (candidates(task, policy)[0] for policy in ("cheapest", "best"))
            assert offline_price(cheap, USAGE) < offline_price(best, USAGE)


async def test_the_catalogue_decides_which_choice_is_there(server, gateway):
    second = candidates("code", "best")[1]
    server.models = [{"id": second}]
    await gateway.models()
    assert gateway.route(None, "code", "best").model == second


async def test_a_stored_catalogue_decides_from_the_first_call_on(server, gateway, make_gateway):
    second = candidates("chat", "balanced")[1]
    server.models = [{"id": second}]
    await gateway.models()
    assert make_gateway(openrouter_api_key=KEY).route(None, "chat", "balanced").model == second
