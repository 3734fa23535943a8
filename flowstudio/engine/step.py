"""One step: fill in its config, run its node under its rules, and journal what came of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from flowstudio.engine import doubt
from flowstudio.engine.body import ContainerBody
from flowstudio.engine.context import Place, StepContext
from flowstudio.engine.contract import Chosen, Wait
from flowstudio.engine.events import Output
from flowstudio.engine.execution import Execution, StepFailed
from flowstudio.engine.fold import OutputRef, StepRecord, find, reopen_failed, replay
from flowstudio.engine.journal import CacheEntry
from flowstudio.engine.names import Names
from flowstudio.engine.plan import PlannedNode
from flowstudio.engine.retry import delay_s
from flowstudio.engine.values import pack
from flowstudio.errors import BudgetError, InvalidInputError, StepError, StepTimeoutError
from flowstudio.graph.document import CacheFor, describe
from flowstudio.graph.fingerprint import fingerprint, read_hashes
from flowstudio.graph.slots import fill, path_text

#: Leaves by every port: a disabled node is passed through.
EVERY_PORT = "*"


@dataclass(slots=True)
class _Filled:
    """A config with its templates filled in, and the names they read."""

    config: Any
    raw: Mapping[str, Any]
    names: Mapping[str, Any]


class StepRun:
    """One execution of one node, begun afresh or taken up from its record."""

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

    async def execute(self) -> str | None:
        """Bring the step to its end; gives the port it left by, or None when it was skipped.

        Raises:
            StepFailed: it failed, and its `on_error` lets that fail the run.
        """
        record, execution = self._record, self._execution
        if self._node.disabled:
            return self._pass_through()
        if record.status == "skipped":
            self._names.outputs[self._node.name] = None
            return None
        if record.output is not None and record.status in ("succeeded", "failed"):
            self._names.outputs[self._node.name] = record.output
            return record.port
        if record.status == "failed":
            error = record.error or {}
            raise StepFailed(
                error.get("node") or self._node.name,
                error.get("path") or self._path,
                str(error.get("message", "")),
                str(error.get("type", "StepError")),
            )
        await execution.pass_gate()
        execution.begin_work()
        try:
            return await self._until_done()
        finally:
            execution.end_work()

    def _pass_through(self) -> str:
        self._names.outputs[self._node.name] = None
        if self._record.status != "skipped":
            self._execution.note("step_skipped", self._node.name, self._path, disabled=True)
        return EVERY_PORT

    async def _until_done(self) -> str:
        record = self._record
        attempt = record.attempts if record.was_cut_off else record.attempts + 1
        if record.status == "waiting":
            attempt = max(record.attempts, 1)
        while True:
            try:
                return await self._attempt(attempt)
            except StepError as error:
                if not self._will_retry(error, attempt):
                    return await self._fail(error, attempt)
                await self._back_off(error, attempt)
                attempt += 1

    async def _attempt(self, attempt: int) -> str:
        """One try, or what is left of one that a crash or a pause cut in two."""
        record, self._record = self._record, StepRecord()
        if record.status == "waiting" and record.waiting is not None:
            return await self._take_up_wait(record, attempt)
        try:
            filled = await self._fill(record)
            if record.was_cut_off and not self._type.container:
                verdict = doubt.judge(self._type, filled.config, self._node.retry, record)
                if verdict is not None:
                    return await self._wait(filled, verdict, attempt)
            return await self._run(filled, record, attempt)
        except ValidationError as error:
            faults = "; ".join(
                f"{path_text(details['loc'])}: {describe(details)}" for details in error.errors()
            )
            raise StepError(
                f"After its templates were filled in, the config does not fit: {faults}",
                retryable=False,
            ) from error
        except InvalidInputError as error:
            raise StepError(str(error), retryable=False) from error

    async def _fill(self, record: StepRecord) -> _Filled:
        planned, execution = self._planned, self._execution
        names = await self._names.load(planned.needs, execution.values) if planned.needs else {}
        if record.config is not None:
            raw = await execution.values.get(record.config)
            return _Filled(self._type.parse(raw), raw, names)
        if not planned.templates:
            return _Filled(planned.config, planned.raw, names)
        paths, templates = zip(*planned.templates, strict=True)
        values = await execution.evaluator.resolve(templates, names)
        filled = dict(zip(paths, values, strict=True))
        raw = fill(planned.raw, filled)
        return _Filled(self._type.parse(raw), raw, names)

    async def _run(self, filled: _Filled, record: StepRecord, attempt: int) -> str:
        key = self._cache_key(filled)
        if key is None:
            return await self._run_node(filled, record, attempt, None)
        execution = self._execution
        async with execution.parts.flights.board(key):
            if execution.run.use_cache:
                entry = await execution.parts.journal.cached(key, execution.parts.clock.now())
                if entry is not None:
                    return await self._take_cached(entry, key)
            return await self._run_node(filled, record, attempt, key)

    def _cache_key(self, filled: _Filled) -> str | None:
        cache = self._node.cache
        purity = self._type.purity(filled.config)
        settings = self._execution.plan.document.settings
        if cache == "off" or settings.cache == "off" or purity == "write" or self._type.container:
            return None
        if not isinstance(cache, CacheFor) and not self._type.is_worth_caching(filled.config):
            return None
        reads = dict(read_hashes(self._planned.slots, filled.names))
        resources = self._execution.parts.resources
        if (more := self._type.depends_on(filled.config, resources)) is not None:
            reads["@depends_on"] = more
        raw = self._planned.raw
        return fingerprint(self._type.type, self._type.version, raw, reads, raw.get("credential"))

    async def _take_cached(self, entry: CacheEntry, key: str) -> str:
        execution = self._execution
        execution.saved_usd += entry.cost_usd
        data = {"port": entry.port, "cached": True, "fingerprint": key}
        if entry.cost_usd:
            data["saved_usd"] = str(entry.cost_usd)
        if entry.model:
            data["model"] = entry.model
        return await self._succeed(entry.output, entry.port, data, must_commit=True)

    async def _run_node(
        self, filled: _Filled, record: StepRecord, attempt: int, key: str | None
    ) -> str:
        execution, container = self._execution, self._type.container
        purity = self._type.purity(filled.config)
        body = None
        if container:
            body = ContainerBody(execution, self._planned, self._path, self._names, record)
        typical = None
        if purity == "paid":
            typical = await execution.parts.journal.typical_output_tokens(self._planned.config_key)
        context = self._context = StepContext(
            execution,
            self._planned,
            Place(self._path, attempt, self._names),
            typical_output_tokens=typical,
            body=body,
        )
        await self._journal_start(filled, record, attempt, is_free=purity == "pure")
        self._began = execution.parts.clock.monotonic()
        result = await self._call(filled.config, context)
        if isinstance(result, Wait):
            return await self._wait(filled, result, attempt)
        return await self._finish(result, attempt, key, must_commit=purity != "pure")

    async def _journal_start(
        self, filled: _Filled, record: StepRecord, attempt: int, *, is_free: bool
    ) -> None:
        output = None
        if self._type.container and self._planned.templates and record.config is None:
            output = pack(filled.raw, self._path)
        event = self._execution.event(
            "step_started", self._node.name, self._path, {"attempt": attempt}, output
        )
        if is_free and output is None:
            self._execution.defer(event)
        else:
            # Work that costs money or shows outside is written down before it is done.
            await self._execution.commit(event)

    async def _call(self, config: Any, context: StepContext) -> Any:
        """Run the node under its timeout; whatever it raises comes out as a `StepError`."""
        timeout_s = self._node.timeout_s
        try:
            if timeout_s is None:
                return await self._call_type(config, context)
            async with asyncio.timeout(timeout_s) as limit:
                return await self._call_type(config, context)
        except TimeoutError as error:
            if timeout_s is None or not limit.expired():
                raise StepError(f"Something timed out: {error or 'no reason given'}") from error
            raise StepTimeoutError(
                f"It took longer than its timeout_s of {timeout_s:g} seconds."
            ) from error
        except (StepError, InvalidInputError):
            raise
        except ExceptionGroup as errors:
            raise _step_error_in(errors) from errors
        except Exception as error:
            raise StepError(f"{type(error).__name__}: {error}") from error

    async def _call_type(self, config: Any, context: StepContext) -> Any:
        execution = self._execution
        if self._type.container:
            # A container does no work itself while its inside runs.
            execution.end_work()
            try:
                return await self._type.run(config, context)
            finally:
                execution.begin_work()
        async with execution.slots:
            return await self._type.run(config, context)

    async def _finish(
        self, result: Any, attempt: int, key: str | None, *, must_commit: bool
    ) -> str:
        port, value = self._planned.ports[0] if self._planned.ports else "out", result
        if isinstance(result, Chosen):
            port, value = result.port, result.value
        execution, context = self._execution, self._context
        output = pack(value, self._node.name)
        data: dict[str, Any] = {"port": port}
        if attempt > 1:
            data["attempt"] = attempt
        data["duration_s"] = round(execution.parts.clock.monotonic() - self._began, 6)
        if context is not None and context.bill.calls:
            data |= _bill(context)
        if key is not None:
            data["fingerprint"] = key
            self._keep(key, output, port)
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
        if self._planned.outgoing or must_commit or not output.body:
            await execution.commit(event)
        else:
            # Nothing starts after it, so the next commit of the run takes it along.
            execution.defer(event)
        if output.body:
            execution.values.put(ref, output.body)
        execution.steps_done += 1
        self._names.outputs[self._node.name] = ref
        return port

    # Waiting

    async def _wait(self, filled: _Filled, wait: Wait, attempt: int) -> str:
        data = {
            "attempt": attempt,
            "kind": wait.kind,
            "message": wait.message,
            "until": wait.until.isoformat() if wait.until else None,
            "fields": dict(wait.fields) if wait.fields is not None else None,
            "assignees": list(wait.assignees),
        }
        execution = self._execution
        await execution.commit(execution.event("step_waiting", self._node.name, self._path, data))
        return await self._after_wait(filled, data, attempt)

    async def _take_up_wait(self, record: StepRecord, attempt: int) -> str:
        data = dict(record.waiting or {})
        if data.get("kind") == "retry":
            await self._execution.wait(self._path, _moment(data.get("until")))
            return await self._attempt(attempt + 1)
        filled = await self._fill(record)
        return await self._after_wait(filled, data, attempt)

    async def _after_wait(self, filled: _Filled, data: Mapping[str, Any], attempt: int) -> str:
        execution = self._execution
        self._began = execution.parts.clock.monotonic()
        answer = await execution.wait(self._path, _moment(data.get("until")))
        if data.get("kind") == "unknown":
            if doubt.wants_retry(answer):
                return await self._run(filled, StepRecord(), attempt)
            return await self._finish(doubt.settle(answer), attempt, None, must_commit=True)
        if data.get("kind") == "workflow":
            value = _inner_outputs(answer)
        elif answer is None:
            value = self._type.expired(filled.config, execution.parts.clock.now())
        else:
            value = self._type.answered(filled.config, answer)
        return await self._finish(value, attempt, None, must_commit=True)

    # Failing

    def _will_retry(self, error: StepError, attempt: int) -> bool:
        if isinstance(error, StepFailed) and error.is_final:
            return False
        return error.retryable and attempt < self._node.retry.attempts

    async def _back_off(self, error: StepError, attempt: int) -> None:
        execution = self._execution
        wait_s = delay_s(self._node.retry, attempt, error.retry_after_s, execution.parts.rng)
        data = self._failure(error, attempt) | {"retry_in_s": round(wait_s, 3)}
        await execution.commit(execution.event("step_failed", self._node.name, self._path, data))
        if wait_s <= execution.parts.park_after_s:
            await execution.parts.clock.sleep(wait_s)
        else:
            until = execution.parts.clock.now() + timedelta(seconds=wait_s)
            waiting = {"attempt": attempt, "kind": "retry", "until": until.isoformat()}
            await execution.commit(
                execution.event("step_waiting", self._node.name, self._path, waiting)
            )
            await execution.wait(self._path, until)
        if self._type.container:
            # What finished inside stays finished: the next attempt takes it from the journal.
            state = await replay(execution.parts.journal.read(execution.run.id))
            reopen_failed(state.root)
            self._record = find(state.root, self._path) or StepRecord()

    async def _fail(self, error: StepError, attempt: int) -> str:
        execution, node = self._execution, self._node
        data = self._failure(error, attempt)
        is_final = isinstance(error, BudgetError) or (
            isinstance(error, StepFailed) and error.is_final
        )
        if node.on_error == "fail" or is_final:
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
        kind = error.kind if isinstance(error, StepFailed) else type(error).__name__
        described = {"type": kind, "message": str(error)}
        if isinstance(error, StepFailed):
            described |= {"node": error.node, "path": error.path}
        data: dict[str, Any] = {"attempt": attempt, "error": described}
        if self._began:
            elapsed = self._execution.parts.clock.monotonic() - self._began
            data["duration_s"] = round(elapsed, 6)
        if self._context is not None and self._context.bill.calls:
            data |= _bill(self._context)
        return data


def _bill(context: StepContext) -> dict[str, Any]:
    bill = context.bill
    usage = {
        "prompt_tokens": bill.usage.prompt_tokens,
        "completion_tokens": bill.usage.completion_tokens,
    }
    return {"cost_usd": str(bill.cost_usd), "usage": usage, "model": bill.model}


def _inner_outputs(answer: Mapping[str, Any] | None) -> Any:
    if answer is None or "error" in answer:
        reason = answer["error"] if answer else "it never ended"
        raise StepError(f"The inner workflow failed: {reason}", retryable=False)
    return answer.get("outputs")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _step_error_in(errors: ExceptionGroup[Exception]) -> StepError:
    # A container's own TaskGroup wraps what its turns raised.
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, StepError):
        return first
    return StepError(f"{type(first).__name__}: {first}")
