"""State of a workflow's page."""

from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import InvalidDocumentError, InvalidInputError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets.drawing import Drawing, draw_large
from flowstudio.ui.widgets.fields import Field, fields_of, read_form, with_problems
from flowstudio.ui.widgets.prediction import cost_of_defaults, inputs_schema
from flowstudio.ui.widgets.run_table import RunRow, run_row

_HISTORY = 10


class WorkflowState(rx.State):
    """One example workflow, opened by its slug."""

    loaded: bool = False
    missing: bool = False
    form_key: str = ""
    title: str = ""
    description: str = ""
    cost: str = ""
    drawing: Drawing = Drawing()
    states: dict[str, str] = {}
    fields: list[Field] = []
    problems: list[str] = []
    runs: list[RunRow] = []

    @guarded("see")
    async def load(self) -> None:
        """Show the workflow of the address; `?from=<run>` fills in that run's inputs."""
        actor = current_actor(self)
        self.problems = []
        try:
            template = backend().templates.get(actor, self._slug())
            earlier = await self._earlier_inputs(actor)
        except NotFoundError:
            self.missing, self.loaded = True, True
            return
        document = template.document
        self.missing = False
        self.form_key = self.router.url.path + self.router.url.query
        self.title, self.description = document.name, document.description
        self.drawing = draw_large(document, backend().registry)
        self.fields = fields_of(inputs_schema(document), earlier)
        self.cost = await cost_of_defaults(actor, document)
        await self._list_runs(actor)
        self.loaded = True

    @guarded("run")
    async def start(self, form: dict[str, Any]) -> Any:
        """Run the workflow with what the form holds, and go to the run."""
        actor = current_actor(self)
        document = backend().templates.get(actor, self._slug()).document
        reading = read_form(inputs_schema(document), form)
        self.fields, self.problems = reading.fields, []
        if not reading.is_valid:
            return None
        try:
            run_id = await backend().runs.start(actor, document, reading.values, slug=self._slug())
        except InvalidInputError as error:
            self.fields, self.problems = with_problems(reading.fields, list(error.problems))
            return None
        except InvalidDocumentError as error:
            self.problems = [str(problem) for problem in error.problems]
            return None
        return rx.redirect(f"/runs/{run_id}")

    def _slug(self) -> str:
        return str(getattr(self, "slug", ""))

    async def _earlier_inputs(self, actor: Actor) -> dict[str, Any] | None:
        run_id = self.router.url.query_parameters.get("from")
        return dict((await backend().runs.get(actor, run_id)).inputs) if run_id else None

    async def _list_runs(self, actor: Actor) -> None:
        runs = await backend().runs.list(actor, slug=self._slug(), limit=_HISTORY)
        now = utc_now()
        self.runs = [run_row(run, now) for run in runs]
