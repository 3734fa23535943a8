"""State of a run's page."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import reflex as rx
from pydantic import Field as Limits

from flowstudio.engine.events import FINISHED, Event
from flowstudio.errors import FlowStudioError, InvalidInputError, NotFoundError
from flowstudio.services.access import Target, is_allowed
from flowstudio.services.batches import batches
from flowstudio.services.runs import RunView
from flowstudio.services.timelines import Timeline
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import Operation, frames_of, push
from flowstudio.ui.presence import open_feed
from flowstudio.ui.run import showing
from flowstudio.ui.run.feed import TextFeed
from flowstudio.ui.run.log_lines import log_text
from flowstudio.ui.run.present import Question, progress, questions, shown, tokens_of
from flowstudio.ui.run.sending import Sender
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.answers import QUESTION
from flowstudio.ui.widgets.fields import read_form, with_problems
from flowstudio.ui.widgets.pill import LABELS
from flowstudio.ui.widgets.run_table import steps_of
from flowstudio.ui.widgets.triggers import trigger_word

_REFRESH_S = 0.12
_PARKED_S = 1.5
_STEPS_AT_ONCE = 60
_LINES_AT_ONCE = 200
Rows = Annotated[int, Limits(ge=0, le=1_000)]


class RunState(rx.State):
    """One run. Steps, text and outputs travel beside the state, through `flowstudio.ui.live`.

    Attributes:
        run: its id as shown, "" while there is none.
        workflow: address of the one it is a run of, where it is kept.
        failed_step: of a failed run, where it can be run again from.
        selected: path of the step whose details are shown.
    """

    loaded: bool = False
    missing: bool = False
    run: str = ""
    title: str = ""
    began: str = ""
    workflow: str = ""
    again: str = ""
    failed_step: str = ""
    can_rerun: bool = False
    may_steer: bool = False
    may_answer: bool = False
    may_delete: bool = False
    earlier: str = ""
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
    has_picture: bool = False
    selected: str = ""
    questions: list[Question] = []
    problems: list[str] = []
    problems_at: str = ""

    _seen: dict[str, int] = {}
    _opened: dict[str, int] = {}
    _steps_shown: int = _STEPS_AT_ONCE
    _lines_shown: int = _LINES_AT_ONCE
    _seq: int = 0
    _is_leaving: bool = False

    @guarded("run.read")
    async def load(self) -> Any:
        """Show the run of the address as the database knows it, then follow it."""
        self._is_leaving = False
        actor, runs = current_actor(self), backend().runs
        self._seen, self.problems = {}, []
        try:
            run = await runs.get(actor, self._id())
        except NotFoundError:
            self.missing, self.loaded = True, True
            return None
        if self.run != run.id:
            self.run, self.selected, self._opened = run.id, "", {}
            self.questions = []
            self._steps_shown, self._lines_shown = _STEPS_AT_ONCE, _LINES_AT_ONCE
        self.missing = False
        timeline = await runs.timeline(actor, run.id)
        self._seq = timeline.seq
        self._show_head(run)
        sender = Sender(self._seen)
        self.has_picture = showing.picture(sender, run.document, backend().registry)
        await self._refresh(run, timeline, sender)
        await self._send_log(sender)
        self.loaded = True
        first: list[Operation] = [("clear", "", None)]
        if run.inputs:
            first.append(("put", "inputs", shown(run.inputs, "inputs")))
        return [push(*first, *sender.operations), RunState.follow]

    @guarded("run.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Send what happens until the run ends or parks, or the page is left."""
        actor, run_id, runs = current_actor(self), self._id(), backend().runs
        if not run_id:
            return
        timeline, seq = await runs.timeline(actor, run_id), self._seq
        text, pace, told = TextFeed(), _Pace(), -1
        with open_feed(self, "run.read", self._look(run_id)) as feed:
            while await feed.goes_on():
                async for events in batches(runs.watch(actor, run_id, seq)):
                    if not await feed.goes_on():
                        return
                    stored: list[Event] = [event for event in events if event.seq]
                    timeline.feed(stored)
                    seq = max([seq, *(event.seq for event in stored)])
                    operations = text.operations(events)
                    if lines := log_text(events):
                        operations.append(("add", "log", lines))
                    for frame in frames_of(operations):
                        yield push(*frame)
                    if pace.is_due(has_news=bool(stored)):
                        yield await self._send(timeline, run_id)
                        pace.rest()
                if seq != told:
                    yield await self._send(timeline, run_id)
                    told = seq
                if (await runs.find(actor, run_id)).status in FINISHED:
                    return
                # It waits outside of memory, and may be answered or go on elsewhere.
                await asyncio.sleep(_PARKED_S)

    def _look(self, run_id: str) -> Callable[[], Awaitable[object]]:
        return lambda: backend().runs.find(current_actor(self), run_id)

    async def _send(self, timeline: Timeline, run_id: str) -> Any:
        async with self:
            # The tab may show another page by now, whose run is another or none.
            if self._id() != run_id or self.run != run_id:
                return None
            run = await backend().runs.get(current_actor(self), run_id)
            sender = Sender(self._seen)
            self._seq = max(self._seq, timeline.seq)
            await self._refresh(run, timeline, sender)
            return push(*sender.operations)

    @guarded("run.read")
    async def select(self, path: str) -> Any:
        """Show the details of a step; of none when the path is empty."""
        timeline = await backend().runs.timeline(current_actor(self), self._id())
        # The picture knows nodes: of one in a container, the execution that its card shows is meant.
        tally = timeline.tallies.get(path)
        self.selected = (tally.shown if tally is not None else "") or path[:1_000]
        return await self._show()

    @guarded("run.read")
    async def open_rows(self, path: str, rows: Rows) -> Any:
        """Show so many rows inside a part of the timeline."""
        if len(self._opened) < 1_000:
            self._opened[path] = rows
        return await self._show()

    @guarded("run.read")
    async def more_steps(self) -> Any:
        """Show the next steps' cards too."""
        self._steps_shown += _STEPS_AT_ONCE
        return await self._show()

    @guarded("run.read")
    async def earlier_lines(self) -> Any:
        """Show more of the log's beginning."""
        self._lines_shown = min(self._lines_shown * 4, 20_000)
        sender = Sender(self._seen)
        await self._send_log(sender)
        return push(*sender.operations)

    async def _show(self) -> Any:
        actor, runs = current_actor(self), backend().runs
        run = await runs.get(actor, self._id())
        sender = Sender(self._seen)
        await self._refresh(run, await runs.timeline(actor, run.id), sender)
        return push(*sender.operations)

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

    @guarded("run.steer")
    async def rerun(self, path: str) -> Any:
        """Run again from a step, or from what did not finish, and show the new run."""
        actor = current_actor(self)
        if self._is_leaving:
            # A second press, on the way to the first one's run.
            return None
        new_id = await backend().runs.rerun(actor, self._id(), path or None)
        self._is_leaving = True
        return rx.redirect(f"/runs/{new_id}")

    @guarded("run.answer")
    async def decide(self, path: str, approved: bool, comment: str) -> Any:
        """Approve or reject what a step asks for."""
        return await self._answer(path, {"approved": approved, "comment": comment})

    @guarded("run.answer")
    async def fill_in(self, form: dict[str, Any]) -> Any:
        """Answer a step's form; errors come back at the fields."""
        path = str(form.pop(QUESTION, ""))
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
            self.problems, self.problems_at = list(error.problems), path
            for index, question in enumerate(self.questions):
                if question.path == path:
                    fields, self.problems = with_problems(question.fields, self.problems)
                    self.questions[index] = _with_fields(question, fields)
            return None
        return RunState.load

    def _id(self) -> str:
        return str(getattr(self, "run_id", ""))

    async def _refresh(self, run: RunView, timeline: Timeline, sender: Sender) -> None:
        """Set the vars, and send what the browser has not seen."""
        self._show_run(run)
        self._show_progress(run, timeline)
        # What was answered wrongly stays marked as long as it is asked.
        known = {question.path: question for question in self.questions}
        self.questions = [known.get(one.path, one) for one in questions(timeline)]
        registry = backend().registry
        showing.states(sender, run.document, timeline, has_picture=self.has_picture)
        showing.timeline(sender, run, timeline, self._opened, registry)
        rows = showing.steps(sender, run.document, timeline, registry, self._steps_shown)
        await self._send_outputs(run, sender, rows)
        if self.has_outputs:
            sender.put("outputs", shown(run.outputs, "outputs"))
        await self._send_detail(run, timeline, sender)

    async def _send_outputs(
        self, run: RunView, sender: Sender, rows: list[tuple[str, str, str]]
    ) -> None:
        actor, runs = current_actor(self), backend().runs
        for key, path, kind in rows:
            # What a path gave does not change, so it is loaded once.
            if not sender.is_new(f"of:{key}", path):
                continue
            try:
                sender.put(key, shown(await runs.output(actor, run.id, path), kind))
            except NotFoundError:
                # Its end was heard of before it reached the disk; the next look finds it.
                sender.forget(f"of:{key}")

    async def _send_detail(self, run: RunView, timeline: Timeline, sender: Sender) -> None:
        mark = showing.mark(timeline, self.selected, run.status)
        if not sender.is_new("of:detail", mark):
            return
        if not self.selected:
            sender.put("detail", None)
            return
        try:
            found = await backend().runs.step(current_actor(self), run.id, self.selected)
        except FlowStudioError as error:
            sender.put("detail", {"path": self.selected, "problem": str(error)})
            return
        can_rerun = run.status in FINISHED and self.can_rerun
        showing.detail(sender, found, backend().registry, run, can_rerun=can_rerun)

    async def _send_log(self, sender: Sender) -> None:
        events = await backend().runs.latest_events(
            current_actor(self), self._id(), before=self._seq + 1, limit=self._lines_shown
        )
        sender.put("log", log_text(events, most=self._lines_shown))
        is_whole = not events or events[0].seq == 1
        sender.put("log-earlier", not is_whole)

    def _show_head(self, run: RunView) -> None:
        self.title = run.workflow
        version = f" · version {run.version}" if run.version else ""
        self.began = f"{words.moment(run.created_at)} · {trigger_word(run.trigger)}{version}"
        self.workflow = f"/workflows/{run.workflow_id}" if run.workflow_id else ""
        self.again = _again(run)
        self.can_rerun = not run.draft
        self.earlier = run.rerun_of
        self.has_inputs = bool(run.inputs)
        self.may_steer, self.may_answer, self.may_delete = (
            is_allowed(current_actor(self), verb, Target("run", run.id, run.project_id))
            for verb in ("run.steer", "run.answer", "run.delete")
        )

    def _show_run(self, run: RunView) -> None:
        self.status, self.label = run.status, LABELS.get(run.status, run.status)
        is_running = run.status == "running" and run.started_at
        self.since = run.started_at.isoformat() if is_running else ""
        self.duration = words.duration(run.duration_s)
        self.cost = words.money(run.cost_usd)
        self.saved = f"saved {words.money(run.saved_usd)}" if run.saved_usd else ""
        self.tokens = tokens_of(run)
        self.error, self.error_node = run.error or "", run.error_node or ""
        self.failed_step = self.error_node if run.status == "failed" and self.can_rerun else ""
        self.has_outputs = run.status in FINISHED and bool(run.outputs)

    def _show_progress(self, run: RunView, timeline: Timeline) -> None:
        taken = steps_of(run.status, run.record.steps_done, run.record.steps_total)
        self.progress = f"{taken} {'step' if taken == '1' else 'steps'}"
        # How near the end is, where what is skipped counts, too.
        done, total = progress(run.document, timeline)
        self.percent = -1 if run.status in FINISHED else round(100 * done / max(total, 1))


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
