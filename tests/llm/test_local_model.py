"""The real built-in model, in its real process."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from flowstudio.llm.errors import (
    ContextLengthError,
    InvalidRequestError,
    MissingModelError,
    ModelError,
)
from flowstudio.llm.gateway import Gateway
from flowstudio.llm.messages import ChatRequest, Message
from flowstudio.settings import Settings

HELLO = ChatRequest((Message("user", "Say hello."),), max_tokens=12)


@pytest.fixture
async def local(http, weights_dir):
    gateway = Gateway(Settings(openrouter_api_key="", data_dir=weights_dir), http)
    yield gateway
    await gateway.close()


def _proc(pid: int, file: str) -> str:
    return Path(f"/proc/{pid}/{file}").read_text()


def child_of(gateway) -> asyncio.subprocess.Process:
    return gateway._local._child.process


@pytest.mark.model
async def test_it_answers_streaming_and_for_free(local):
    texts, charges = [], []
    result = await local.complete(HELLO, texts.append, charges.append)
    assert result.text == "".join(texts)
    assert len(texts) > 1
    assert result.model == "local/smollm2-135m-instruct"
    assert result.cost_usd == 0
    assert result.usage.prompt_tokens > 0
    assert result.usage.completion_tokens == charges[0].usage.completion_tokens > 0


@pytest.mark.model
async def test_a_named_model_is_answered_by_it_and_says_so(local):
    result = await local.complete(replace(HELLO, model="openai/gpt-5"))
    assert result.model == "local/smollm2-135m-instruct"


@pytest.mark.model
async def test_equal_seeds_give_equal_answers(local):
    request = replace(HELLO, seed=5, temperature=1.0)
    first, second = [(await local.complete(request)).text for _ in range(2)]
    assert first == second


@pytest.mark.model
async def test_json_keeps_the_bounds_of_its_schema(local):
    schema = {
        "type": "object",
        "properties": {
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "mood": {"enum": ["happy", "angry"]},
        },
        "required": ["stars", "score", "mood"],
        "additionalProperties": False,
    }
    mail = Message("user", "I waited three weeks and it is broken. Rate this review.")
    for seed in range(5):
        request = ChatRequest((mail,), schema=schema, temperature=0.9, seed=seed)
        result = await local.complete(request)
        assert result.repairs == 0
        assert 1 <= result.json["stars"] <= 5


@pytest.mark.model
async def test_a_prompt_beyond_its_context_is_said_to_be_too_long(local):
    with pytest.raises(ContextLengthError, match="too long"):
        await local.complete(ChatRequest((Message("user", "word " * 3000),)))


@pytest.mark.model
async def test_a_prompt_longer_than_one_batch_is_answered(local):
    result = await local.complete(ChatRequest((Message("user", "word " * 700),), max_tokens=4))
    assert result.usage.prompt_tokens > 700


@pytest.mark.model
async def test_texts_become_vectors(local):
    result = await local.embed(["a cat", "a dog", "word " * 600])
    assert [len(vector) for vector in result.vectors] == [576, 576, 576]
    assert result.model == "local/smollm2-135m-instruct"


@pytest.mark.model
async def test_more_calls_than_slots_wait_their_turn(local):
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(local.complete(HELLO)) for _ in range(9)]
    assert all(call.result().text for call in calls)


@pytest.mark.model
async def test_cancelling_frees_the_model_at_once(local):
    started = asyncio.Event()
    endless = ChatRequest((Message("user", "Count to a million."),), max_tokens=1500)
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(local.complete(endless, lambda _: started.set())) for _ in range(4)
        ]
        await started.wait()
        for call in calls:
            call.cancel()
    assert all(call.cancelled() for call in calls)
    async with asyncio.timeout(10):
        assert (await local.complete(HELLO)).text


@pytest.mark.model
async def test_a_crashed_process_is_started_again(local):
    await local.complete(HELLO)
    before = child_of(local).pid
    os.kill(before, signal.SIGKILL)
    await child_of(local).wait()
    assert (await local.complete(HELLO)).text
    assert child_of(local).pid != before


@pytest.mark.model
async def test_a_process_that_dies_while_answering_is_an_error_to_retry(local):
    endless = ChatRequest((Message("user", "Count to a million."),), max_tokens=1500)
    with pytest.raises(ModelError) as caught:
        await local.complete(endless, lambda _: os.kill(child_of(local).pid, signal.SIGKILL))
    assert caught.value.retryable
    assert (await local.complete(HELLO)).text


@pytest.mark.model
async def test_its_process_ends_with_the_gateway(local):
    await local.complete(HELLO)
    process = child_of(local)
    await local.close()
    assert process.returncode == 0


@pytest.mark.model
async def test_its_key_is_not_on_the_command_line(local):
    await local.complete(HELLO)
    pid = child_of(local).pid
    key = local._local._child.wire.secret
    for file in ("cmdline", "environ"):
        assert key not in _proc(pid, file)


@pytest.mark.model
async def test_it_serves_another_file_under_that_files_name(http, weights_dir, tmp_path):
    link = tmp_path / "Mine.gguf"
    link.symlink_to(next((weights_dir / "models").glob("*.gguf")))
    gateway = Gateway(Settings(openrouter_api_key="", data_dir=tmp_path, model_path=link), http)
    assert (await gateway.complete(HELLO)).model == "local/mine"
    await gateway.close()


async def test_missing_weights_are_said_plainly(http, tmp_path):
    gateway = Gateway(Settings(openrouter_api_key="", data_dir=tmp_path), http)
    with pytest.raises(MissingModelError) as caught:
        await gateway.complete(HELLO)
    assert str(caught.value) == (
        "The built-in model is not installed. Run `flowstudio models install`, "
        "or set FLOWSTUDIO_OPENROUTER_API_KEY."
    )
    assert not caught.value.retryable


async def test_a_model_path_that_leads_nowhere_is_named(http, tmp_path):
    settings = Settings(openrouter_api_key="", data_dir=tmp_path, model_path=tmp_path / "no.gguf")
    with pytest.raises(MissingModelError, match="FLOWSTUDIO_MODEL_PATH"):
        await Gateway(settings, http).complete(HELLO)


async def test_a_file_that_is_no_model_is_named(http, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"no model at all")
    settings = Settings(openrouter_api_key="", data_dir=tmp_path, model_path=bad)
    with pytest.raises(MissingModelError, match=r"could not be started from .*bad\.gguf"):
        await Gateway(settings, http).complete(HELLO)


async def test_tools_are_refused(http, tmp_path):
    gateway = Gateway(Settings(openrouter_api_key="", data_dir=tmp_path), http)
    with pytest.raises(InvalidRequestError, match="cannot call tools"):
        await gateway.complete(replace(HELLO, tools=({"type": "function"},)))


@pytest.mark.model
async def test_without_calls_its_process_ends_and_the_next_call_starts_another(http, weights_dir):
    settings = Settings(openrouter_api_key="", data_dir=weights_dir, model_idle_s=0.05)
    gateway = Gateway(settings, http)
    for _ in range(2):
        assert (await gateway.complete(HELLO)).text
        (gone,) = gateway._local._gone or [gateway._local._child]
        async with asyncio.timeout(20):
            assert await gone.process.wait() == 0
        assert gateway._local._child is None
    await gateway.close()
    assert gateway._local._gone == []
