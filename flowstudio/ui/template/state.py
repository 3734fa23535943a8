"""State of an example's page."""

from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import InvalidDocumentError, InvalidInputError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import current_project, project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.widgets.drawing import Drawing, draw_large
from flowstudio.ui.widgets.fields import Field, fields_of, read_form, with_problems
from flowstudio.ui.widgets.prediction import cost_of_defaults, inputs_schema
from flowstudio.ui.widgets.run_table import RunRow, run_row

_HISTORY = 10


class TemplateState(rx.State):
    """One example, opened by its slug.

    Attributes:
        copy_action, copy_project: where a copy of it is asked for.
    """

    may_run: bool = False
    copy_action: str = ""
    copy_project: str = ""
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
        """Show the example of the address; `?from=<run>` fills in that run's inputs."""
        actor = current_actor(self)
        self.problems = []
        try:
            document = backend().templates.get(actor, self._slug()).document
            earlier = await self._earlier_inputs(actor)
        except NotFoundError:
            self.missing, self.loaded = True, True
            return
        self.missing = self._is_leaving = False
        await self._look_what_may_be_done(actor)
        self.form_key = self.router.url.path + self.router.url.query
        self.title, self.description = document.name, document.description
        self.drawing = draw_large(document, backend().registry)
        self.fields = fields_of(inputs_schema(document), earlier)
        self.cost = await cost_of_defaults(actor, document)
        await self._list_runs(actor)
        self.loaded = True

    @guarded("workflow.run")
    async def start(self, form: dict[str, Any]) -> Any:
        """Run the example with what the form holds, and go to the run."""
        actor = current_actor(self)
        document = backend().templates.get(actor, self._slug()).document
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
        project_id = await current_project(self)
        if not project_id:
            return ""
        return await backend().runs.start_template(
            actor, self._slug(), values, project_id=project_id
        )

    async def _look_what_may_be_done(self, actor: Actor) -> None:
        project_id = await current_project(self)
        self.may_run = project_id in actor.projects_with("workflow.run")
        may_copy = project_id in actor.projects_with("workflow.create")
        self.copy_action = f"/api/v1/templates/{self._slug()}/copy" if may_copy else ""
        self.copy_project = project_id

    def _slug(self) -> str:
        return str(getattr(self, "slug", ""))

    async def _earlier_inputs(self, actor: Actor) -> dict[str, Any] | None:
        run_id = self.router.url.query_parameters.get("from")
        return dict((await backend().runs.get(actor, run_id)).inputs) if run_id else None

    async def _list_runs(self, actor: Actor) -> None:
        project = await project_filter(self)
        runs = await backend().runs.list(actor, slug=self._slug(), limit=_HISTORY, **project)
        now = utc_now()
        self.runs = [run_row(run, now) for run in runs]
