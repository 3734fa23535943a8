"""State of a workflow's page."""

from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import InvalidDocumentError, InvalidInputError, NotFoundError
from flowstudio.graph.document import Document
from flowstudio.services.access import Actor
from flowstudio.services.runs import base_of_project
from flowstudio.services.workflows import RunWish
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import current_project, project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.widgets.drawing import Drawing, draw_large
from flowstudio.ui.widgets.fields import Field, fields_of, read_form, with_problems
from flowstudio.ui.widgets.prediction import cost_of_defaults, inputs_schema
from flowstudio.ui.widgets.run_table import RunRow, run_row

_HISTORY = 10


class WorkflowState(rx.State):
    """One workflow: an example, opened by its slug, or a project's own, opened by its id.

    Attributes:
        is_stored: it is a project's own.
        copy_action, copy_project: where an example's copy is asked for.
        export: where a stored one's file is.
    """

    is_stored: bool = False
    may_run: bool = False
    copy_action: str = ""
    copy_project: str = ""
    export: str = ""
    loaded: bool = False
    missing: bool = False
    form_key: str = ""
    _is_leaving: bool = False
    title: str = ""
    description: str = ""
    cost: str = ""
    drawing: Drawing = Drawing()
    states: dict[str, str] = {}
    fields: list[Field] = []
    problems: list[str] = []
    runs: list[RunRow] = []

    @guarded("template.read")
    async def load(self) -> None:
        """Show the workflow of the address; `?from=<run>` fills in that run's inputs."""
        actor = current_actor(self)
        self.problems = []
        self.is_stored = bool(self._workflow_id())
        try:
            document, base = await (
                self._open_stored(actor) if self.is_stored else self._open_example(actor)
            )
            earlier = await self._earlier_inputs(actor)
        except NotFoundError:
            self.missing, self.loaded = True, True
            return
        self.missing = self._is_leaving = False
        self.form_key = self.router.url.path + self.router.url.query
        self.title, self.description = document.name, document.description
        self.drawing = draw_large(document, backend().registry)
        self.fields = fields_of(inputs_schema(document), earlier)
        self.cost = "" if self.problems else await cost_of_defaults(actor, document, base)
        await self._list_runs(actor)
        self.loaded = True

    @guarded("workflow.run")
    async def start(self, form: dict[str, Any]) -> Any:
        """Run the workflow with what the form holds, and go to the run."""
        actor = current_actor(self)
        document, _ = await (
            self._open_stored(actor) if self._workflow_id() else self._open_example(actor)
        )
        reading = read_form(inputs_schema(document), form)
        self.fields, self.problems = reading.fields, []
        if not reading.is_valid or self._is_leaving:
            # A second press, on the way to the first one's run.
            return None
        try:
            run_id = await self._start(actor, reading.values)
            self._is_leaving = True
        except InvalidInputError as error:
            self.fields, self.problems = with_problems(reading.fields, list(error.problems))
            return None
        except InvalidDocumentError as error:
            self.problems = [str(problem) for problem in error.problems]
            return None
        if not run_id:
            self._is_leaving = False
            return toast("You belong to no project yet; ask to be invited to one.", tone="error")
        return rx.redirect(f"/runs/{run_id}")

    async def _start(self, actor: Actor, values: dict[str, Any]) -> str:
        if self._workflow_id():
            wish = RunWish(values)
            return await backend().studio.workflows.run(actor, self._workflow_id(), wish)
        project_id = await current_project(self)
        if not project_id:
            return ""
        return await backend().runs.start_template(
            actor, self._slug(), values, project_id=project_id
        )

    async def _open_example(self, actor: Actor) -> tuple[Document, str]:
        document = backend().templates.get(actor, self._slug()).document
        project_id = await current_project(self)
        self.may_run = project_id in actor.projects_with("workflow.run")
        may_copy = project_id in actor.projects_with("workflow.create")
        self.copy_action = f"/api/v1/templates/{self._slug()}/copy" if may_copy else ""
        self.copy_project = project_id
        return document, ""

    async def _open_stored(self, actor: Actor) -> tuple[Document, str]:
        found = await backend().studio.workflows.get(actor, self._workflow_id())
        project_id = found.record.project_id
        self.may_run = project_id in actor.projects_with("workflow.run")
        may_export = project_id in actor.projects_with("workflow.export")
        self.export = f"/api/v1/workflows/{found.record.id}/export" if may_export else ""
        self.problems = [str(problem) for problem in found.problems]
        return found.document, base_of_project(project_id)

    def _workflow_id(self) -> str:
        return str(getattr(self, "workflow_id", ""))

    def _slug(self) -> str:
        return str(getattr(self, "slug", ""))

    async def _earlier_inputs(self, actor: Actor) -> dict[str, Any] | None:
        run_id = self.router.url.query_parameters.get("from")
        return dict((await backend().runs.get(actor, run_id)).inputs) if run_id else None

    async def _list_runs(self, actor: Actor) -> None:
        if self._workflow_id():
            runs = await backend().runs.list(actor, workflow_id=self._workflow_id(), limit=_HISTORY)
        else:
            project = await project_filter(self)
            runs = await backend().runs.list(actor, slug=self._slug(), limit=_HISTORY, **project)
        now = utc_now()
        self.runs = [run_row(run, now) for run in runs]
