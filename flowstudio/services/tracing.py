"""Traces by OpenTelemetry: requests, runs, steps and calls of models. Loaded only with an endpoint.

Names follow the semantic conventions (opentelemetry.io/docs/specs/semconv), `gen_ai.*` for models.
What people wrote, and what models answered, is in no span unless the settings say so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from flowstudio.engine.events import Event
from flowstudio.engine.journal import Bus, NewRun
from flowstudio.errors import ModelError
from flowstudio.llm.call import OnText
from flowstudio.llm.gateway import Gateway, OnCharge
from flowstudio.llm.messages import ChatRequest, ChatResult, EmbedResult
from flowstudio.settings import Settings

_PATH = "/v1/traces"
_SEND_S = 5
_LONGEST_CONTENT = 50_000
_ENDED = {"run_succeeded", "run_failed", "run_cancelled"}


class Tracing:
    """The spans of one process, sent in batches by a thread of their own."""

    def __init__(self, settings: Settings, owner: str) -> None:
        address = settings.otel_endpoint.rstrip("/")
        # Nobody waits for it but the end of the process.
        exporter = OTLPSpanExporter(
            address if address.endswith(_PATH) else f"{address}{_PATH}", timeout=_SEND_S
        )
        described = Resource.create(
            {
                "service.name": "flowstudio",
                "service.version": version("flowstudio"),
                "service.instance.id": owner,
            }
        )
        # Not the process's global provider: libraries would add spans with whole addresses in them.
        self._provider = TracerProvider(resource=described, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self._provider.get_tracer("flowstudio", version("flowstudio"))
        self._settings = settings
        self._runs: dict[str, _RunSpan] = {}

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """A span of a request, within the trace that came with it."""
        sent = TraceContextTextMapPropagator().extract(headers)
        with self.tracer.start_as_current_span(
            method, sent, SpanKind.SERVER, {"http.request.method": method}, record_exception=False
        ) as span:
            yield span

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str]) -> Iterator[None]:
        """A span of something that begins runs; what goes wrong in it names its kind alone."""
        with self.tracer.start_as_current_span(
            name,
            kind=SpanKind.INTERNAL,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise

    def traceparent(self) -> str:
        """The span that the caller is in, as another process can go on with it; "" outside any."""
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get("traceparent", "")

    def listen(self, bus: Bus) -> Bus:
        """The bus, with an ear on what happens."""
        return _Listening(bus, self)

    def gateway(self) -> Gateway:
        """The door to every model, with a span for each call."""
        return TracedGateway(self._settings, self)

    @property
    def has_content(self) -> bool:
        """Whether spans carry prompts and answers."""
        return self._settings.otel_content

    # Runs

    def began(self, run: NewRun) -> None:
        """A run is in hand, in the task that calls this.

        Wherever that is, and however often, it belongs to the span in which the run was made, and
        not to whatever the caller is busy with.
        """
        span = self.tracer.start_span(
            "run",
            TraceContextTextMapPropagator().extract({"traceparent": run.trace}),
            attributes={
                "flowstudio.run.id": run.id,
                "flowstudio.run.trigger": run.trigger.partition(":")[0],
                "flowstudio.workflow.id": run.workflow_id,
                "flowstudio.workflow.name": run.workflow,
                "flowstudio.project.id": run.project_id,
            },
        )
        self._runs[run.id] = _RunSpan(span)
        # The task is the run's own, so nothing has to be put back.
        contexts.attach(set_span_in_context(span))

    def left(self, run_id: str) -> None:
        """A run is no longer in hand."""
        found = self._runs.pop(run_id, None)
        if found is None:
            return
        for span in found.steps.values():
            span.set_attribute("flowstudio.step.cut_off", True)
            span.end()
        found.span.end()

    def happened(self, run_id: str, event: Event) -> None:
        """An event of a run, in the task in which it happens."""
        found = self._runs.get(run_id)
        if found is None or event.type == "step_streamed":
            return
        if event.type == "step_started":
            self._begin_step(found, event)
        elif event.type.startswith("step_"):
            self._end_step(found, event)
        elif event.type in _ENDED:
            _settle(found.span, event, event.type.removeprefix("run_"), "flowstudio.run.status")

    def _begin_step(self, run: "_RunSpan", event: Event) -> None:
        span = self._start(run, event)
        run.steps[event.path] = span
        # What the step calls belongs to it; the next step of this task takes its place.
        contexts.attach(set_span_in_context(span))

    def _end_step(self, run: "_RunSpan", event: Event) -> None:
        span = run.steps.pop(event.path, None)
        if span is None:
            if event.type == "step_skipped":
                return
            span = self._start(run, event)
        _settle(span, event, event.type.removeprefix("step_"), "flowstudio.step.status")
        span.end(_nanoseconds(event.at))

    def _start(self, run: "_RunSpan", event: Event) -> Span:
        return self.tracer.start_span(
            f"step {event.node}",
            run.around(event.path),
            attributes={"flowstudio.step.node": event.node, "flowstudio.step.path": event.path},
            start_time=_nanoseconds(event.at),
        )


@dataclass(slots=True)
class _RunSpan:
    """A run in hand; `steps` are those under way, by path."""

    span: Span
    steps: dict[str, Span] = field(default_factory=dict)

    def around(self, path: str) -> Context:
        """The container a step is in, or the run."""
        while "/" in path:
            path = path.rpartition("/")[0]
            if path in self.steps:
                return set_span_in_context(self.steps[path])
        return set_span_in_context(self.span)


class _Listening:
    """A bus that is overheard."""

    def __init__(self, bus: Bus, tracing: Tracing) -> None:
        self._bus = bus
        self._tracing = tracing

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event on."""
        self._tracing.happened(run_id, event)
        self._bus.publish(run_id, event)


