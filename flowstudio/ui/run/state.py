"""State of a run's page."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import reflex as rx

from flowstudio.engine.events import FINISHED
from flowstudio.errors import InvalidInputError, NotFoundError
from flowstudio.services.batches import batches
from flowstudio.services.runs import RunView
from flowstudio.services.steps import StepBook, StepView
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import Operation, push
from flowstudio.ui.presence import open_feed
from flowstudio.ui.run.feed import TextFeed, output_key
from flowstudio.ui.run.present import (
    Question,
    StepRow,
    node_states,
    progress,
    questions,
    shown,
    step_rows,
    tokens_of,
)
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.drawing import Drawing, draw_large
from flowstudio.ui.widgets.fields import read_form, with_problems
from flowstudio.ui.widgets.pill import LABELS

_REFRESH_S = 0.12


class RunState(rx.State):
    """One run. Text and outputs travel beside the state, through `flowstudio.ui.live`."""

    loaded: bool = False
    missing: bool = False
    title: str = ""
    again: str = ""
    status: str = "queued"
    label: str = ""
    since: str = ""
    duration: str = ""
    cost: str = ""
    saved: str = ""
    tokens: str = ""
    progress: str = ""
    percent: int = 0
    error: str = ""
    error_node: str = ""
    has_outputs: bool = False
    has_inputs: bool = False
    drawing: Drawing = Drawing()
    states: dict[str, str] = {}
    steps: list[StepRow] = []
    questions: list[Question] = []
    problems: list[str] = []

    _outputs_sent: dict[str, str] = {}

    @guarded("run.read")
    async def load(self) -> Any:
        """Show the run of the address as the database knows it, then follow it."""
        actor = current_actor(self)
        self._outputs_sent = {}
        self.problems = []
        try:
            run = await backend().runs.get(actor, self._id())
        except NotFoundError:
            self.missing, self.loaded = True, True
            return None
        self.missing = False
        self.drawing = draw_large(run.document, backend().registry)
        self.title = run.workflow
        self.again = _again(run)
        self.has_inputs = bool(run.inputs)
        operations = await self._refresh(run, await backend().runs.steps(actor, run.id))
        self.loaded = True
        return [
            push(("clear", "", None), ("put", "inputs", shown(run.inputs, "inputs")), *operations),
            RunState.follow,
        ]

    @guarded("run.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Send what happens until the run ends or parks, or the page is left."""
        actor, run_id, runs = current_actor(self), self._id(), backend().runs
        if not run_id:
            return
        book = StepBook((await runs.get(actor, run_id)).document)
        feed, text, pace = open_feed(self, "run.read", self._look(run_id)), TextFeed(), _Pace()
        async for events in batches(runs.watch(actor, run_id)):
            if not await feed.goes_on():
                return
            stored = [event for event in events if event.seq]
            book.feed(stored)
            if operations := text.operations(events):
                yield push(*operations)
            if pace.is_due(has_news=bool(stored)):
                yield await self._send(book, run_id)
                pace.rest()
        yield await self._send(book, run_id)
        feed.close()

    def _look(self, run_id: str) -> Callable[[], Awaitable[object]]:
        return lambda: backend().runs.find(current_actor(self), run_id)

    async def _send(self, book: StepBook, run_id: str) -> Any:
        async with self:
            # The tab may show another page by now, whose run is another or none.
            if self._id() != run_id:
                return None
            run = await backend().runs.get(current_actor(self), run_id)
            return push(*await self._refresh(run, list(book.steps.values())))

    @guarded("run.steer")
    async def cancel(self) -> Any:
        """Stop the run; steps under way are ended."""
        await backend().runs.cancel(current_actor(self), self._id())
        return RunState.load

    @guarded("run.steer")
    async def pause(self) -> Any:
        """Finish what is under way and start nothing new."""
        await backend().runs.pause(current_actor(self), self._id())
        return RunState.load

    @guarded("run.steer")
    async def resume(self) -> Any:
        """Carry a paused run on."""
        await backend().runs.resume(current_actor(self), self._id())
        return RunState.load

    @guarded("run.answer")
    async def decide(self, path: str, approved: bool, comment: str) -> Any:
        """Approve or reject what a step asks for."""
        return await self._answer(path, {"approved": approved, "comment": comment})

    @guarded("run.answer")
    async def fill_in(self, path: str, form: dict[str, Any]) -> Any:
        """Answer a step's form; errors come back at the fields."""
        actor, runs = current_actor(self), backend().runs
        steps = await runs.steps(actor, self._id())
        waiting = next((step.waiting for step in steps if step.path == path), None)
        if waiting is None:
            return RunState.load
        reading = read_form(waiting.fields or {}, form)
        self.questions = [
            _with_fields(question, reading.fields) if question.path == path else question
            for question in self.questions
        ]
        return await self._answer(path, reading.values) if reading.is_valid else None

    async def _answer(self, path: str, answer: dict[str, Any]) -> Any:
        try:
            await backend().runs.answer(current_actor(self), self._id(), path, answer)
        except InvalidInputError as error:
            self.problems = list(error.problems)
            for index, question in enumerate(self.questions):
                if question.path == path:
                    fields, self.problems = with_problems(question.fields, self.problems)
                    self.questions[index] = _with_fields(question, fields)
            return None
        return RunState.load

    def _id(self) -> str:
        return str(getattr(self, "run_id", ""))

    async def _refresh(self, run: RunView, steps: Sequence[StepView]) -> list[Operation]:
        """Set the vars; returns the outputs the browser has not seen."""
        self._show_run(run)
        self.steps = step_rows(run.document, steps, backend().registry)
        done, total = progress(self.steps)
        self.progress = f"{done} of {total} steps"
        self.percent = round(100 * done / max(total, 1))
        self.states = node_states(self.steps)
        self.questions = questions(steps)
        return await self._new_outputs(run, self.steps)

    def _show_run(self, run: RunView) -> None:
        self.status, self.label = run.status, LABELS.get(run.status, run.status)
        is_running = run.status == "running" and run.started_at
        self.since = run.started_at.isoformat() if is_running else ""
        self.duration = words.duration(run.duration_s)
        self.cost = words.money(run.cost_usd)
        self.saved = f"saved {words.money(run.saved_usd)}" if run.saved_usd else ""
        self.tokens = tokens_of(run)
        self.error, self.error_node = run.error or "", run.error_node or ""
        self.has_outputs = run.status in FINISHED and bool(run.outputs)

    async def _new_outputs(self, run: RunView, rows: Sequence[StepRow]) -> list[Operation]:
        actor, runs = current_actor(self), backend().runs
        operations: list[Operation] = []
        for row in rows:
            if row.has_output and self._outputs_sent.get(row.name) != row.path:
                value = await runs.output(actor, run.id, row.path)
                operations.append(("put", output_key(row.name), shown(value, row.type)))
                self._outputs_sent[row.name] = row.path
        if self.has_outputs:
            operations.append(("put", "outputs", shown(run.outputs, "outputs")))
        return operations


def _again(run: RunView) -> str:
    if run.workflow_id:
        return f"/workflows/{run.workflow_id}?from={run.id}"
    return f"/w/{run.slug}?from={run.id}" if run.slug else ""


class _Pace:
    """Spaces out refreshes, the more the longer they take."""

    def __init__(self) -> None:
        self._has_news = False
        self._asked_at = 0.0
        self._due_at = 0.0

    def is_due(self, *, has_news: bool) -> bool:
        """Whether there is something to show, and it is time."""
        self._has_news |= has_news
        self._asked_at = time.monotonic()
        return self._has_news and self._asked_at >= self._due_at

    def rest(self) -> None:
        """A refresh has been made."""
        now = time.monotonic()
        self._has_news = False
        self._due_at = now + max(_REFRESH_S, 4 * (now - self._asked_at))


def _with_fields(question: Question, fields: list[Any]) -> Question:
    return Question(
        question.path, question.name, question.kind, question.message, question.until, fields
    )
