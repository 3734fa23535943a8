"""FlowStudio itself at full durability, as its command line runs it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from benchmarks.cases import MEMORY, Row, Shape
from benchmarks.child import Job, Meter, Noop, Run, measure_engine, serve
from benchmarks.usage import measure_usage
from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.engine.runner import Ended
from flowstudio.graph.document import Document, Edge, Node
from flowstudio.nodes.registry import Registry
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.settings import Settings

_RUNS_WATCHED = (2_000, 20_000)
_AT_ONCE = 50
_TURNS = 100_000
_ONE_NODE = Shape("chain", 1)


class NoopConfig(BaseModel):
    """Nothing to set."""


class NoopType(NodeType[NoopConfig]):
    """The benchmark's own node type."""

    type = "noop"
    title = "No-op"
    summary = "Returns a small dict."
    category = "data"
    icon = "circle"
    config_type = NoopConfig

    def __init__(self, noop: Noop) -> None:
        super().__init__()
        self._noop = noop

    async def run(self, config: NoopConfig, context: NodeContext) -> Any:  # noqa: ARG002
        """Count, and return."""
        return await self._noop()


@asynccontextmanager
async def _open(job: Job, noop: Noop) -> AsyncIterator[Runtime]:
    settings = Settings(data_dir=job.directory, database_url="", durability="full")
    registry = Registry({"noop": NoopType(noop)})
    async with open_runtime(settings, registry=registry) as runtime:
        yield runtime


async def _run_once(
    runtime: Runtime, document: Document, inputs: Mapping[str, Any] | None = None
) -> None:
    run_id = await runtime.runs.create(OPERATOR, document, inputs or {})
    outcome = await runtime.runs.carry(OPERATOR, run_id)
    if outcome != Ended("succeeded"):
        record = await runtime.runs.find(OPERATOR, run_id)
        message = f"{document.name} ended {record.status}: {record.error}"
        raise RuntimeError(message)


@asynccontextmanager
async def open_engine(job: Job, noop: Noop) -> AsyncIterator[Run]:
    """Each run goes through the service that the page and the command line use."""
    documents: dict[Shape, Document] = {}
    async with _open(job, noop) as runtime:

        async def run(shape: Shape) -> None:
            if shape not in documents:
                documents[shape] = _document(shape)
            await _run_once(runtime, documents[shape])

        yield run


def _document(shape: Shape) -> Document:
    names = [f"n{index}" for index in range(shape.steps)]
    if shape.kind == "chain":
        wires = [*pairwise(names)]
    else:
        wires = [(names[0], name) for name in names[1:-1]]
        wires += [(name, names[-1]) for name in names[1:-1]]
    return Document(
        name=f"{shape.kind}-{shape.steps}",
        nodes=[Node(id=name, type="noop", name=name) for name in names],
        edges=[_edge(source, target) for source, target in wires],
    )


def _edge(source: str, target: str) -> Edge:
    return Edge(id=f"{source}-{target}", source=source, target=target)


def _loop_document() -> Document:
    schema = {"type": "object", "properties": {"items": {"type": "array"}}}
    each = {"mode": "for_each", "items": "{{ inputs.items }}", "max_iterations": _TURNS}
    return Document(
        name="loop",
        nodes=[
            Node(id="start", type="start", name="start", config={"inputs": schema}),
            Node(id="each", type="loop", name="each", config=each),
            Node(id="inner", type="noop", name="inner", parent="each"),
        ],
        edges=[_edge("start", "each")],
    )


async def _measure_runs(job: Job) -> AsyncIterator[Row]:
    """Memory after so many runs in one process, and after ten times as many."""
    noop, document = Noop(), _document(_ONE_NODE)
    async with _open(job, noop) as runtime:
        meter = Meter()
        for target in _RUNS_WATCHED:
            while noop.calls < target:
                async with asyncio.TaskGroup() as group:
                    for _ in range(_AT_ONCE):
                        group.create_task(_run_once(runtime, document))
            row = meter.row(job, noop.calls, noop.calls)
            yield replace(row, case=f"{job.case}-{target}")


async def _measure_loop(job: Job) -> AsyncIterator[Row]:
    """Peak memory of one run that goes round 100,000 times."""
    noop = Noop()
    async with _open(job, noop) as runtime:
        meter = Meter()
        await _run_once(runtime, _loop_document(), {"items": [*range(_TURNS)]})
        row = meter.row(job, 1, noop.calls)
        if noop.calls != _TURNS:
            message = f"the loop executed {noop.calls} steps, not {_TURNS}"
            raise RuntimeError(message)
        yield replace(row, rss_mb=measure_usage().peak_mb)


async def measure(job: Job) -> AsyncIterator[Row]:
    """One of the cases all engines share, or one about memory."""
    measures = dict(zip(MEMORY, (_measure_runs, _measure_loop), strict=True))
    async for row in measures.get(job.case, measure_engine(open_engine))(job):
        yield row


if __name__ == "__main__":
    serve(measure)