def _settle(span: Span, event: Event, status: str, name: str) -> None:
    data = event.data
    span.set_attribute(name, status)
    if data.get("cached"):
        span.set_attribute("flowstudio.step.cached", True)
    if (attempt := data.get("attempt")) is not None:
        span.set_attribute("flowstudio.step.attempt", attempt)
    if (cost := data.get("cost_usd")) is not None:
        span.set_attribute("flowstudio.cost_usd", float(cost))
    if status == "failed":
        kind = str((data.get("error") or {}).get("type") or "Error")
        span.set_attribute("error.type", kind)
        # A message may quote what a person wrote.
        span.set_status(Status(StatusCode.ERROR))


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e6) * 1000


class TracedGateway(Gateway):
    """A gateway whose calls are spans."""

    def __init__(self, settings: Settings, tracing: Tracing) -> None:
        super().__init__(settings)
        self._tracing = tracing

    async def complete(
        self,
        request: ChatRequest,
        on_text: OnText | None = None,
        on_charge: OnCharge | None = None,
    ) -> ChatResult:
        """As the gateway's own."""
        route = self.route(request.model, request.task, request.policy)
        more = {
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.max_tokens": request.max_tokens,
            "gen_ai.request.seed": request.seed,
        }
        with self._span("chat", route.model, route.provider, more) as span:
            if self._tracing.has_content:
                span.set_attribute("gen_ai.input.messages", _told(request))
            result = await super().complete(request, on_text, on_charge)
            span.set_attribute("gen_ai.response.model", result.model)
            span.set_attribute("gen_ai.response.finish_reasons", [result.finish_reason])
            span.set_attribute("gen_ai.usage.input_tokens", result.usage.prompt_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", result.usage.completion_tokens)
            span.set_attribute("flowstudio.cost_usd", float(result.cost_usd))
            if self._tracing.has_content:
                span.set_attribute("gen_ai.output.messages", _answered(result))
            return result

    async def embed(self, texts: Sequence[str], model: str | None = None) -> EmbedResult:
        """As the gateway's own."""
        route = self.route(model, "embed", "balanced")
        with self._span("embeddings", route.model, route.provider, {}) as span:
            result = await super().embed(texts, model)
            span.set_attribute("gen_ai.response.model", result.model)
            span.set_attribute("gen_ai.usage.input_tokens", result.usage.prompt_tokens)
            span.set_attribute("flowstudio.cost_usd", float(result.cost_usd))
            return result

    @contextmanager
    def _span(
        self, operation: str, model: str, provider: str, more: Mapping[str, Any]
    ) -> Iterator[Span]:
        attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            **{name: value for name, value in more.items() if value is not None},
        }
        with self._tracing.tracer.start_as_current_span(
            f"{operation} {model}",
            kind=SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except ModelError as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise


def _told(request: ChatRequest) -> str:
    messages = [
        {"role": one.role, "parts": [{"type": "text", "content": one.as_json()["content"]}]}
        for one in request.messages
    ]
    return json.dumps(messages, ensure_ascii=False)[:_LONGEST_CONTENT]


def _answered(result: ChatResult) -> str:
    parts = [{"type": "text", "content": result.text}]
    told = [{"role": "assistant", "parts": parts, "finish_reason": result.finish_reason}]
    return json.dumps(told, ensure_ascii=False)[:_LONGEST_CONTENT]
