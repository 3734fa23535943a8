"""Figures as Prometheus reads them. Imported only when it asks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from flowstudio.engine.meter import BOUNDS_S, Durations
from flowstudio.services.metrics import Figures
from flowstudio.services.queues import QUEUES


def render(figures: Figures, accept: str) -> tuple[str, bytes]:
    """Content type and text."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(_Figures(figures))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return content_type, encode(registry)


class _Figures(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        yield from self._build()
        yield from self._runs()
        yield from self._steps()
        yield from self._calls()
        yield from self._queues()
        yield from self._traffic()

    def _build(self) -> Iterator[Metric]:
        built = GaugeMetricFamily(
            "flowstudio_build", "What runs here; always 1.", labels=["version", "schema"]
        )
        built.add_metric([self._figures.version, self._figures.schema], 1)
        yield built

    def _runs(self) -> Iterator[Metric]:
        yield _histogram(
            "flowstudio_run_duration_seconds",
            "From the start of runs that ended in this process to their end.",
            ["trigger", "status"],
            self._figures.meter.runs,
        )
        unfinished = GaugeMetricFamily(
            "flowstudio_runs_unfinished", "Runs in the database, by status.", labels=["status"]
        )
        for status, count in self._figures.load.runs.items():
            unfinished.add_metric([status], count)
        yield unfinished

    def _steps(self) -> Iterator[Metric]:
        yield _histogram(
            "flowstudio_step_duration_seconds",
            "Of attempts at steps in this process.",
            ["node_type", "status"],
            self._figures.meter.steps,
        )
        cached = CounterMetricFamily(
            "flowstudio_step_cache_hits",
            "Steps whose kept output was taken instead.",
            labels=["node_type"],
        )
        for node_type, count in self._figures.meter.cached.items():
            cached.add_metric([node_type], count)
        yield cached

    def _calls(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("flowstudio_model_calls", "Calls of models.", labels=["model"])
        tokens = CounterMetricFamily(
            "flowstudio_model_tokens", "Tokens of these.", labels=["model", "kind"]
        )
        cost = CounterMetricFamily(
            "flowstudio_model_cost_usd", "What these cost, in US dollars.", labels=["model"]
        )
        for model, done in self._figures.meter.calls.items():
            calls.add_metric([model], done.count)
            tokens.add_metric([model, "prompt"], done.prompt_tokens)
            tokens.add_metric([model, "completion"], done.completion_tokens)
            cost.add_metric([model], float(done.cost_usd))
        yield from (calls, tokens, cost)

    def _queues(self) -> Iterator[Metric]:
        load = self._figures.load
        depth = GaugeMetricFamily(
            "flowstudio_queue_runs",
            "Runs that wait for a worker, those it has been told of included.",
            labels=["queue"],
        )
        age = GaugeMetricFamily(
            "flowstudio_queue_oldest_seconds",
            "How long the first of them has waited.",
            labels=["queue"],
        )
        found = {queue.name: queue for queue in load.queues}
        for name in dict.fromkeys((*QUEUES, *found)):
            queue = found.get(name)
            depth.add_metric([name], queue.waiting if queue else 0)
            waited_s = (self._figures.at - queue.since).total_seconds() if queue else 0.0
            age.add_metric([name], max(0.0, waited_s))
        workers = GaugeMetricFamily(
            "flowstudio_workers",
            "Processes that advance runs; late ones were not seen for a minute.",
            labels=["kind", "state"],
        )
        for (kind, is_seen), count in load.workers.items():
            workers.add_metric([kind, "alive" if is_seen else "late"], count)
        yield from (depth, age, workers)
        yield from self._held()

    def _held(self) -> Iterator[Metric]:
        load = self._figures.load
        held = GaugeMetricFamily(
            "flowstudio_queue_held",
            "1 while somebody has a queue paused, or draining.",
            labels=["queue", "state"],
        )
        for name in QUEUES:
            held.add_metric([name, "paused"], name in load.paused)
            held.add_metric([name, "draining"], name in load.draining)
        yield held
        yield GaugeMetricFamily(
            "flowstudio_dead_runs", "Failed runs that need somebody.", value=load.dead
        )

    def _traffic(self) -> Iterator[Metric]:
        traffic = self._figures.traffic
        yield _histogram(
            "flowstudio_http_request_duration_seconds",
            "Requests by route.",
            ["method", "route", "status"],
            traffic.requests,
        )
        for name, says, value in (
            ("flowstudio_websockets", "Open tabs.", traffic.sockets),
            ("flowstudio_event_loop_lag_seconds", "How late a timer was lately.", traffic.lag_s),
            ("flowstudio_event_loop_lag_max_seconds", "The worst of that.", traffic.most_lag_s),
            ("flowstudio_writer_waiting", "What the journal must write.", self._figures.waiting),
        ):
            yield GaugeMetricFamily(name, says, value=value)


def _histogram(
    name: str,
    says: str,
    labels: list[str],
    found: Mapping[Any, Durations],
) -> Metric:
    family = HistogramMetricFamily(name, says, labels=labels)
    for key, durations in list(found.items()):
        total, buckets = 0, []
        for bound, count in zip((*BOUNDS_S, None), durations.counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound is None else str(bound), float(total)))
        family.add_metric([str(part) for part in key], buckets, durations.sum_s)
    return family
