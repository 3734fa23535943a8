"""The gateway against a server that speaks OpenRouter's protocol."""

import asyncio
import dataclasses
import logging
from decimal import Decimal

import httpx
import pytest

from flowstudio.errors import ModelError
from flowstudio.llm.errors import (
    AnswerError,
    BrokenAnswerError,
    BusyError,
    KeyRefusedError,
    PaymentError,
    ProviderError,
    RefusedError,
    UnknownModelError,
    UnreachableError,
)
from flowstudio.llm.messages import ChatRequest, Message, TokenUsage
from tests.fakes.openrouter import (
    COMMENT,
    DONE,
    KEY,
    Reply,
    break_off,
    chunk,
    cut,
    event,
    fail,
    pieces,
    say,
    say_json,
    stall,
    stream,
)

HELLO = ChatRequest((Message("user", "hello"),), model="test/model")
SCHEMA = {
    "type": "object",
    "properties": {"stars": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["stars"],
    "additionalProperties": False,
}
RATE = dataclasses.replace(HELLO, schema=SCHEMA)


class Heard:
    """What the callbacks of one call were told."""

    def __init__(self):
        self.texts = []
        self.charges = []

    @property
    def callbacks(self):
        return {"on_text": self.texts.append, "on_charge": self.charges.append}


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def test_an_answer_is_streamed_and_priced(server, gateway, heard):
    server.answer(say("Good morning to you"))
    result = await gateway.complete(HELLO, **heard.callbacks)
    assert result.text == "Good morning to you" == "".join(heard.texts)
    assert len(heard.texts) == 4
    assert result.cost_usd == Decimal("0.00015")
    assert result.usage == TokenUsage(10, 5)
    assert (result.finish_reason, result.generation_id) == ("stop", "gen-1")
    assert [charge.cost_usd for charge in heard.charges] == [Decimal("0.00015")]


async def test_text_is_passed_on_before_the_answer_is_complete(server, gateway):
    gate, first = asyncio.Event(), asyncio.Event()
    reply = say("one two")
    server.answer(dataclasses.replace(reply, gate=gate))
    async with asyncio.TaskGroup() as group:
        call = group.create_task(gateway.complete(HELLO, lambda _: first.set()))
        await first.wait()
        assert not call.done()
        gate.set()
    assert call.result().text == "one two"


async def test_comment_lines_are_no_text(server, gateway):
    server.answer(stream(COMMENT, COMMENT, *pieces("hi"), COMMENT, event(chunk({}, "stop")), DONE))
    assert (await gateway.complete(HELLO)).text == "hi"


async def test_several_events_in_one_packet_and_one_event_in_several(server, gateway):
    whole = b"".join([*pieces("a b c"), event(chunk({}, "stop")), DONE])
    server.answer(stream(whole), stream(*(whole[i : i + 7] for i in range(0, len(whole), 7))))
    assert [(await gateway.complete(HELLO)).text for _ in range(2)] == ["a b c", "a b c"]


async def test_an_answer_that_was_not_streamed_is_taken_too(server, gateway, heard):
    answer = {
        "id": "gen-9",
        "model": "test/model",
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.5},
    }
    body = event(answer).removeprefix(b"data: ")
    server.answer(Reply(200, {"content-type": "application/json"}, [body]))
    result = await gateway.complete(HELLO, **heard.callbacks)
    assert (result.text, heard.texts, result.cost_usd) == ("hi", ["hi"], Decimal("0.5"))


async def test_what_is_asked_for_reaches_the_provider(server, gateway):
    request = dataclasses.replace(
        HELLO,
        messages=(Message("system", "be brief"), Message("user", "hello")),
        fallbacks=("other/model",),
        temperature=0.5,
        max_tokens=20,
        seed=7,
        provider={"order": ["Acme"]},
        reasoning={"effort": "low"},
        tools=({"type": "function", "function": {"name": "look"}},),
        tool_choice="auto",
    )
    await gateway.complete(request)
    body = server.chats[0].body
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
    ]
    assert body["models"] == ["test/model", "other/model"]
    assert body["provider"] == {"order": ["Acme"]}
    assert body["reasoning"] == {"effort": "low"}
    assert body["tools"] == [{"type": "function", "function": {"name": "look"}}]
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.5, 20, 7)
    assert (body["stream"], body["tool_choice"]) == (True, "auto")


