"""The runner: one `advance` that starts a run and resumes it alike."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from flowstudio.engine.budget import Budget
from flowstudio.engine.contract import NodeType
from flowstudio.engine.costs import Usage
from flowstudio.engine.events import FINISHED, Event, Output, RunStatus
from flowstudio.engine.execution import EngineParts, Execution, StepFailed
from flowstudio.engine.failures import clean
from flowstudio.engine.fold import RunState, ScopeRecord, replay, resume
from flowstudio.engine.journal import ClaimedRun, RunUpdate, Signal
from flowstudio.engine.names import Names
from flowstudio.engine.plan import Plan, PlannedScope, make_plan
from flowstudio.engine.retry import delay_s
from flowstudio.engine.scope import ScopeRun
from flowstudio.engine.values import pack
from flowstudio.errors import (
    ConflictError,
    InvalidDocumentError,
    JournalDamagedError,
    JournalError,
    StaleOwnerError,
    StepError,
)
from flowstudio.graph.document import Document, read_document

_PLANS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""

    status: Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Parked:
    """The run left memory; an answer, a moment or a wish to go on brings it back."""

    status: Literal["waiting", "paused"]
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Another process has taken the run over; nothing was written."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The journal could not be written; what was committed stays, and the run can be resumed."""

    reason: str


Outcome = Ended | Parked | Lost | Broken


class Engine:
    """Advances runs; each in its own task, any number at once."""

    def __init__(self, parts: EngineParts, registry: Mapping[str, NodeType[Any]]) -> None:
        self._parts = parts
        self._registry = registry
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._running: dict[str, Execution | None] = {}
        self._early: dict[str, list[Signal]] = {}

    @property
    def registry(self) -> Mapping[str, NodeType[Any]]:
        """The node types there are."""
        return self._registry

    @property
    def running(self) -> frozenset[str]:
        """Ids of the runs in this process's hands."""
        return frozenset(self._running)

    def plan(
        self, document: Document, find_workflow: Callable[[str], Document | None] | None = None
    ) -> Plan:
        """Check a document and make it ready to run.

        Raises:
            InvalidDocumentError: with every problem.
        """
        return make_plan(document, self._registry, find_workflow)

    def remember(self, document_hash: str, plan: Plan) -> None:
        """Keep a plan for the runs of its document that follow."""
        self._plans[document_hash] = plan
        self._plans.move_to_end(document_hash)
        if len(self._plans) > _PLANS_KEPT:
            self._plans.popitem(last=False)

    def receive(self, signal: Signal) -> bool:
        """Hand a signal to a run; false when the run is not in this process's hands."""
        if signal.run_id not in self._running:
            return False
        execution = self._running[signal.run_id]
        if execution is None:
            self._early.setdefault(signal.run_id, []).append(signal)
        else:
            execution.receive(signal)
        return True

    def leave(self) -> None:
        """Stop every run where it is; the process ends, and the next one resumes them."""
        for execution in self._running.values():
            if execution is not None:
                execution.stop("leave")

    async def advance(self, run_id: str) -> Outcome:
        """Carry a run on, from its first step or from where its journal ends, as far as it goes.

        Cancelling this call leaves the run unfinished, to be resumed by the next `advance`.

        Raises:
            ConflictError: this process advances it already.
            NotFoundError: no such run.
        """
        if run_id in self._running:
            raise ConflictError(f"Run {run_id} is being advanced already.")
        self._running[run_id] = None
        try:
            return await self._until_it_leaves(run_id)
        except StaleOwnerError:
            return Lost()
        except JournalError as error:
            return Broken(str(error))
        finally:
            del self._running[run_id]
            self._early.pop(run_id, None)
            if self._parts.left is not None:
                self._parts.left(run_id)

    async def _until_it_leaves(self, run_id: str) -> Outcome:
        damaged: set[int] = set()
        while True:
            try:
                outcome = await self._advance(run_id, damaged)
            except JournalDamagedError as error:
                if error.seq is None or error.seq in damaged:
                    raise
                # The step that made this output runs again.
                damaged.add(error.seq)
            else:
                execution = self._running[run_id]
                is_called = execution is not None and execution.was_called
                if not is_called and run_id not in self._early:
                    return outcome
            self._running[run_id] = None

    async def _advance(self, run_id: str, damaged: Container[int]) -> Outcome:
        self._early.pop(run_id, None)
        journal = self._parts.journal
        claimed = await journal.claim(run_id, self._parts.owner)
        if self._parts.began is not None:
            self._parts.began(claimed.run)
        state = RunState() if claimed.is_new else await replay(journal.read(run_id), damaged)
        signals = [] if claimed.is_new else await journal.signals(run_id, state.signal_id)
        is_resumed = any(signal.kind == "resume" for signal in signals)
        if state.status in FINISHED and not (state.status == "failed" and is_resumed):
            return Ended(state.status)  # type: ignore[arg-type]
        spent, usage = (Decimal(0), Usage()) if claimed.is_new else await journal.spent(run_id)
        try:
            plan = await self._plan(claimed.run.document_hash)
        except InvalidDocumentError as error:
            update = RunUpdate("failed", spent, state.saved_usd, usage, state.steps_done)
            return await self._refuse(claimed, state, update, error)
        for signal in signals:
            if signal.kind == "resume":
                resume(state, signal.data, self._parts.clock.now())
        budget = Budget(_limit(claimed, plan, state), spent)
        execution = Execution(claimed, plan, state, self._parts, budget, _open_scope)
        execution.usage = usage
        self._running[run_id] = execution
        if execution.draft is not None and self._parts.follow is not None:
            self._parts.follow(run_id)
        return await _Advance(execution, state, signals + self._early.pop(run_id, [])).run()

    async def _refuse(
        self,
        claimed: ClaimedRun,
        state: RunState,
        update: RunUpdate,
        error: InvalidDocumentError,
    ) -> Ended:
        """End a run whose document can no longer be run, as when a node type is gone."""
        message = f"The workflow can no longer be run: {error}"
        now = self._parts.clock.now()
        data = {"error": {"type": "InvalidDocumentError", "message": message}}
        event = Event(state.seq + 1, now, "run_failed", data=data)
        ending = replace(
            update, started_at=state.started_at, finished_at=now, error=message, release=True
        )
        await self._parts.journal.append(claimed.run.id, claimed.epoch, [event], ending)
        return Ended("failed")

    async def _plan(self, document_hash: str) -> Plan:
        plan = self._plans.get(document_hash)
        if plan is None:
            document = read_document(await self._parts.journal.document(document_hash))
            plan = make_plan(document, self._registry)
            self.remember(document_hash, plan)
        return plan


