"""The inside of a container, run turn by turn or branch by branch."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from flowstudio.engine.execution import Execution, OpenScope
from flowstudio.engine.fold import OutputRef, ScopeRecord, StepRecord
from flowstudio.engine.names import Names
from flowstudio.engine.plan import PlannedNode
from flowstudio.engine.values import pack
from flowstudio.errors import ConflictError
from flowstudio.graph.canonical import load


class ContainerBody:
    """A `Body` over one execution of a container's step."""

    def __init__(
        self,
        execution: Execution,
        planned: PlannedNode,
        path: str,
        names: Names,
        record: StepRecord,
    ) -> None:
        self._execution = execution
        self._planned = planned
        self._path = path
        self._names = names
        self._record = record

    @property
    def branches(self) -> Sequence[str]:
        """Names of the entry nodes, in document order."""
        return tuple(self._planned.branches)

    def recorded(self, index: int) -> bool:
        """Whether this iteration began before, so it must not be asked for anew."""
        return index in self._record.iterations

    async def iterate(self, index: int, names: Mapping[str, Any], result: str | None) -> Any:
        """Run the body once, unless this iteration has finished before; then give its output."""
        record = self._record.iterations.pop(index, None)
        if record is not None and record.output is not None:
            return await self._working(self._execution.values.get(record.output))
        path = f"{self._path}/{index}"
        if self._planned.body is None:
            raise ConflictError(f"Node '{self._planned.name}' has nothing inside.")
        turn = self._execution.open_scope(
            self._planned.body,
            path,
            Names(names, self._names),
            (record.body if record else None) or ScopeRecord(),
        )
        await turn.execute()
        return await self._working(self._close(path, turn, result))

    async def _working(self, work: Coroutine[Any, Any, Any]) -> Any:
        # Between its steps a container reads and writes; the run must not seem idle meanwhile.
        self._execution.begin_work()
        try:
            return await work
        finally:
            self._execution.end_work()

    async def _close(self, path: str, turn: OpenScope, template: str | None) -> Any:
        execution = self._execution
        output = pack(await turn.result(template), path)
        event = execution.event("step_succeeded", self._planned.name, path, output=output)
        await execution.commit(event)
        execution.values.put(OutputRef(event.seq, output.hash, output.size), output.body)
        return load(output.body)

    def finished(self, name: str) -> bool:
        """Whether this branch ended before, so its result is at hand."""
        steps = self._record.body.steps
        return all(
            (record := steps.get(node.name)) is not None and record.has_ended
            for node in self._planned.branches[name].nodes
        )

    async def branch(self, name: str) -> Any:
        """Run the branch that starts at an entry node; its result is its last node's output."""
        branch = self._execution.open_scope(
            self._planned.branches[name], self._path, Names({}, self._names), self._record.body
        )
        await branch.execute()
        return await self._working(branch.result())