async def test_what_is_not_asked_for_is_left_to_the_provider(server, gateway):
    await gateway.complete(HELLO)
    assert set(server.chats[0].body) == {"model", "messages", "stream"}


async def test_the_app_is_named_only_when_its_address_is_set(server, gateway, make_gateway):
    await gateway.complete(HELLO)
    await make_gateway(openrouter_app_url="https://me.example").complete(HELLO)
    assert "http-referer" not in server.chats[0].headers
    assert server.chats[1].headers["http-referer"] == "https://me.example"


async def test_the_model_that_really_answered_is_told(server, gateway):
    server.answer(say("hi", model="other/model"))
    request = dataclasses.replace(HELLO, fallbacks=("other/model",))
    assert (await gateway.complete(request)).model == "other/model"


async def test_tool_calls_are_put_together_from_their_pieces(server, gateway):
    parts = [
        {"index": 0, "id": "c1", "function": {"name": "look", "arguments": ""}},
        {"index": 1, "id": "c2", "function": {"name": "find", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": '{"at":'}},
        {"index": 0, "function": {"arguments": ' "me"}'}},
    ]
    frames = [event(chunk({"tool_calls": [part]})) for part in parts]
    server.answer(stream(*frames, event(chunk({}, "tool_calls")), DONE))
    result = await gateway.complete(HELLO)
    assert result.finish_reason == "tool_calls"
    assert [call["id"] for call in result.tool_calls] == ["c1", "c2"]
    assert result.tool_calls[0]["function"] == {"name": "look", "arguments": '{"at": "me"}'}


async def test_thinking_is_kept_apart_from_the_text(server, gateway, heard):
    thought = event(chunk({"content": "", "reasoning": "hmm"}))
    server.answer(stream(thought, *pieces("yes"), event(chunk({}, "stop")), DONE))
    result = await gateway.complete(HELLO, **heard.callbacks)
    assert (result.text, result.reasoning, heard.texts) == ("yes", "hmm", ["yes"])


async def test_calls_one_after_another_share_a_connection(server, gateway):
    for _ in range(3):
        await gateway.complete(HELLO)
    assert server.connections == 1


async def test_an_answer_counts_when_the_connection_stays_open_behind_its_end(server, gateway):
    server.answer(stream(*pieces("hi"), event(chunk({}, "stop")), DONE, ending="stall"))
    assert (await gateway.complete(HELLO)).text == "hi"


# Cost


async def test_cost_without_a_figure_is_price_times_tokens(server, gateway):
    server.models = [
        {"id": "test/model", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
    ]
    await gateway.models()
    server.answer(say("hi", usage={"prompt_tokens": 1000, "completion_tokens": 500}))
    assert (await gateway.complete(HELLO)).cost_usd == Decimal("0.002")


async def test_cost_of_a_model_missing_in_the_catalogue_comes_from_the_offline_table(
    server, gateway
):
    usage = {"prompt_tokens": 1000, "completion_tokens": 500}
    server.answer(say("hi", usage=usage, model="openai/gpt-4o-mini"))
    request = dataclasses.replace(HELLO, model="openai/gpt-4o-mini")
    assert (await gateway.complete(request)).cost_usd == Decimal("0.00045")


async def test_absent_usage_costs_nothing_known(server, gateway, heard):
    server.answer(say("hi", usage=None))
    result = await gateway.complete(HELLO, **heard.callbacks)
    assert (result.usage, result.cost_usd) == (TokenUsage(), Decimal(0))
    assert heard.charges[0].is_estimate


async def test_the_cost_of_a_broken_answer_is_asked_for(server, gateway, heard):
    server.costs["gen-1"] = 0.25
    server.answer(cut("so far"))
    with pytest.raises(BrokenAnswerError):
        await gateway.complete(HELLO, **heard.callbacks)
    assert heard.charges[0].cost_usd == Decimal("0.25")
    assert heard.charges[0].usage == TokenUsage(7, 3)
    assert not heard.charges[0].is_estimate


async def test_the_cost_of_a_broken_answer_is_estimated_when_nobody_knows_it(
    server, gateway, heard
):
    server.models = [{"id": "test/model", "pricing": {"prompt": "0.001", "completion": "0.01"}}]
    await gateway.models()
    server.answer(cut("12345678"))
    with pytest.raises(BrokenAnswerError):
        await gateway.complete(HELLO, **heard.callbacks)
    assert heard.charges[0].is_estimate
    assert heard.charges[0].cost_usd == Decimal("0.001") * 6 + Decimal("0.01") * 2


async def test_a_refused_call_costs_nothing(server, gateway, heard):
    server.answer(fail(402))
    with pytest.raises(PaymentError):
        await gateway.complete(HELLO, **heard.callbacks)
    assert heard.charges == []


# Cancelling


async def test_cancelling_closes_the_stream_and_settles_the_cost(server, gateway, heard):
    server.costs["gen-1"] = 0.125
    server.answer(stall("to be"))
    started = asyncio.Event()

    def on_text(text):
        heard.texts.append(text)
        if len(heard.texts) == 2:
            started.set()

    async with asyncio.TaskGroup() as group:
        call = group.create_task(gateway.complete(HELLO, on_text, heard.charges.append))
        await started.wait()
        call.cancel()
    assert call.cancelled()
    async with asyncio.timeout(5):
        await server.chats[0].left.wait()
    assert [charge.cost_usd for charge in heard.charges] == [Decimal("0.125")]


# Failing before the first token


async def test_a_refused_key_is_said_plainly(make_gateway):
    gateway = make_gateway(openrouter_api_key="sk-or-wrong")
    with pytest.raises(KeyRefusedError, match="Check FLOWSTUDIO_OPENROUTER_API_KEY") as caught:
        await gateway.complete(HELLO)
    assert not caught.value.retryable


@pytest.mark.parametrize("key", ["sk or", "sk\nor", "schlüssel"])
async def test_a_key_that_cannot_be_one_is_never_sent(server, make_gateway, key):
    gateway = make_gateway(openrouter_api_key=key)
    with pytest.raises(KeyRefusedError) as caught:
        await gateway.complete(HELLO)
    assert key not in str(caught.value)
    assert server.requests == []


async def test_the_key_appears_nowhere(server, make_gateway, caplog):
    caplog.set_level(logging.DEBUG)
    gateway = make_gateway()
    server.answer(
        fail(400, f"bad header Bearer {KEY}"),
        break_off("a", message=f"upstream got {KEY}"),
        stream(f"data: {KEY}\n\n".encode()),
    )
    seen = [repr(gateway), repr(vars(gateway)), repr(gateway._openrouter._wire)]
    for _ in range(3):
        with pytest.raises(ModelError) as caught:
            await gateway.complete(HELLO)
        seen += [repr(caught.value), repr(caught.value.__cause__)]
    ours = [record.getMessage() for record in caplog.records if "flowstudio" in record.name]
    assert KEY not in "".join(seen + ours)
    assert "***" in "".join(seen)


async def test_an_unknown_model_is_named(server, gateway):
    server.answer(fail(404, "No endpoints found for test/model."))
    with pytest.raises(UnknownModelError, match="'test/model'"):
        await gateway.complete(HELLO)


async def test_a_guardrail_is_not_tried_again(server, gateway):
    server.answer(fail(403, metadata={"limit_source": "openrouter_guardrail_budget"}))
    with pytest.raises(RefusedError):
        await gateway.complete(HELLO)
    assert len(server.chats) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 524, 529])
async def test_a_passing_failure_is_tried_again_after_the_wait_it_asks_for(
    server, gateway, clock, status
):
    server.answer(fail(status, retry_after="2"), fail(status, retry_after="1"), say("there"))
    assert (await gateway.complete(HELLO)).text == "there"
    assert clock.slept == [2.0, 1.0]


async def test_a_lasting_failure_is_raised_after_two_more_tries(server, gateway):
    server.answer(*(fail(429, retry_after="1") for _ in range(5)))
    with pytest.raises(BusyError) as caught:
        await gateway.complete(HELLO)
    assert (len(server.chats), caught.value.retry_after_s) == (3, 1.0)


async def test_a_long_wait_is_left_to_the_retry_policy(server, gateway, clock):
    server.answer(fail(429, retry_after="60"))
    with pytest.raises(BusyError) as caught:
        await gateway.complete(HELLO)
    assert (caught.value.retryable, caught.value.retry_after_s, clock.slept) == (True, 60.0, [])


async def test_credit_held_back_for_calls_in_flight_is_waited_for(server, gateway, clock):
    budget = {"limit_source": "openrouter_in_flight_budget"}
    server.answer(fail(402, retry_after="1", metadata=budget), say("there"))
    assert (await gateway.complete(HELLO)).text == "there"
    assert clock.slept == [1.0]


async def test_an_unreachable_provider_is_named(make_gateway, heard):
    gateway = make_gateway(openrouter_base_url="http://127.0.0.1:1/api/v1")
    with pytest.raises(UnreachableError, match=r"cannot be reached at 127\.0\.0\.1:1") as caught:
        await gateway.complete(HELLO, **heard.callbacks)
    assert caught.value.retryable
    assert heard.charges == []


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://[::1"])
async def test_an_address_that_is_none_is_said_plainly(make_gateway, url):
    gateway = make_gateway(openrouter_base_url=url)
    with pytest.raises(UnreachableError, match="FLOWSTUDIO_OPENROUTER_BASE_URL") as caught:
        await gateway.complete(HELLO)
    assert not caught.value.retryable


# Failing in the middle


async def test_an_error_in_the_middle_of_an_answer_is_an_error(server, gateway, heard):
    server.answer(break_off("half an"))
    with pytest.raises(ProviderError, match="provider lost") as caught:
        await gateway.complete(HELLO, **heard.callbacks)
    assert caught.value.retryable
    assert heard.texts == ["half", " an"]
    assert len(server.chats) == 1


async def test_an_error_at_status_200_before_any_text_is_tried_again(server, gateway):
    server.answer(break_off(""), say("there"))
    assert (await gateway.complete(HELLO)).text == "there"


@pytest.mark.parametrize("reason", ["error", "content_filter"])
async def test_an_answer_that_ended_badly_is_an_error(server, gateway, reason):
    server.answer(stream(*pieces("half"), event(chunk({}, reason)), DONE))
    with pytest.raises(ModelError):
        await gateway.complete(HELLO)


async def test_a_cut_connection_is_an_error(server, gateway):
    server.answer(cut("half an"))
    with pytest.raises(BrokenAnswerError, match="cut the connection") as caught:
        await gateway.complete(HELLO)
    assert caught.value.retryable


async def test_a_stream_that_ends_without_an_end_is_an_error(server, gateway):
    server.answer(stream(*pieces("half an")))
    with pytest.raises(BrokenAnswerError, match="before test/model had finished"):
        await gateway.complete(HELLO)


async def test_a_stalled_stream_is_ended(server, make_gateway):
    gateway = make_gateway(silence_s=0.05)
    server.answer(stall("half an"))
    with pytest.raises(UnreachableError, match=r"silent for 0\.05 seconds"):
        await gateway.complete(HELLO)
    async with asyncio.timeout(5):
        await server.chats[0].left.wait()


@pytest.mark.parametrize(
    "data",
    [
        b"{broken",
        b"[]",
        b'"text"',
        b"null",
        b'{"choices": {"a": 1}}',
        b'{"choices": [3]}',
        b'{"choices": [{"delta": {"content": ["list"]}}]}',
        b'{"choices": [{"delta": {"tool_calls": [{"index": "x"}]}}]}',
        b'{"usage": {"cost": "dear"}, "choices": []}',
        b"\xff\xfe",
    ],
)
async def test_an_event_that_is_no_chunk_is_an_error(server, gateway, data):
    server.answer(stream(b"data: " + data + b"\n\n"))
    with pytest.raises(BrokenAnswerError, match="no answer"):
        await gateway.complete(HELLO)


async def test_an_answer_that_is_all_thinking_is_an_error(server, gateway):
    server.answer(stream(event(chunk({}, "length")), DONE))
    with pytest.raises(AnswerError, match="Raise max_tokens"):
        await gateway.complete(HELLO)


async def test_a_page_instead_of_an_answer_is_an_error(server, gateway):
    server.answer(Reply(200, {"content-type": "text/html"}, [b"<html>Sign in</html>"]))
    with pytest.raises(BrokenAnswerError, match="Sign in"):
        await gateway.complete(HELLO)


# JSON


async def test_json_is_asked_for_by_a_strict_schema(server, gateway):
    server.answer(say_json({"stars": 4}))
    result = await gateway.complete(RATE)
    assert (result.json, result.repairs) == ({"stars": 4}, 0)
    body = server.chats[0].body
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }
    assert body["provider"] == {"require_parameters": True}