def _limit(claimed: ClaimedRun, plan: Plan, state: RunState) -> Decimal | None:
    if state.max_cost_usd is not None:
        return state.max_cost_usd
    limits = [
        limit
        for limit in (claimed.run.max_cost_usd, plan.document.settings.max_cost_usd)
        if limit is not None
    ]
    return min(limits, default=None)


def _open_scope(
    execution: Execution, scope: PlannedScope, path: str, names: Names, record: ScopeRecord
) -> ScopeRun:
    return ScopeRun(execution, scope, path, names, record)


class _Advance:
    """One call of `advance`, from claim to outcome."""

    def __init__(self, execution: Execution, state: RunState, signals: list[Signal]) -> None:
        self._execution = execution
        self._state = state
        self._signals = signals

    async def run(self) -> Outcome:
        execution = self._execution
        timer = self._time()
        try:
            self._begin()
            outputs = pack(await self._run_root(), "the run")
            if execution.stop_reason:
                return await self._stopped()
            return await self._end("succeeded", outputs=outputs)
        except StepFailed as failure:
            if execution.stop_reason:
                return await self._stopped()
            return await self._end(
                "failed", error=f"Node '{failure.node}' failed: {failure}", failure=failure
            )
        except StepError as error:
            return await self._end("failed", error=str(error))
        except asyncio.CancelledError:
            return await self._stopped()
        finally:
            if timer is not None:
                timer.cancel()

    def _begin(self) -> None:
        execution, state = self._execution, self._state
        if state.status == "queued":
            execution.defer(execution.event("run_started", data={"trigger": execution.run.trigger}))
        for path in sorted(state.repaired):
            execution.show("", path, {"log": "Its stored result was damaged; it runs again."})
        for signal in self._signals:
            execution.receive(signal)
        if state.wish == "cancel":
            execution.stop("cancel")

    def _time(self) -> asyncio.TimerHandle | None:
        """Set the run's own time limit going."""
        execution = self._execution
        limit = execution.plan.document.settings.timeout_s
        if limit is None:
            return None
        now = execution.parts.clock.now()
        execution.deadline = (self._state.timed_from or now) + timedelta(seconds=limit)
        left_s = max((execution.deadline - now).total_seconds(), 0)
        return asyncio.get_running_loop().call_later(left_s, execution.stop, "timeout")

    async def _run_root(self) -> dict[str, Any]:
        execution = self._execution
        info = execution.info
        names = Names(
            {
                "inputs": execution.run.inputs,
                "run": {
                    "id": info.id,
                    "started_at": info.started_at.isoformat(),
                    "trigger": info.trigger,
                },
            }
        )
        root = execution.open_scope(execution.plan.root, "", names, self._state.root)
        await root.execute()
        return await self._outputs(names, root)

    async def _outputs(self, names: Names, root: Any) -> dict[str, Any]:
        """Outputs of the end nodes reached, merged in document order; else of the last nodes."""
        execution = self._execution
        nodes = execution.plan.document.nodes
        ends = [node.name for node in nodes if node.type == "end" and node.parent is None]
        reached = [ref for name in ends if (ref := names.outputs.get(name)) is not None]
        if not reached:
            outputs: dict[str, Any] = await root.exit_outputs()
            return outputs
        merged: dict[str, Any] = {}
        for ref in reached:
            merged |= await execution.values.get(ref) or {}
        return merged

    async def _end(
        self,
        status: Literal["succeeded", "failed", "cancelled"],
        *,
        outputs: Output | None = None,
        error: str | None = None,
        failure: StepFailed | None = None,
    ) -> Ended:
        execution = self._execution
        execution.close()
        error = clean(error) if error is not None else None
        data: dict[str, Any] = {"cost_usd": str(execution.budget.spent_usd)}
        if error is not None:
            data["error"] = {"type": failure.kind if failure else "", "message": error}
        if failure is not None:
            data["error"] |= {"node": failure.node, "path": failure.path}
        event = execution.event(
            {"succeeded": "run_succeeded", "failed": "run_failed", "cancelled": "run_cancelled"}[  # type: ignore[arg-type]
                status
            ],
            data=data,
            output=outputs,
        )
        retry_at = self._retry_at(event.at, failure) if status == "failed" else None
        update = execution.update(
            status,
            finished_at=event.at,
            retry_at=retry_at,
            error=error,
            error_node=failure.node if failure else None,
            release=True,
        )
        await execution.commit(event, update)
        took_s = (event.at - execution.info.started_at).total_seconds()
        execution.parts.meter.run(execution.run.trigger, status, took_s)
        return Ended(status)

    def _retry_at(self, now: datetime, failure: StepFailed | None) -> datetime | None:
        """When a run that failed is to be taken up again by itself, or None."""
        execution = self._execution
        run, retry = execution.run, execution.plan.document.settings.retry
        is_final = failure is not None and failure.is_final
        if is_final or run.depth or run.draft or run.attempt + 1 >= retry.attempts:
            return None
        wait_s = delay_s(retry, run.attempt + 1, None, random.Random(f"{run.id}/{run.attempt}"))  # noqa: S311 - spreads load
        return now + timedelta(seconds=wait_s)

    async def _stopped(self) -> Outcome:
        execution = self._execution
        task = asyncio.current_task()
        if execution.stop_reason and task is not None:
            # The cancellation came from inside, so it ends here.
            task.uncancel()
        if execution.stop_reason == "cancel":
            return await self._end("cancelled")
        if execution.stop_reason == "timeout":
            limit = execution.plan.document.settings.timeout_s
            reason = f"The run took longer than its timeout_s of {limit:g} seconds."
            return await self._end("failed", error=reason)
        if execution.stop_reason == "park":
            status: RunStatus = "paused" if execution.paused else "waiting"
            wake_at = None if execution.paused else execution.park_until
            update = execution.update(status, wake_at=wake_at, release=True)
            await execution.parts.journal.append(execution.run.id, execution.epoch, [], update)
            return Parked("paused" if execution.paused else "waiting", wake_at)
        raise asyncio.CancelledError
