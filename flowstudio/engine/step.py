"""One step: fill in its config, run its node under its rules, and journal what came of it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from flowstudio.engine import doubt
from flowstudio.engine.body import ContainerBody
from flowstudio.engine.context import Place, StepContext
from flowstudio.engine.contract import Wait
from flowstudio.engine.ending import StepEnd
from flowstudio.engine.events import Event, Output
from flowstudio.engine.execution import StepFailed
from flowstudio.engine.failures import clean, error_in
from flowstudio.engine.filling import cache_key, dependence, fill_in
from flowstudio.engine.fold import NOTHING_KNOWN, StepRecord, find, replay
from flowstudio.engine.journal import CacheEntry
from flowstudio.engine.plan import Filled
from flowstudio.engine.retry import delay_s
from flowstudio.engine.values import pack
from flowstudio.errors import InvalidInputError, JournalError, StepError, StepTimeoutError
from flowstudio.graph.form_faults import describe
from flowstudio.graph.slots import path_text

#: Leaves by every port: a disabled node is passed through.
EVERY_PORT = "*"


class StepRun(StepEnd):
    """One execution of one node, begun afresh or taken up from its record."""

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
        if not execution.is_open:
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
        if self._record.status == "waiting":
            await self._wait_for_retry(self._record)
        attempt = self._first_attempt()
        while True:
            self._context, self._began = None, 0.0
            try:
                return await self._attempt(attempt)
            except StepError as error:
                if error.is_final or not error.retryable or attempt >= self._node.retry.attempts:
                    return await self._fail(error, attempt)
                await self._back_off(error, attempt)
                attempt += 1

    async def _wait_for_retry(self, record: StepRecord) -> None:
        """Wait on, if that is what the step was doing, until it may be tried again."""
        waiting = record.waiting or {}
        if waiting.get("kind") == "retry":
            await self._execution.wait(self._path, _moment(waiting.get("until")))
            record.status, record.waiting = "idle", None

    def _first_attempt(self) -> int:
        """Number of the attempt to begin with: a new one, or the one that was cut in two."""
        record = self._record
        if record.was_cut_off or record.status == "waiting":
            return max(record.attempts, 1)
        return record.attempts + 1

    async def _attempt(self, attempt: int) -> str:
        """One try, or what is left of one that a crash or a pause cut in two."""
        record, self._record = self._record, NOTHING_KNOWN
        try:
            filled = self._planned.as_written
            if filled is None:
                filled = await fill_in(self._planned, self._names, self._execution, record.config)
            if self._execution.draft is not None and "/" not in self._path:
                self._depends = await dependence(
                    self._planned, filled, self._path, self._names, self._execution
                )
            if record.status == "waiting" and record.waiting is not None:
                return await self._take_up_wait(filled, record.waiting, attempt)
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

    async def _run(self, filled: Filled, record: StepRecord, attempt: int) -> str:
        key, may_take = None, self._execution.run.use_cache
        if self._depends is not None:
            key = self._depends.fingerprint
            if (entry := await self._unchanged(record, key)) is not None:
                return await self._take_cached(entry, key, unchanged=True)
            may_take = may_take and not self._must_run(filled)
        if not filled.is_kept:
            key = None
        elif key is None:
            key = await cache_key(self._planned, filled, self._path, self._execution)
        if key is None:
            result = await self._run_node(filled, record, attempt)
        else:
            execution = self._execution
            async with execution.parts.flights.board(key):
                if may_take:
                    entry = await execution.parts.journal.cached(key, execution.parts.clock.now())
                    if entry is not None:
                        return await self._take_cached(entry, key)
                result = await self._run_node(filled, record, attempt)
                if not isinstance(result, Wait):
                    return await self._finish(filled, result, attempt, key)
        if isinstance(result, Wait):
            return await self._wait(filled, result, attempt)
        return await self._finish(filled, result, attempt, None)

    async def _unchanged(self, record: StepRecord, key: str) -> CacheEntry | None:
        """What the node's last run in the editor gave, if nothing it depends on has changed."""
        execution = self._execution
        if execution.draft is None or self._node.id in execution.draft.targets or record.attempts:
            return None
        now = execution.parts.clock.now()
        return await execution.parts.journal.unchanged(
            execution.run.workflow_id, self._node.id, key, now
        )

    def _must_run(self, filled: Filled) -> bool:
        """Whether the editor asked for this very step, and it looks at or changes the world."""
        draft = self._execution.draft
        return (
            draft is not None
            and self._node.id in draft.targets
            and filled.purity in ("read", "write")
        )

    async def _run_node(self, filled: Filled, record: StepRecord, attempt: int) -> Any:
        """Execute the node; gives what it returned, which may be a `Wait`."""
        if self._type.container:
            return await self._run_container(filled, record, attempt)
        execution, typical = self._execution, None
        if filled.purity == "paid":
            typical = await execution.parts.journal.typical_output_tokens(self._planned.config_key)
        context = self._context = StepContext(
            execution,
            self._planned,
            Place(self._path, attempt, self._names),
            typical_output_tokens=typical,
        )
        # A step that still waits for its turn has not begun, and its time does not run.
        if not execution.slots.take():
            await execution.slots.wait()
        try:
            if filled.purity == "pure":
                execution.defer(self._started(attempt))
            else:
                # Work that costs money or shows outside is written down before it is done.
                await execution.commit(self._started(attempt))
            return await self._call(filled.config, context)
        finally:
            execution.slots.give_back()

    async def _run_container(self, filled: Filled, record: StepRecord, attempt: int) -> Any:
        execution = self._execution
        context = self._context = StepContext(
            execution,
            self._planned,
            Place(self._path, attempt, self._names),
            body=ContainerBody(execution, self._planned, self._path, self._names, record),
        )
        if self._planned.templates and record.config is None:
            # A loop that is resumed must see the same items.
            config = pack(filled.raw, self._path)
            await execution.commit(self._started(attempt, config))
        else:
            execution.defer(self._started(attempt))
        # A container does no work itself while its inside runs.
        execution.end_work()
        try:
            return await self._call(filled.config, context)
        finally:
            execution.begin_work()

    def _started(self, attempt: int, output: Output | None = None) -> Event:
        data = {"attempt": attempt}
        return self._execution.event("step_started", self._node.name, self._path, data, output)

    async def _call(self, config: Any, context: StepContext) -> Any:
        """Run the node under its timeout; what it raises comes out as an error of ours."""
        timeout_s = self._node.timeout_s
        self._began = self._execution.clock.monotonic()
        try:
            if timeout_s is None:
                return await self._type.run(config, context)
            async with asyncio.timeout(timeout_s) as limit:
                return await self._type.run(config, context)
        except TimeoutError as error:
            self._stop_if_given_up()
            if timeout_s is None or not limit.expired():
                raise StepError(f"Something timed out: {error or 'no reason given'}") from error
            raise StepTimeoutError(
                f"It took longer than its timeout_s of {timeout_s:g} seconds."
            ) from error
        except (StepError, InvalidInputError, JournalError):
            self._stop_if_given_up()
            raise
        except ExceptionGroup as errors:
            self._stop_if_given_up()
            raise error_in(errors) from errors
        except Exception as error:
            self._stop_if_given_up()
            raise StepError(f"{type(error).__name__}: {error}") from error

    def _stop_if_given_up(self) -> None:
        # A node that answers its cancellation with an error of its own must not be tried again.
        if self._execution.stop_reason or self._names.is_given_up:
            raise asyncio.CancelledError

    # Waiting

    async def _wait(self, filled: Filled, wait: Wait, attempt: int) -> str:
        data = {
            "attempt": attempt,
            "kind": wait.kind,
            "message": clean(wait.message),
            "until": wait.until.isoformat() if wait.until else None,
            "fields": dict(wait.fields) if wait.fields is not None else None,
            "assignees": list(wait.assignees),
        }
        if wait.escalate_to and wait.escalate_at is not None:
            data["escalate_to"] = list(wait.escalate_to)
            data["escalate_at"] = wait.escalate_at.isoformat()
        if wait.priority != "high":
            data["priority"] = wait.priority
        execution = self._execution
        if wait.kind != "workflow":
            # What was answered before was the answer to another question.
            execution.answers.pop(self._path, None)
        await execution.commit(execution.event("step_waiting", self._node.name, self._path, data))
        return await self._after_wait(filled, data, attempt)

    async def _take_up_wait(self, filled: Filled, data: Mapping[str, Any], attempt: int) -> str:
        if data.get("kind") == "workflow":
            # Word of the inner run's end may have been lost with the process that had it.
            return await self._run(filled, NOTHING_KNOWN, attempt)
        return await self._after_wait(filled, data, attempt)

    async def _after_wait(self, filled: Filled, data: Mapping[str, Any], attempt: int) -> str:
        execution = self._execution
        self._began = execution.parts.clock.monotonic()
        kind, until = data.get("kind"), _moment(data.get("until"))
        answer = await execution.wait(self._path, until)
        if kind == "workflow" or (kind == "unknown" and doubt.wants_retry(answer)):
            return await self._run(filled, NOTHING_KNOWN, attempt)
        if kind == "unknown":
            value = doubt.settle(answer)
        elif answer is None:
            value = self._type.expired(filled.config, execution.parts.clock.now())
        else:
            try:
                value = self._type.answered(filled.config, answer)
            except InvalidInputError as error:
                misfit = {"log": f"The answer does not fit: {clean(str(error))}"}
                execution.show(self._node.name, self._path, misfit)
                return await self._after_wait(filled, data, attempt)
        return await self._finish(filled, value, attempt, None, must_commit=True)

    # Trying again

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
            self._record = find(state.root, self._path) or NOTHING_KNOWN
            self._record.status, self._record.waiting = "idle", None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