async def test_a_schema_is_put_in_words_for_a_model_without_structured_outputs(server, gateway):
    server.models = [{"id": "test/model", "supported_parameters": ["temperature"]}]
    await gateway.models()
    server.answer(say_json({"stars": 4}))
    await gateway.complete(RATE)
    body = server.chats[0].body
    assert "response_format" not in body
    assert '"stars"' in body["messages"][0]["content"]


async def test_json_in_a_fence_is_read(server, gateway):
    server.answer(say('```json\n{"stars": 2}\n```'))
    assert (await gateway.complete(RATE)).json == {"stars": 2}


async def test_an_answer_that_breaks_the_schema_is_repaired(server, gateway, heard):
    server.answer(say_json({"stars": 9}), say_json({"stars": 5}))
    result = await gateway.complete(RATE, **heard.callbacks)
    assert (result.json, result.repairs) == ({"stars": 5}, 1)
    said, wish = server.chats[1].body["messages"][-2:]
    assert said == {"role": "assistant", "content": '{"stars": 9}'}
    assert "stars: 9 is greater than the maximum of 5" in wish["content"]
    assert result.cost_usd == Decimal("0.0003") == heard.charges[0].cost_usd
    assert len(heard.charges) == 1


async def test_a_truncated_answer_is_repaired(server, gateway):
    server.answer(say('{"stars": ', finish="length"), say_json({"stars": 5}))
    assert (await gateway.complete(RATE)).json == {"stars": 5}
    assert "cut off" in server.chats[1].body["messages"][-1]["content"]


