from dataclasses import replace
from decimal import Decimal

from flowstudio.llm.messages import ChatRequest, Message, TokenUsage
from flowstudio.llm.predict import estimate_prompt, estimate_tokens
from flowstudio.llm.prices import offline_price

PRICED = {
    "id": "test/model",
    "pricing": {"prompt": "0.000001", "completion": "0.00001"},
    "top_provider": {"max_completion_tokens": 1000},
}
REQUEST = ChatRequest((Message("user", "x" * 3984),), model="test/model")


async def test_the_range_holds_low_typical_and_high(server, gateway):
    server.models = [PRICED]
    prediction = await gateway.predict(replace(REQUEST, max_tokens=500))
    assert prediction.prompt_tokens == 1000
    assert prediction.max_output_tokens == 500
    assert prediction.low_usd < prediction.typical_usd < prediction.high_usd
    assert prediction.high_usd == Decimal("0.0015") + Decimal("0.005")
    assert prediction.is_known


async def test_earlier_answers_say_what_is_typical(server, gateway):
    server.models = [PRICED]
    prediction = await gateway.predict(REQUEST, typical_output_tokens=100)
    assert prediction.typical_usd == Decimal("0.001") + Decimal("0.001")


async def test_max_tokens_bounds_what_is_typical(server, gateway):
    server.models = [PRICED]
    prediction = await gateway.predict(replace(REQUEST, max_tokens=10), typical_output_tokens=100)
    assert prediction.typical_usd == Decimal("0.001") + Decimal("0.0001")


async def test_the_model_bounds_the_answer_when_nobody_else_does(server, gateway):
    server.models = [PRICED]
    assert (await gateway.predict(REQUEST)).max_output_tokens == 1000


async def test_a_model_with_an_unknown_price_is_said_to_be_unknown(gateway):
    prediction = await gateway.predict(REQUEST)
    assert not prediction.is_known
    assert prediction.typical_usd == 0


async def test_prices_are_known_without_a_network(make_gateway):
    gateway = make_gateway(openrouter_base_url="http://127.0.0.1:1")
    prediction = await gateway.predict(replace(REQUEST, model="openai/gpt-4o-mini:nitro"))
    assert prediction.is_known
    assert prediction.typical_usd > 0


async def test_the_built_in_model_is_free(make_gateway, server):
    prediction = await make_gateway(openrouter_api_key="").predict(REQUEST)
    assert (prediction.low_usd, prediction.typical_usd, prediction.high_usd) == (0, 0, 0)
    assert prediction.model == "local/smollm2-135m-instruct"
    assert prediction.max_output_tokens == 256
    assert server.requests == []


def test_offline_prices_count_cached_tokens_for_less():
    assert offline_price("openai/gpt-4o-mini", TokenUsage(1000, 500)) == Decimal("0.00045")
    assert offline_price("openai/gpt-4o-mini", TokenUsage(1000, 500, 200)) == Decimal("0.000435")


def test_an_unknown_model_has_no_offline_price():
    assert offline_price("nobody/nothing", TokenUsage(1, 1)) is None


def test_other_scripts_take_more_tokens_than_latin():
    assert estimate_tokens("abcdefgh") == 2
    assert estimate_tokens("日本語の文章です") > 5
    assert estimate_tokens("") == 0


def test_pictures_count_too():
    picture = {"type": "image_url", "image_url": {"url": "data:…"}}
    text = {"type": "text", "text": "what is it?"}
    assert estimate_prompt([Message("user", (text, picture))]) > 1000
