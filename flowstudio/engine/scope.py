"""The ready queue: which nodes of a scope may run, and what their ends open or close."""

import asyncio
from collections import deque
from typing import Any

from flowstudio.engine.execution import Execution
from flowstudio.engine.fold import NOTHING_KNOWN, ScopeRecord
from flowstudio.engine.names import Names
from flowstudio.engine.plan import PlannedNode, PlannedScope
from flowstudio.engine.step import EVERY_PORT, StepRun
from flowstudio.graph.references import parse_template


class ScopeRun:
    """One execution of a scope: the root, one turn of a loop, or one branch.

    A wire is settled when its source has ended: taken if it left by that port, dead otherwise. A
    node is ready when its join says so, and skipped when every wire to it is dead.
    """

    def __init__(
        self,
        execution: Execution,
        scope: PlannedScope,
        path: str,
        names: Names,
        record: ScopeRecord,
    ) -> None:
        self._execution = execution
        self._scope = scope
        self._path = path
        self._record = record
        self.names = names
        self._unsettled = {node.name: node.incoming for node in scope.nodes}
        self._taken: set[str] = set()
        self._begun: set[str] = set()
        self._ready: deque[PlannedNode] = deque()
        self._running = 0
        self._failures: list[Exception] = []
        self._progress = asyncio.Event()

    async def execute(self) -> None:
        """Run every node that is reached.

        Raises:
            StepFailed: a node failed for good; what was in flight has been cancelled.
        """
        for node in self._scope.entries:
            self._make_ready(node)
        try:
            async with asyncio.TaskGroup() as group:
                await self._drain(group)
        except ExceptionGroup as failed:
            raise (self._failures[0] if self._failures else failed.exceptions[0]) from None
        except asyncio.CancelledError:
            self.names.given_up = True
            raise

    async def _drain(self, group: asyncio.TaskGroup) -> None:
        while self._ready or self._running:
            while self._ready:
                node = self._ready.popleft()
                if not self._ready and not self._running:
                    # A node alone needs no task of its own: chains cost nothing to schedule.
                    self._settle(node, await self._step(node).execute())
                else:
                    self._running += 1
                    group.create_task(self._run_beside(node))
            if self._running:
                self._progress.clear()
                await self._progress.wait()
            if self._failures:
                self.names.given_up = True
                raise self._failures[0]

    async def _run_beside(self, node: PlannedNode) -> None:
        try:
            self._settle(node, await self._step(node).execute())
        except Exception as error:  # noqa: BLE001 - raised by the host; see together.py
            self._failures.append(error)
        finally:
            self._running -= 1
            self._progress.set()

    def _step(self, node: PlannedNode) -> StepRun:
        path = f"{self._path}/{node.name}" if self._path else node.name
        record = self._record.steps.pop(node.name, None) or NOTHING_KNOWN
        return StepRun(self._execution, node, path, self.names, record)

    def _settle(self, node: PlannedNode, port: str | None) -> None:
        # Skipping runs down the graph; a list that grows instead of recursion, for chains of any
        # length.
        ended: list[tuple[PlannedNode, str | None]] = [(node, port)]
        for source, left_by in ended:
            for name, targets in source.outgoing.items():
                is_taken = left_by is not None and left_by in (name, EVERY_PORT)
                for target in targets:
                    if self._settle_wire(target, is_taken):
                        self._skip(target)
                        ended.append((target, None))

    def _settle_wire(self, target: PlannedNode, is_taken: bool) -> bool:
        """Count one wire as settled; true when the target is now to be skipped."""
        name = target.name
        self._unsettled[name] -= 1
        if is_taken:
            self._taken.add(name)
        if name in self._begun:
            return False
        is_last = self._unsettled[name] == 0
        if name in self._taken and (is_last or target.node.join == "any"):
            self._make_ready(target)
            return False
        return is_last

    def _make_ready(self, node: PlannedNode) -> None:
        self._begun.add(node.name)
        self._ready.append(node)

    def _skip(self, node: PlannedNode) -> None:
        self._begun.add(node.name)
        self.names.outputs[node.name] = None
        record = self._record.steps.pop(node.name, None)
        if record is None or record.status != "skipped":
            path = f"{self._path}/{node.name}" if self._path else node.name
            self._execution.note("step_skipped", node.name, path)

    async def result(self, template: str | None = None) -> Any:
        """What the scope as a whole gives: the template's value, or its last node's output.

        With several last nodes, an object of the outputs of those that were reached, by name.
        """
        execution = self._execution
        if template is not None:
            parsed = parse_template(template)
            roots = {root for part in parsed.expressions for root in part.roots}
            names = await self.names.load(roots, execution.values)
            return (await execution.evaluator.resolve([parsed], names))[0]
        outputs = await self.exit_outputs()
        if len(self._scope.exits) == 1:
            return next(iter(outputs.values()), None)
        return outputs

    async def exit_outputs(self) -> dict[str, Any]:
        """Outputs of the last nodes that were reached, by name."""
        reached = {
            node.name: ref
            for node in self._scope.exits
            if (ref := self.names.outputs.get(node.name)) is not None
        }
        return {name: await self._execution.values.get(ref) for name, ref in reached.items()}