async def test_repairs_are_bounded_and_the_error_says_what_is_wrong(server, gateway, heard):
    server.answer(*(say_json({"stars": "many"}) for _ in range(9)))
    with pytest.raises(AnswerError, match="stars: 'many' is not of type 'integer'") as caught:
        await gateway.complete(RATE, **heard.callbacks)
    assert caught.value.retryable
    assert len(server.chats) == 3
    assert heard.charges[0].cost_usd == Decimal("0.00045")


# The rest


async def test_texts_become_vectors_in_their_order(gateway):
    result = await gateway.embed(["a", "bbb"])
    assert result.vectors == ((1.0, 1.0), (3.0, 1.0))
    assert (result.model, result.cost_usd) == ("test/embed", Decimal("0.00015"))


async def test_a_wrong_number_of_vectors_is_an_error(server, gateway):
    server.answer(
        Reply(200, {"content-type": "application/json"}, [b'{"data": [{"embedding": [1]}]}'])
    )
    with pytest.raises(ProviderError, match="1 vectors for 2 texts"):
        await gateway.embed(["a", "b"])


async def test_no_texts_are_refused(gateway):
    with pytest.raises(ModelError, match="no text to embed"):
        await gateway.embed([])


async def test_with_a_key_there_is_no_notice(gateway, make_gateway):
    assert gateway.notice() is None
    notice = make_gateway(openrouter_api_key="").notice()
    assert "FLOWSTUDIO_OPENROUTER_API_KEY" in notice
    assert notice.count("\n") == 0


