"""LangGraph with its SQLite checkpointer.

The state holds only the last node's output, so a checkpoint stays as small as it can be.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from benchmarks.cases import Shape
from benchmarks.child import Job, Noop, Run, measure_engine, serve


def _keep_last(_: dict[str, bool], new: dict[str, bool]) -> dict[str, bool]:
    return new


class State(TypedDict):
    """What LangGraph checkpoints."""

    last: Annotated[dict[str, bool], _keep_last]


def _build(shape: Shape, noop: Noop) -> StateGraph:
    async def node(_: State) -> dict[str, Any]:
        return {"last": await noop()}

    graph = StateGraph(State)
    names = [f"n{index}" for index in range(shape.steps)]
    for name in names:
        graph.add_node(name, node)
    graph.add_edge(START, names[0])
    graph.add_edge(names[-1], END)
    if shape.kind == "chain":
        for source, target in pairwise(names):
            graph.add_edge(source, target)
    else:
        for name in names[1:-1]:
            graph.add_edge(names[0], name)
        graph.add_edge(names[1:-1], names[-1])
    return graph


@asynccontextmanager
async def open_engine(job: Job, noop: Noop) -> AsyncIterator[Run]:
    """Variant `sync` commits each step before the next; `default` leaves it to LangGraph."""
    options = {"durability": "sync"} if job.variant == "sync" else {}
    async with AsyncSqliteSaver.from_conn_string(str(job.directory / "langgraph.db")) as saver:
        await saver.setup()
        compiled: dict[Shape, Any] = {}

        async def run(shape: Shape) -> None:
            if shape not in compiled:
                compiled[shape] = _build(shape, noop).compile(checkpointer=saver)
            config = {"configurable": {"thread_id": str(uuid.uuid4())}, "recursion_limit": 1000}
            await compiled[shape].ainvoke({"last": {}}, config, **options)

        yield run


if __name__ == "__main__":
    serve(measure_engine(open_engine))
