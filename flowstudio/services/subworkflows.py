"""Workflows inside workflows: a step that is a run of its own."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flowstudio.engine.contract import NodeContext, Wait
from flowstudio.engine.runner import Broken, Ended, Lost, Parked
from flowstudio.errors import (
    InvalidDocumentError,
    InvalidInputError,
    JournalError,
    NotFoundError,
    StepError,
)
from flowstudio.graph.canonical import load
from flowstudio.graph.checks.subworkflows import MOST_NESTED
from flowstudio.graph.document import Document, read_document
from flowstudio.services.access import OPERATOR, Actor
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.inner_runs import INNER
from flowstudio.services.parts import RunParts
from flowstudio.services.templates import TemplateService
from flowstudio.store.runs import RunRecord

#: How the base of a run that belongs to a project begins; its id follows.
PROJECT = "project:"
Create = Callable[..., Any]
FindStored = Callable[[str, str], Document | None]


class WorkflowFinder:
    """Finds the workflow a node names.

    Where it looks is the base: a folder, for a file beside the outer one; `project:<id>`, for a
    workflow of that project by its id or name; and for both the last and no base, the examples.
    """

    def __init__(self, templates: TemplateService, find_stored: FindStored | None = None) -> None:
        """Look among the templates, and with `find_stored(project id, reference)` in projects."""
        self._templates = templates
        self._find_stored = find_stored

    def template(self, actor: Actor, slug: str) -> Document:
        """An example's document.

        Raises:
            NotFoundError: there is none of that name.
        """
        return self._templates.get(actor, slug).document

    def find(self, reference: str, base: str) -> Document:
        """The document named.

        Raises:
            NotFoundError: there is none, or the path leads outside the folder of the outer file.
            InvalidDocumentError: it cannot be read.
        """
        if base.startswith(PROJECT) and self._find_stored is not None:
            stored = self._find_stored(base.removeprefix(PROJECT), reference)
            if stored is not None:
                return stored
        if not base or base.startswith(PROJECT):
            return self._templates.get(OPERATOR, reference).document
        folder = Path(base).resolve()
        path = (folder / reference).resolve()
        if not path.is_relative_to(folder):
            raise NotFoundError(f"Workflow {reference!r} is outside the folder {folder}.")
        if not path.is_file():
            raise NotFoundError(f"There is no workflow file {path}.")
        return read_document(path.read_bytes())

    def within(self, base: str) -> Callable[[str], Document | None]:
        """A look-up for validation: None where there is nothing usable."""

        def find(reference: str) -> Document | None:
            try:
                return self.find(reference, base)
            except (NotFoundError, InvalidDocumentError):
                return None

        return find


class SubworkflowService:
    """Runs inner workflows for the `workflow` mode of integration nodes."""

    def __init__(
        self,
        parts: RunParts,
        finder: WorkflowFinder,
        dispatcher: Dispatcher,
        create: Create,
    ) -> None:
        self._store = parts.store
        self._journal = parts.journal
        self._finder = finder
        self._dispatcher = dispatcher
        self._create = create

    async def run(self, reference: str, inputs: Mapping[str, Any], context: NodeContext) -> Any:
        """Run a workflow inside a step; gives its outputs, or a `Wait` while it waits.

        The inner run's id follows from the step's key, so a step that is executed again after a
        crash takes up the same inner run.
        """
        run_id = str(uuid5(NAMESPACE_URL, context.idempotency_key))
        if await self._store.find(run_id) is None:
            await self._begin(run_id, reference, inputs, context)
        waits = Wait(kind="workflow", message=f"The inner run {run_id} waits.")
        if self._dispatcher.is_here(run_id) or await self._dispatcher.holders.is_elsewhere(run_id):
            return waits
        outcome = await self._dispatcher.run_here(run_id, context.run.id)
        if isinstance(outcome, Parked | Lost):
            return waits
        if isinstance(outcome, Broken):
            raise JournalError(outcome.reason)
        return await self._result(run_id, outcome, context)

    async def _begin(
        self, run_id: str, reference: str, inputs: Mapping[str, Any], context: NodeContext
    ) -> None:
        if context.run.depth + 1 > MOST_NESTED:
            raise StepError(
                f"Workflows are nested more than {MOST_NESTED} deep here; does one run itself?",
                retryable=False,
            )
        try:
            document = self._finder.find(reference, context.run.base)
            outer = await self._outer(context)
            await self._create(
                document,
                dict(inputs),
                run_id=run_id,
                slug=reference,
                max_cost_usd=context.remaining_usd(),
                trigger=f"{INNER}:{context.run.id}:{context.path}",
                depth=context.run.depth + 1,
                base=context.run.base,
                project_id=outer.project_id,
                created_by=outer.created_by,
                queue=outer.queue,
            )
        except NotFoundError as error:
            raise StepError(str(error), retryable=False) from error
        except (InvalidDocumentError, InvalidInputError) as error:
            message = f"The workflow {reference!r} cannot be run: {error}"
            raise StepError(message, retryable=False) from error

    async def _outer(self, context: NodeContext) -> RunRecord:
        outer = await self._store.find(context.run.id)
        if outer is None:
            raise NotFoundError(f"There is no run {context.run.id!r} any more.")
        return outer

    async def _result(self, run_id: str, outcome: Ended, context: NodeContext) -> Any:
        record = await self._store.find(run_id)
        # What an earlier execution of this step has counted is not counted again.
        counted, usage = await self._journal.spent(context.run.id, context.path)
        if record is not None and record.cost_usd > counted:
            async with context.spend(Decimal(0), "") as spending:
                spending.settle(record.cost_usd - counted, record.usage - usage, "")
        outputs = await self._journal.outputs(run_id)
        if outcome.status != "succeeded" or outputs is None:
            reason = record.error if record else outcome.status
            raise StepError(f"The inner workflow failed: {reason}", retryable=False)
        return load(outputs)
