"""Traces, as a receiver of OTLP gets them."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from flowstudio.api.app import create_api
from flowstudio.api.hooks import Hooks
from flowstudio.api.traces import Traced
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.schedules import ScheduleWish
from flowstudio.settings import Settings
from flowstudio.ui import backend
from flowstudio.ui.guard import guarded
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.fakes.openrouter import KEY, FakeOpenRouter, fail, say
from tests.fakes.otlp import OtlpReceiver, attributes
from tests.hooking import linked
from tests.people import person
from tests.projects import kept
from tests.running import carry, create, ended, resume, run, succeed

PROMPT = "CANARY-prompt"
ANSWER = "CANARY-answer"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
AI = workflow(
    node("start"), node("ai", "ask", model="test/model", prompt=PROMPT), edges="start>ask"
)
LOOP = workflow(
    node("start"),
    node("loop", "each", mode="for_each", items="{{ [1, 2] }}"),
    node("count", "inside", inside="each"),
    edges="start>each",
)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@asynccontextmanager
async def traced(
    folder: Path, receiver: OtlpReceiver, bench: Bench, **settings: Any
) -> AsyncIterator[Runtime]:
    """A runtime that sends traces; all of them have come after the block."""
    chosen = Settings(data_dir=folder, otel_endpoint=receiver.url, **settings)
    async with open_runtime(chosen, registry=bench.registry()) as runtime:
        yield runtime


def children(receiver: OtlpReceiver, of: Span) -> set[str]:
    return {span.name for span in receiver.spans if span.parent_span_id == of.span_id}


async def test_a_run_its_steps_and_its_calls_of_models_are_one_trace(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    async with FakeOpenRouter() as models:
        models.answer(say(ANSWER))
        settings = {"openrouter_api_key": KEY, "openrouter_base_url": models.url}
        async with traced(tmp_path, receiver, bench, **settings) as runtime:
            told = await succeed(runtime, AI)
    assert set(receiver.paths) == {"/v1/traces"}
    assert receiver.resources[0]["service.name"] == "flowstudio"
    whole, step = receiver.named("run"), receiver.named("step ask")
    call = receiver.named("chat test/model")
    assert len({span.trace_id for span in receiver.spans}) == 1
    assert children(receiver, whole) == {"step start", "step ask"}
    assert children(receiver, step) == {"chat test/model"}
    assert attributes(whole)["flowstudio.run.id"] == told.id
    assert attributes(whole)["flowstudio.run.status"] == "succeeded"
    assert whole.start_time_unix_nano <= step.start_time_unix_nano <= call.start_time_unix_nano
    assert call.kind == Span.SPAN_KIND_CLIENT
    found = attributes(call)
    assert (found["gen_ai.operation.name"], found["gen_ai.provider.name"]) == ("chat", "openrouter")
    assert found["gen_ai.request.model"] == "test/model"
    assert found["gen_ai.usage.input_tokens"] > 0
    assert found["gen_ai.usage.output_tokens"] > 0


@pytest.mark.parametrize("has_content", [False, True])
async def test_what_people_wrote_is_in_a_trace_only_when_the_settings_say_so(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench, has_content: bool
) -> None:
    async with FakeOpenRouter() as models:
        models.answer(say(ANSWER))
        settings = {
            "openrouter_api_key": KEY,
            "openrouter_base_url": models.url,
            "otel_content": has_content,
        }
        async with traced(tmp_path, receiver, bench, **settings) as runtime:
            await succeed(runtime, AI)
    sent = str(receiver.spans)
    assert (PROMPT in sent, ANSWER in sent) == (has_content, has_content)
    assert KEY not in sent


async def test_what_failed_is_an_error_with_its_kind_and_without_its_words(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    async with FakeOpenRouter() as models:
        models.answer(fail(400, "CANARY: the prompt was refused"))
        settings = {"openrouter_api_key": KEY, "openrouter_base_url": models.url}
        async with traced(tmp_path, receiver, bench, **settings) as runtime:
            assert (await run(runtime, AI)).status == "failed"
    for name in ("run", "step ask", "chat test/model"):
        span = receiver.named(name)
        assert span.status.code == Status.STATUS_CODE_ERROR, name
        assert attributes(span)["error.type"], name
    assert "CANARY" not in str(receiver.spans)


async def test_steps_of_a_container_are_within_its_span(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    async with traced(tmp_path, receiver, bench) as runtime:
        await succeed(runtime, LOOP)
    loops = [
        span for span in receiver.spans if attributes(span).get("flowstudio.step.path") == "each"
    ]
    assert "step inside" in children(receiver, loops[0])


async def test_a_run_that_leaves_and_comes_back_has_a_span_each_time(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    flaky = workflow(node("start"), node("flaky", fails=1), edges="start>flaky")
    async with traced(tmp_path, receiver, bench) as runtime:
        failed = await run(runtime, flaky)
        assert (await resume(runtime, failed.id)).status == "succeeded"
        assert runtime.tracing is not None
        assert runtime.tracing._runs == {}
    spans = [span for span in receiver.spans if span.name == "run"]
    assert [attributes(span)["flowstudio.run.status"] for span in spans] == ["failed", "succeeded"]


async def test_a_request_names_its_route_and_goes_on_with_the_trace_it_came_with(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    async with traced(tmp_path, receiver, bench) as runtime:
        transport = httpx.ASGITransport(Traced(create_api(lambda: runtime), lambda: runtime))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:3000"
        ) as client:
            await client.get("/api/v1/runs/CANARY-id?q=CANARY", headers=SENT)
    span = receiver.named("GET /api/v1/runs/{run_id}")
    assert span.trace_id.hex() == TRACE
    assert span.kind == Span.SPAN_KIND_SERVER
    assert attributes(span)["http.response.status_code"] == 401
    assert "CANARY" not in str(receiver.spans)


@pytest.mark.usefixtures("either_database")
async def test_a_run_that_another_process_carries_on_is_within_the_request_that_made_it(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    flaky = workflow(node("start"), node("flaky", fails=1), edges="start>flaky")
    async with traced(tmp_path, receiver, bench) as web:
        assert web.tracing is not None
        await web.dispatcher.admission.open(())
        with web.tracing.request("POST", SENT):
            run_id = await create(web, flaky, queue="batch")
        elsewhere = await create(web, flaky, queue="batch")
    async with traced(tmp_path, receiver, bench) as worker:
        assert (await carry(worker, run_id)).status == "failed"
        assert (await resume(worker, run_id)).status == "succeeded"
        await carry(worker, elsewhere)
    made_in = receiver.named("POST")
    spans = {
        attributes(span)["flowstudio.run.status"]: span
        for span in receiver.spans
        if attributes(span).get("flowstudio.run.id") == run_id
    }
    assert spans.keys() == {"failed", "succeeded"}
    for span in spans.values():
        assert (span.trace_id.hex(), span.parent_span_id) == (TRACE, made_in.span_id)
    assert "step start" in children(receiver, spans["failed"])
    (other,) = (
        span for span in receiver.spans if attributes(span).get("flowstudio.run.id") == elsewhere
    )
    assert other.parent_span_id == b""


async def test_a_webhook_goes_on_with_the_trace_of_its_sender_and_names_no_token(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    async with traced(tmp_path, receiver, bench) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        link = await linked(runtime, owner, respond="end")
        hooks = Hooks(create_api(lambda: runtime), lambda: runtime)
        transport = httpx.ASGITransport(Traced(hooks, lambda: runtime))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:3000"
        ) as client:
            path = httpx.URL(link.url).path
            reply = await client.post(path, json={"n": 2}, headers=SENT)
        assert reply.status_code == 200, reply.text
    request, whole = receiver.named("POST /hooks/{token}"), receiver.named("run")
    assert request.trace_id.hex() == TRACE
    assert whole.parent_span_id == request.span_id
    assert path.rpartition("/")[2] not in str(receiver.spans)


async def test_a_slot_that_fires_is_a_span_with_its_run_inside(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench
) -> None:
    clock = TurnedClock()
    chosen = Settings(data_dir=tmp_path, otel_endpoint=receiver.url)
    async with open_runtime(chosen, clock=clock, registry=bench.registry()) as runtime:
        studio = runtime.studio
        owner = person(studio.parts, "owner@example.com")
        workflow_id = await kept(runtime, owner, workflow(node("start")))
        await studio.versions.publish(owner, workflow_id)
        made = await studio.schedules.create(owner, workflow_id, ScheduleWish("cron", "* * * * *"))
        clock.turn(60)
        await studio.schedules.tick()
        await ended(runtime, (await runtime.runs.list(owner))[0].id)
    slot = receiver.named("schedule slot")
    assert slot.parent_span_id == b""
    assert attributes(slot)["flowstudio.schedule.id"] == made.record.id
    assert children(receiver, slot) == {"run"}


class Page:
    """As much of a State as the guard looks at."""

    router = SimpleNamespace(headers=SimpleNamespace(raw_headers=dict[str, str]()))

    @guarded("instance.look")
    async def start(self, document: str) -> str:
        return await create(backend.backend(), LOOP if document else AI)

    @guarded("run.read")
    async def refused(self) -> None:
        pass


async def test_an_event_of_a_page_is_a_span_with_its_run_inside(
    tmp_path: Path, receiver: OtlpReceiver, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with traced(tmp_path, receiver, bench) as runtime:
        monkeypatch.setattr(backend, "_open", [runtime])
        for handler, args in ((Page.start, ("CANARY",)), (Page.refused, ())):
            made = await getattr(handler, "fn", handler)(Page(), *args)
            if handler is Page.start:
                await carry(runtime, made)
    event = receiver.named("event Page.start")
    assert attributes(event)["flowstudio.verb"] == "instance.look"
    assert children(receiver, event) == {"run"}
    assert attributes(receiver.named("event Page.refused"))["error.type"] == "NotSignedInError"
    assert "CANARY" not in str(receiver.spans)


async def test_a_request_while_the_services_are_not_open_is_passed_on() -> None:
    def not_open() -> Runtime:
        return list[Runtime]()[0]

    transport = httpx.ASGITransport(Traced(create_api(not_open), not_open))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
        reply = await client.get("/api/v1/me")
    assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", None])
async def test_a_receiver_that_is_gone_or_refuses_holds_nothing_up(
    tmp_path: Path, bench: Bench, address: str | None
) -> None:
    with OtlpReceiver(status=400) as refusing:
        chosen = Settings(data_dir=tmp_path, otel_endpoint=address or refusing.url)
        began = time.monotonic()
        async with open_runtime(chosen, registry=bench.registry()) as runtime:
            short = workflow(node("start"), node("count"), edges="start>count")
            assert (await carry(runtime, await create(runtime, short))).status == "succeeded"
        assert time.monotonic() - began < 15


def test_without_an_endpoint_nothing_that_sends_is_loaded() -> None:
    program = (
        "import sys, flowstudio.app, flowstudio.runtime\n"
        "print([name for name in sys.modules if name.startswith("
        "('opentelemetry.exporter', 'flowstudio.services.tracing', 'prometheus_client'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["FLOWSTUDIO_OTEL_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_either_variable_names_the_endpoint(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://collector:4318")
    assert Settings().otel_endpoint == "http://collector:4318"
