"""Steering a run: cancel, pause, resume, answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flowstudio.engine.events import FINISHED
from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.services.answers import asked_now, check_answer, check_asked
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.services.retries import failed_inside
from flowstudio.services.run_reading import RunReading
from flowstudio.services.steps import WaitView
from flowstudio.store.journal_rows import Answered
from flowstudio.store.retries import drop_retry
from flowstudio.store.runs import QuestionRecord, RunRecord


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question of a run.

    Attributes:
        node: name of the node that asks.
        waiting: what it waits for, with whom it asks by now; None once it waits no more.
    """

    run: RunRecord
    question: QuestionRecord
    node: str
    waiting: WaitView | None


class RunSteering(RunReading):
    """Use cases of a run that goes on, or may go on again; each asks `authorize` first."""

    def __init__(
        self, parts: RunParts, dispatcher: Dispatcher, max_cost_usd: Decimal | None
    ) -> None:
        super().__init__(parts, dispatcher)
        self._max_cost_usd = max_cost_usd

    async def cancel(self, actor: Actor, run_id: str, *, launch: bool = True) -> None:
        """Stop a run for good; what it is doing ends within a second.

        One that has failed and is to be tried again by itself stays as it is.
        Without `launch`, a run that nobody advances is only marked, for the caller to `carry`.

        Raises:
            ConflictError: it has ended already.
        """
        record = await self._allowed(actor, "run.steer", run_id)
        if record.retry_at is not None and await self._journal.transact(drop_retry(run_id)):
            return
        await self._unfinished(actor, run_id)
        await self._dispatcher.send(run_id, "cancel", take_up=launch)

    async def pause(self, actor: Actor, run_id: str) -> None:
        """Let a run finish what is in flight and start nothing new.

        Raises:
            ConflictError: it has ended already.
        """
        await self._unfinished(actor, run_id)
        await self._dispatcher.send(run_id, "pause")

    async def resume(
        self,
        actor: Actor,
        run_id: str,
        *,
        launch: bool = True,
        max_cost_usd: Decimal | None = None,
    ) -> None:
        """Carry a paused, failed or abandoned run on; finished steps stay finished.

        Without `launch` it is only made ready, for the caller to `carry`. `max_cost_usd` replaces
        what the run and its workflow set, but not the limit of the whole installation.

        Raises:
            ConflictError: it has succeeded or was cancelled.
        """
        record = await self._allowed(actor, "run.steer", run_id)
        wish = {} if max_cost_usd is None else {"max_cost_usd": str(self._capped(max_cost_usd))}
        if record.status in ("succeeded", "cancelled"):
            raise ConflictError(f"Run {run_id} has {record.status}; there is nothing to resume.")
        if record.status == "failed":
            for inner_id in await failed_inside(self._parts, run_id):
                await self._dispatcher.send(inner_id, "resume", take_up=False)
        if record.status in ("paused", "failed") or wish:
            await self._dispatcher.send(run_id, "resume", data=wish, take_up=launch)
        elif record.waits_its_turn and self._dispatcher.admission.queues:
            self._dispatcher.admission.wake()
        elif launch and not await self._dispatcher.holders.is_elsewhere(run_id):
            self._dispatcher.launch(run_id)

    def _capped(self, max_cost_usd: Decimal) -> Decimal:
        return min(max_cost_usd, self._max_cost_usd or max_cost_usd)

    async def answer(
        self,
        actor: Actor,
        run_id: str,
        path: str,
        answer: Mapping[str, Any],
        *,
        launch: bool = True,
    ) -> None:
        """Give a waiting step what it waits for.

        Raises:
            ConflictError: that step waits for nothing, or was answered before.
            AccessDeniedError: it asks others.
            InvalidInputError: the answer does not fit.
        """
        record = await self._allowed(actor, "run.answer", run_id)
        for step in await self._steps(record):
            if step.path == path and step.waiting is not None:
                waiting = await self._asked_now(run_id, step.waiting)
                check_asked(waiting, actor, record.project_id)
                checked = check_answer(waiting, answer, actor.name)
                answers = Answered(waiting.seq, actor.name)
                await self._dispatcher.send(
                    run_id, "answer", path, checked, take_up=launch, answers=answers
                )
                return
        raise ConflictError(f"Step {path!r} of run {run_id} is not waiting for an answer.")

    async def question(self, actor: Actor, run_id: str, seq: int) -> QuestionView:
        """What a run asked in one of its events, and whether it still waits for that.

        Raises:
            NotFoundError: that event asked nothing, or is gone.
        """
        record = await self._allowed(actor, "run.read", run_id)
        found = await self._store.find_question(run_id, seq)
        if found is None:
            message = "There is no such question."
            raise NotFoundError(message)
        for step in await self._steps(record):
            if step.path == found.path and step.waiting is not None and step.waiting.seq == seq:
                return QuestionView(record, found, step.node, asked_now(step.waiting, found))
        return QuestionView(record, found, found.path.rsplit("/", 1)[-1], None)

    async def _asked_now(self, run_id: str, waiting: WaitView) -> WaitView:
        """What a step waits for, with whom it asks by now."""
        question = await self._store.find_question(run_id, waiting.seq)
        return asked_now(waiting, question) if question is not None else waiting

    async def _unfinished(self, actor: Actor, run_id: str) -> None:
        record = await self._allowed(actor, "run.steer", run_id)
        if record.status in FINISHED:
            raise ConflictError(f"Run {run_id} has ended already: {record.status}.")
