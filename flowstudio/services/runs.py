"""Runs: begin them; what else is done with them is in the bases of `RunService`."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict, Unpack

from flowstudio.engine.costs import CostRange
from flowstudio.engine.events import FINISHED
from flowstudio.engine.journal import NewRun, Seed
from flowstudio.engine.plan import Plan
from flowstudio.engine.runner import Outcome
from flowstudio.engine.seeds import kept_steps
from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.graph.canonical import content_hash, dump
from flowstudio.graph.document import Document
from flowstudio.graph.ids import new_id
from flowstudio.nodes.inputs import check_inputs, inputs_schema
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.costs import CostService
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.services.run_lists import RunFilter
from flowstudio.services.run_reading import RunView, duration_s
from flowstudio.services.run_steering import RunSteering
from flowstudio.services.subworkflows import PROJECT, WorkflowFinder

__all__ = ["RunFilter", "RunOptions", "RunService", "RunView", "duration_s"]

_PREPARED_KEPT = 64


def _no_span(_name: str, _attributes: Mapping[str, str]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document checked and written down, ready to be run any number of times."""

    document: Document
    hash: str
    body: bytes
    plan: Plan


class RunOptions(TypedDict, total=False):
    """How a run is made.

    Attributes:
        project_id: whose the run is; "" for what is run on this machine alone.
        workflow_id: of the stored workflow it runs.
        created_by: id of the person who starts it.
        version: number of the version of that workflow; None for its draft.
        slug: of the template it comes from.
        base: where it finds workflows it runs inside itself; see `WorkflowFinder`.
        run_id, depth: given for runs inside runs.
        rerun_of: id of the run whose finished steps it keeps.
        draft: JSON of what the editor asked for.
        seeds: events it begins with.
        queue: where it waits; by default that of people who look on.
        ready_at: it does not begin before this moment.
        dedup_key: while a run of the project with this key has not ended, that one is given back.
        first: done in the transaction that makes the run; if it gives false, none is made.
    """

    project_id: str
    workflow_id: str
    created_by: str
    version: int | None
    slug: str
    max_cost_usd: Decimal | None
    trigger: str
    use_cache: bool
    base: str
    run_id: str
    depth: int
    rerun_of: str
    draft: str
    seeds: Sequence[Seed]
    queue: str
    ready_at: datetime | None
    dedup_key: str
    first: Callable[[Any], bool] | None


