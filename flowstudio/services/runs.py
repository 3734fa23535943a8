"""Runs: start, watch, steer and read them."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from flowstudio.engine.contract import CostRange
from flowstudio.engine.events import FINISHED, Event
from flowstudio.engine.journal import DamagedEvent, NewRun
from flowstudio.engine.plan import Plan
from flowstudio.engine.runner import Outcome
from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.graph.canonical import content_hash, dump, load
from flowstudio.graph.document import Document, parse_document
from flowstudio.graph.ids import new_id
from flowstudio.nodes.inputs import check_inputs, inputs_schema
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.answers import check_answer, check_asked
from flowstudio.services.costs import CostService
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.services.steps import StepBook, StepView
from flowstudio.services.subworkflows import PROJECT, WorkflowFinder
from flowstudio.services.watching import Watch
from flowstudio.store.runs import RunRecord

_PREPARED_KEPT = 64
#: Of no project: whoever is asked about it is a stranger there.
_NO_PROJECT = "-"
# Inside the class below, `list` is its method.
_Records = list[RunRecord]
_Steps = list[StepView]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document checked and written down, ready to be run any number of times."""

    document: Document
    hash: str
    body: bytes
    plan: Plan


@dataclass(frozen=True, slots=True)
class RunView:
    """A whole run but for its steps."""

    record: RunRecord
    document: Document
    outputs: dict[str, Any] | None

    def __getattr__(self, name: str) -> Any:
        """The record's fields, as if they were this view's own."""
        return getattr(self.record, name)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, or None before either."""
        return duration_s(self.record)


def duration_s(record: RunRecord, now: datetime | None = None) -> float | None:
    """Seconds from a run's start to its end, or to `now` while it goes on."""
    end = record.finished_at or now
    if record.started_at is None or end is None:
        return None
    return (end - record.started_at).total_seconds()


class RunOptions(TypedDict, total=False):
    """How a run is made.

    Attributes:
        project_id: whose the run is; "" for what is run on this machine alone.
        workflow_id: of the stored workflow it runs.
        created_by: id of the person who starts it.
        slug: of the template it comes from.
        base: where it finds workflows it runs inside itself; see `WorkflowFinder`.
        run_id, depth: given for runs inside runs.
    """

    project_id: str
    workflow_id: str
    created_by: str
    slug: str
    max_cost_usd: Decimal | None
    trigger: str
    use_cache: bool
    base: str
    run_id: str
    depth: int


class RunFilter(TypedDict, total=False):
    """What runs of a list have in common."""

    project_id: str
    workflow_id: str
    slug: str


