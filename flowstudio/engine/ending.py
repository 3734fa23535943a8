"""How a step ends: with what its node gave, with what was kept, or with an error."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flowstudio.engine.context import StepContext
from flowstudio.engine.contract import Chosen
from flowstudio.engine.events import Output
from flowstudio.engine.execution import Execution, StepFailed
from flowstudio.engine.failures import failure_data
from flowstudio.engine.filling import Dependence
from flowstudio.engine.fold import OutputRef, StepRecord
from flowstudio.engine.journal import CacheEntry
from flowstudio.engine.names import Names
from flowstudio.engine.plan import Filled, PlannedNode
from flowstudio.engine.values import pack
from flowstudio.errors import StepError
from flowstudio.graph.document import CacheFor


class StepEnd:
    """One execution of one node, as far as its end goes; each end is journaled."""

    #: In the editor's runs: what the step's output depends on.
    _depends: Dependence | None = None

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
        self._node = planned.node
        self._type = planned.type
        self._path = path
        self._names = names
        self._record = record
        self._context: StepContext | None = None
        self._began = 0.0

    async def _finish(
        self,
        filled: Filled,
        result: Any,
        attempt: int,
        key: str | None,
        *,
        must_commit: bool = False,
    ) -> str:
        port, value = self._planned.ports[0] if self._planned.ports else "out", result
        if isinstance(result, Chosen):
            port, value = result.port, result.value
        execution, context = self._execution, self._context
        output = pack(value, self._node.name)
        data: dict[str, Any] = {"port": port}
        if attempt > 1:
            data["attempt"] = attempt
        data["duration_s"] = elapsed_s = round(execution.clock.monotonic() - self._began, 6)
        execution.parts.meter.step(self._node.type, "succeeded", elapsed_s)
        if context is not None and context.bill is not None:
            data |= context.bill.as_data()
        if key is not None:
            data["fingerprint"] = key
            self._keep(key, output, port)
        if self._depends is not None:
            data |= self._depends._asdict()
        must_commit = must_commit or filled.purity != "pure"
        return await self._succeed(output, port, data, must_commit=must_commit)

    def _keep(self, key: str, output: Output, port: str) -> None:
        execution, context = self._execution, self._context
        now = execution.parts.clock.now()
        expires_at: datetime | None = None
        if isinstance(self._node.cache, CacheFor):
            expires_at = now + timedelta(seconds=self._node.cache.ttl_s)
        bill = context.bill if context else None
        entry = CacheEntry(
            output=output,
            port=port,
            cost_usd=bill.cost_usd if bill else Decimal(0),
            model=bill.model if bill else "",
            expires_at=expires_at,
        )
        execution.parts.journal.keep(key, entry, now)

    async def _succeed(
        self, output: Output, port: str, data: dict[str, Any], *, must_commit: bool
    ) -> str:
        execution = self._execution
        event = execution.event("step_succeeded", self._node.name, self._path, data, output)
        ref = OutputRef(event.seq, output.hash, output.size)
        # The editor asks for outputs as soon as it hears of them.
        is_stored = self._type.gives_inputs and execution.draft is None
        if (self._planned.outgoing and not is_stored) or must_commit or not output.body:
            await execution.commit(event)
        else:
            # Nothing starts after it, or its output is stored with the run: the next commit takes it along.
            execution.defer(event)
        if output.body:
            execution.values.put(ref, output.body)
        execution.steps_done += 1
        self._names.outputs[self._node.name] = ref
        return port

    async def _take_cached(self, entry: CacheEntry, key: str, *, unchanged: bool = False) -> str:
        execution = self._execution
        execution.parts.meter.hit(self._node.type)
        execution.saved_usd += entry.cost_usd
        data: dict[str, Any] = {"port": entry.port, "cached": True, "fingerprint": key}
        if self._depends is not None:
            data |= self._depends._asdict()
        if unchanged:
            data["unchanged"] = True
        if entry.expires_at is not None:
            data["expires_at"] = entry.expires_at.isoformat()
        if entry.cost_usd:
            data["saved_usd"] = str(entry.cost_usd)
        if entry.model:
            data["model"] = entry.model
        return await self._succeed(entry.output, entry.port, data, must_commit=True)

    async def _fail(self, error: StepError, attempt: int) -> str:
        execution, node = self._execution, self._node
        data = self._failure(error, attempt)
        if node.on_error == "fail" or error.is_final:
            await execution.commit(execution.event("step_failed", node.name, self._path, data))
            if isinstance(error, StepFailed):
                raise error
            raise StepFailed(node.name, self._path, error) from error
        value, port = node.default, "out"
        if node.on_error == "branch":
            value, port = {"error": data["error"]}, "error"
        elif port not in self._planned.ports:
            port = self._planned.ports[-1]
        output = pack(value, node.name)
        event = execution.event("step_failed", node.name, self._path, data | {"port": port}, output)
        await execution.commit(event)
        ref = OutputRef(event.seq, output.hash, output.size)
        execution.values.put(ref, output.body)
        self._names.outputs[node.name] = ref
        return port

    def _failure(self, error: StepError, attempt: int) -> dict[str, Any]:
        data = failure_data(error, attempt)
        if self._began:
            elapsed = self._execution.parts.clock.monotonic() - self._began
            data["duration_s"] = round(elapsed, 6)
            self._execution.parts.meter.step(self._node.type, "failed", elapsed)
        if self._context is not None and self._context.bill is not None:
            data |= self._context.bill.as_data()
        return data