class RunService(RunSteering):
    """Use cases of runs; each asks `authorize` first.

    Attributes:
        parts, dispatcher, resources: what runs, for services that make or follow their own.
    """

    def __init__(
        self,
        parts: RunParts,
        dispatcher: Dispatcher,
        finder: WorkflowFinder,
        costs: CostService,
        max_cost_usd: Decimal | None,
    ) -> None:
        super().__init__(parts, dispatcher, max_cost_usd)
        self.parts, self.dispatcher = parts, dispatcher
        self._engine = parts.engine
        self._finder = finder
        self._costs = costs
        self.resources = costs.resources
        self._prepared: OrderedDict[tuple[int, str], Prepared] = OrderedDict()
        #: Says which span a run is made in; replaced where traces are sent.
        self.trace: Callable[[], str] = str
        #: A span around what makes runs, by its name and attributes; replaced as well.
        self.span: Callable[[str, Mapping[str, str]], AbstractContextManager[None]] = _no_span

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
        is_new = record is not None and record.status == "queued" and record.owner != ""
        if is_new and not await self._dispatcher.holders.is_elsewhere(run_id):
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
        run_id, queue = options.get("run_id") or new_id(), options.get("queue", "interactive")
        run = NewRun(
            id=run_id,
            document_hash=prepared.hash,
            workflow=document.name,
            slug=options.get("slug", ""),
            inputs=check_inputs(inputs_schema(document), inputs),
            trigger=options.get("trigger", "manual"),
            created_at=self._parts.clock.now(),
            steps_total=len(document.nodes),
            owner=self._owner(run_id, queue, options),
            max_cost_usd=min(limits, default=None),
            use_cache=options.get("use_cache", True),
            depth=options.get("depth", 0),
            base=base,
            project_id=options.get("project_id", ""),
            workflow_id=options.get("workflow_id", ""),
            created_by=options.get("created_by", ""),
            version=options.get("version"),
            rerun_of=options.get("rerun_of", ""),
            draft=options.get("draft", ""),
            queue=queue,
            ready_at=options.get("ready_at"),
            dedup_key=_dedup_key(options),
            trace=self.trace(),
        )
        first = options.get("first")
        last = self._dispatcher.admission.hand_over_of(run)
        is_made = await self._journal.create(
            run, prepared.body, options.get("seeds", ()), first, last
        )
        if not is_made and first is not None:
            # Nothing waits under this id.
            self._dispatcher.admission.is_left(run_id)
        if not is_made and run.dedup_key:
            return await self._journal.find_keyed(run.dedup_key) or run.id
        return run.id

    def _owner(self, run_id: str, queue: str, options: RunOptions) -> str:
        if options.get("depth"):
            # The run around it has its place already, and waits for it.
            return self._dispatcher.owner
        return self._dispatcher.admission.owner_of(
            run_id,
            queue,
            options.get("project_id", ""),
            options.get("workflow_id", ""),
            options.get("ready_at"),
        )

    async def rerun(
        self, actor: Actor, run_id: str, from_path: str | None = None, *, launch: bool = True
    ) -> str:
        """Begin a new run that keeps what finished in an ended one; gives its id.

        A step that failed or did not finish runs again, with all below it; of a run that succeeded,
        everything. With `from_path`, that step runs again with all below it; inside a container,
        the whole outermost container does. Without `launch` the run is only made.

        Raises:
            ConflictError: the run goes on, or the editor made it.
            NotFoundError: no such run, or no such step in it.
        """
        record = await self._allowed(actor, "run.steer", run_id)
        if record.status not in FINISHED:
            raise ConflictError(f"Run {run_id} goes on still: {record.status}.")
        if record.draft:
            raise ConflictError(f"Run {run_id} was made in the editor; run its nodes there again.")
        document = await self._document(record)
        again = from_path.partition("/")[0] if from_path else None
        names = {node.name for node in document.nodes if node.parent is None}
        if again is not None and again not in names:
            raise NotFoundError(f"There is no step {from_path!r} in run {run_id}.")
        seeds: list[Seed] = []
        if again is not None or record.status != "succeeded":
            events = [event async for event in self._journal.read(run_id)]
            seeds = kept_steps(document, events, run_id, self._parts.clock.now(), again)
        new_run_id = await self.create_unchecked(
            document,
            record.inputs,
            rerun_of=run_id,
            seeds=seeds,
            created_by=actor.id,
            trigger="api" if actor.key_id else "manual",
            slug=record.slug,
            project_id=record.project_id,
            workflow_id=record.workflow_id,
            base=record.base,
            use_cache=record.use_cache,
            max_cost_usd=record.max_cost_usd,
        )
        if launch:
            self._dispatcher.launch(new_run_id)
        return new_run_id

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
        return await self._dispatcher.holders.is_elsewhere(run_id)

    async def predict(
        self, actor: Actor, document: Document, inputs: Mapping[str, Any], base: str = ""
    ) -> CostRange:
        """What a run is going to cost, before it is made.

        Raises:
            InvalidDocumentError: with every problem.
        """
        authorize(actor, "template.read")
        return await self._costs.predict(self.prepare(document, base).plan, inputs)


def _dedup_key(options: RunOptions) -> str:
    key = options.get("dedup_key", "")
    return f"{options.get('project_id', '')}/{key}" if key else ""


def base_of(path: Path) -> str:
    """The folder in which a workflow file finds those it runs inside itself."""
    return str(path.resolve().parent)


def base_of_project(project_id: str) -> str:
    """Where a project's runs find the workflows they run inside themselves."""
    return f"{PROJECT}{project_id}"