class RunService:
    """Use cases of runs; each asks `authorize` first."""

    def __init__(
        self,
        parts: RunParts,
        dispatcher: Dispatcher,
        finder: WorkflowFinder,
        costs: CostService,
        max_cost_usd: Decimal | None,
    ) -> None:
        self._parts = parts
        self._engine = parts.engine
        self._journal = parts.journal
        self._store = parts.store
        self._dispatcher = dispatcher
        self._finder = finder
        self._costs = costs
        self._max_cost_usd = max_cost_usd
        self._prepared: OrderedDict[tuple[int, str], Prepared] = OrderedDict()

    # Starting

    async def start(
        self,
        actor: Actor,
        document: Document,
        inputs: Mapping[str, Any],
        **options: Unpack[RunOptions],
    ) -> str:
        """Begin a run of any document in the background of this process; gives its id.

        Raises:
            InvalidDocumentError: with every problem of the document.
            InvalidInputError: with every problem of the inputs.
        """
        run_id = await self.create(actor, document, inputs, **options)
        self._dispatcher.launch(run_id)
        return run_id

    async def start_template(
        self,
        actor: Actor,
        slug: str,
        inputs: Mapping[str, Any],
        *,
        project_id: str,
        max_cost_usd: Decimal | None = None,
    ) -> str:
        """Begin a run of a shipped example, which needs no right to change workflows.

        Raises:
            NotFoundError: there is no such example, or no such project.
            InvalidInputError: with every problem of the inputs.
        """
        authorize(actor, "workflow.run", Target("project", project_id, project_id))
        document = self._finder.template(actor, slug)
        run_id = await self.create_unchecked(
            document,
            inputs,
            slug=slug,
            project_id=project_id,
            created_by=actor.id,
            base=base_of_project(project_id),
            max_cost_usd=max_cost_usd,
        )
        self._dispatcher.launch(run_id)
        return run_id

    async def exists(self, run_id: str) -> bool:
        """Whether a run was made; for whoever chose its id."""
        return await self._store.find(run_id) is not None

    def launch(self, run_id: str) -> None:
        """Advance a run that was created before, in the background of this process."""
        self._dispatcher.launch(run_id)

    async def take_up(self, run_id: str) -> bool:
        """Launch a run that was made but not begun, unless another process has it.

        Gives whether there is such a run at all, begun or not.
        """
        record = await self._store.find(run_id)
        is_new = record is not None and record.status == "queued"
        if is_new and not await self._dispatcher.is_elsewhere(run_id):
            self._dispatcher.launch(run_id)
        return record is not None

    async def create(
        self,
        actor: Actor,
        document: Document,
        inputs: Mapping[str, Any],
        **options: Unpack[RunOptions],
    ) -> str:
        """Store a new run without advancing it; gives its id."""
        project_id = options.get("project_id", "")
        authorize(actor, "run.document", Target("project", project_id, project_id))
        if project_id:
            options["base"] = base_of_project(project_id)
        options["created_by"] = actor.id
        return await self.create_unchecked(document, inputs, **options)

    async def create_unchecked(
        self, document: Document, inputs: Mapping[str, Any], **options: Unpack[RunOptions]
    ) -> str:
        """As `create`, for whoever has asked `authorize` already, and for runs inside runs."""
        base = options.get("base", "")
        prepared = self.prepare(document, base)
        wished = options.get("max_cost_usd")
        limits = [limit for limit in (wished, self._max_cost_usd) if limit is not None]
        run = NewRun(
            id=options.get("run_id") or new_id(),
            document_hash=prepared.hash,
            workflow=document.name,
            slug=options.get("slug", ""),
            inputs=check_inputs(inputs_schema(document), inputs),
            trigger=options.get("trigger", "manual"),
            created_at=self._parts.clock.now(),
            steps_total=len(document.nodes),
            owner=self._dispatcher.owner,
            max_cost_usd=min(limits, default=None),
            use_cache=options.get("use_cache", True),
            depth=options.get("depth", 0),
            base=base,
            project_id=options.get("project_id", ""),
            workflow_id=options.get("workflow_id", ""),
            created_by=options.get("created_by", ""),
        )
        await self._journal.create(run, prepared.body)
        return run.id

    def check(self, document: Document, inputs: Mapping[str, Any], base: str = "") -> None:
        """Find out whether a run can be made of this.

        Raises:
            InvalidDocumentError: with every problem of the document.
            InvalidInputError: with every problem of the inputs.
        """
        self.prepare(document, base)
        check_inputs(inputs_schema(document), inputs)

    def prepare(self, document: Document, base: str = "") -> Prepared:
        """Check a document and write it down, once.

        Raises:
            InvalidDocumentError: with every problem.
        """
        key = (id(document), base)
        if (prepared := self._prepared.get(key)) is not None:
            return prepared
        plan = self._engine.plan(document, self._finder.within(base))
        body = dump(document.dump())
        prepared = Prepared(document, content_hash(body), body, plan)
        self._engine.remember(prepared.hash, plan)
        self._prepared[key] = prepared
        if len(self._prepared) > _PREPARED_KEPT:
            self._prepared.popitem(last=False)
        return prepared

    async def carry(self, actor: Actor, run_id: str) -> Outcome:
        """Advance a run in the caller's task, as far as it goes."""
        if actor.role != "operator":
            await self._allowed(actor, "run.steer", run_id)
        return await self._dispatcher.run_here(run_id)

    async def is_elsewhere(self, actor: Actor, run_id: str) -> bool:
        """Whether another living process advances the run."""
        await self._allowed(actor, "run.read", run_id)
        return await self._dispatcher.is_elsewhere(run_id)

    # Reading

    async def find(self, actor: Actor, run_id: str) -> RunRecord:
        """One run as lists show it.

        Raises:
            NotFoundError: no such run, or none that the actor may see.
        """
        return await self._allowed(actor, "run.read", run_id)

    async def _allowed(self, actor: Actor, verb: str, run_id: str) -> RunRecord:
        record = await self._store.find(run_id)
        # What is not there answers as what belongs to others does.
        project_id = record.project_id if record is not None else _NO_PROJECT
        authorize(actor, verb, Target("run", run_id, project_id))
        if record is None:
            raise NotFoundError(f"There is no run {run_id!r}.")
        return record

    async def get(self, actor: Actor, run_id: str) -> RunView:
        """One run with its document and outputs.

        Raises:
            NotFoundError: no such run.
        """
        record = await self.find(actor, run_id)
        document = await self._document(record)
        outputs = await self._journal.outputs(run_id) if record.status == "succeeded" else None
        return RunView(record, document, load(outputs) if outputs is not None else None)

    async def _document(self, record: RunRecord) -> Document:
        return parse_document(load(await self._journal.document(record.document_hash)))

    async def list(
        self,
        actor: Actor,
        *,
        status: str | None = None,
        limit: int = 50,
        before: str | None = None,
        **only: Unpack[RunFilter],
    ) -> _Records:
        """The latest of the runs the actor may see, newest first.

        Args:
            actor: who asks.
            status: one, or `unfinished`.
            limit: how many at most.
            before: the last id seen.
            only: other things that must be equal.
        """
        statuses: tuple[str, ...] = (status,) if status else ()
        if status == "unfinished":
            statuses = ("queued", "running", "waiting", "paused")
        projects = _seen_projects(actor, only.get("project_id"))
        return await self._store.list_runs(
            statuses=statuses,
            projects=projects,
            limit=limit,
            before=before,
            equal=cast("Mapping[str, str]", only),
        )

    async def steps(self, actor: Actor, run_id: str) -> _Steps:
        """All steps that began or were skipped, in the order they did."""
        return await self._steps(await self.find(actor, run_id))

    async def _steps(self, record: RunRecord | None) -> _Steps:
        if record is None:
            return []
        book = StepBook(await self._document(record))
        async for event in self._journal.read(record.id):
            book.apply(event)
        return [*book.steps.values()]

    async def output(self, actor: Actor, run_id: str, path: str) -> Any:
        """The output of one step.

        Raises:
            NotFoundError: the step has none.
        """
        steps = await self.steps(actor, run_id)
        for step in steps:
            if step.path == path and step.seq:
                return load(await self._journal.load_output(run_id, step.seq))
        raise NotFoundError(f"Step {path!r} of run {run_id} has no output.")

    async def events(
        self, actor: Actor, run_id: str, after: int = 0
    ) -> AsyncIterator[Event | DamagedEvent]:
        """Stored events after that number, in order; outputs as references."""
        await self.find(actor, run_id)
        async for event in self._journal.read(run_id, after):
            yield event

    async def watch(self, actor: Actor, run_id: str, after: int = 0) -> AsyncIterator[Event]:
        """Stored events after that number, then live ones; ends when the run ends or parks."""
        await self.find(actor, run_id)
        async for event in Watch(self._parts, run_id, after).events():
            yield event

    async def predict(
        self, actor: Actor, document: Document, inputs: Mapping[str, Any], base: str = ""
    ) -> CostRange:
        """What a run is going to cost, before it is made.

        Raises:
            InvalidDocumentError: with every problem.
        """
        authorize(actor, "template.read")
        return await self._costs.predict(self.prepare(document, base).plan, inputs)

    # Steering

    async def cancel(self, actor: Actor, run_id: str, *, launch: bool = True) -> None:
        """Stop a run for good; what it is doing ends within a second.

        Without `launch`, a run that nobody advances is only marked, for the caller to `carry`.

        Raises:
            ConflictError: it has ended already.
        """
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
            await self._reopen_inner(run_id)
        if record.status in ("paused", "failed") or wish:
            await self._dispatcher.send(run_id, "resume", data=wish, take_up=launch)
        elif launch and not await self._dispatcher.is_elsewhere(run_id):
            self._dispatcher.launch(run_id)

    def _capped(self, max_cost_usd: Decimal) -> Decimal:
        return min(max_cost_usd, self._max_cost_usd or max_cost_usd)

    async def _reopen_inner(self, run_id: str) -> None:
        """Have the inner runs tried again through which a run's steps failed."""
        inner_ids = await self._store.list_inner(run_id, ("failed",))
        if not inner_ids:
            return
        steps = await self._steps(await self._store.find(run_id))
        failed = {step.path for step in steps if step.status == "failed" and not step.seq}
        for inner_id in inner_ids:
            inner = await self._store.find(inner_id)
            if inner is not None and inner.trigger.split(":", 2)[-1] in failed:
                await self._reopen_inner(inner_id)
                await self._dispatcher.send(inner_id, "resume", take_up=False)

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
            ConflictError: that step waits for nothing.
            AccessDeniedError: it asks others.
            InvalidInputError: the answer does not fit.
        """
        record = await self._allowed(actor, "run.answer", run_id)
        for step in await self._steps(record):
            if step.path == path and step.waiting is not None:
                check_asked(step.waiting, actor, record.project_id)
                checked = check_answer(step.waiting, answer, actor.name)
                await self._dispatcher.send(run_id, "answer", path, checked, take_up=launch)
                return
        raise ConflictError(f"Step {path!r} of run {run_id} is not waiting for an answer.")

    async def _unfinished(self, actor: Actor, run_id: str) -> None:
        record = await self._allowed(actor, "run.steer", run_id)
        if record.status in FINISHED:
            raise ConflictError(f"Run {run_id} has ended already: {record.status}.")


def _seen_projects(actor: Actor, project_id: str | None) -> tuple[str, ...] | None:
    """The projects whose runs the actor may list; None for all there are."""
    if project_id is not None:
        authorize(actor, "run.read", Target("project", project_id, project_id))
        return (project_id,)
    if actor.role == "operator":
        return None
    # Asks for an account, and of a key for its scope; what is seen are the projects below.
    authorize(actor, "run.list")
    alone = ("",) if actor.role == "admin" and not actor.project_id else ()
    return (*actor.projects_with("run.read"), *alone)


def base_of(path: Path) -> str:
    """The folder in which a workflow file finds those it runs inside itself."""
    return str(path.resolve().parent)


def base_of_project(project_id: str) -> str:
    """Where a project's runs find the workflows they run inside themselves."""
    return f"{PROJECT}{project_id}"