async def test_a_named_model_goes_to_the_provider_and_a_local_one_stays(gateway):
    assert gateway.route("a/b", "chat", "best").provider == "openrouter"
    assert gateway.route("local/smollm2-135m-instruct", "chat", "best").provider == "local"


async def test_without_a_key_everything_goes_to_the_built_in_model(make_gateway, server):
    gateway = make_gateway(openrouter_api_key="")
    route = gateway.route("a/b", "code", "best")
    assert (route.provider, route.model) == ("local", "local/smollm2-135m-instruct")
    catalogue = await gateway.models()
    assert [model.id for model in catalogue.models] == ["local/smollm2-135m-instruct"]
    assert server.requests == []


async def test_a_policy_asks_for_fitting_providers_unless_the_caller_does(server, gateway):
    by_task = dataclasses.replace(HELLO, model=None, policy="fastest")
    await gateway.complete(by_task)
    await gateway.complete(dataclasses.replace(by_task, provider={"order": ["Acme"]}))
    assert server.chats[0].body["provider"] == {"sort": "throughput"}
    assert server.chats[1].body["provider"] == {"order": ["Acme"]}


async def test_many_calls_share_one_gateway(server, gateway):
    server.handler = lambda request: (
        say(request.body["messages"][0]["content"]) if request.body else None
    )
    wanted = [f"number {n}" for n in range(40)]
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(gateway.complete(ChatRequest((Message("user", text),), model="m")))
            for text in wanted
        ]
    assert [call.result().text for call in calls] == wanted


async def test_a_closed_client_is_left_open_for_its_owner(gateway, http):
    await gateway.complete(HELLO)
    await gateway.close()
    assert not http.is_closed
    assert isinstance(http, httpx.AsyncClient)
