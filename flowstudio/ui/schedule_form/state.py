"""State of the form of a schedule."""

import dataclasses
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.services.schedules import ScheduleWish
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.schedule_form.present import (
    JSON_INPUTS,
    FormValues,
    errors_by_field,
    read_json,
    read_values,
    values_of,
)
from flowstudio.ui.widgets.fields import Field, fields_of, read_form, with_problems
from flowstudio.ui.widgets.slots import ahead

_MOST_WORKFLOWS = 200
_USUAL = {"cron": "0 9 * * 1-5", "interval": "1h", "once": ""}
_TIMING = ("expression", "zone", "start", "end")
Kind = Literal["cron", "interval", "once"]
Short = Annotated[str, StringConstraints(max_length=200)]


class ScheduleFormState(rx.State):
    """A schedule being written.

    Attributes:
        form_key: changes when the fields are to be filled anew; expression_key: that one field.
        workflows: those that have something published, `id` and `name`.
        fields: inputs of the published version; without a schema they are JSON.
        errors: by field.
    """

    loaded: bool = False
    missing: bool = False
    is_new: bool = True
    form_key: str = ""
    expression_key: int = 0
    workflow_id: str = ""
    workflow: str = ""
    workflows: list[dict[str, str]] = []
    kind: str = "cron"
    values: FormValues = FormValues()
    fields: list[Field] = []
    has_schema: bool = False
    words: str = ""
    rule: str = ""
    times: list[dict[str, str]] = []
    errors: dict[str, str] = {}
    problems: list[str] = []
    _schema: dict[str, Any] = {}
    _is_leaving: bool = False
    _opened: int = 0

    @guarded("schedule.list")
    async def load(self) -> None:
        """Show the schedule of the address, or an empty one; `?workflow=<id>` chooses that."""
        actor = current_actor(self)
        self._is_leaving, self._opened = False, self._opened + 1
        self.errors, self.problems, self.missing = {}, [], False
        self.is_new = not self._id()
        # Of its own each time: boxes keep what was typed into them as long as their form is the same.
        self.form_key = f"{self.router.url.path}{self.router.url.query} {self._opened}"
        try:
            await (self._begin(actor) if self.is_new else self._open(actor))
        except NotFoundError:
            self.missing = True
        else:
            await self._preview()
        self.loaded = True

    async def _begin(self, actor: Actor) -> None:
        self.kind = "cron"
        self.values = FormValues(expression=_USUAL["cron"])
        page = await backend().studio.workflows.list_workflows(
            actor, sort="name", limit=_MOST_WORKFLOWS, **await project_filter(self)
        )
        editable = actor.projects_with("schedule.edit")
        self.workflows = [
            {"id": item.id, "name": item.name}
            for item in page.items
            if item.published_version is not None and item.project_id in editable
        ]
        wished = self.router.url.query_parameters.get("workflow", "")
        only = self.workflows[0]["id"] if len(self.workflows) == 1 else ""
        await self._choose(actor, wished or only, {})

    async def _open(self, actor: Actor) -> None:
        record = (await backend().studio.schedules.get(actor, self._id())).record
        self.kind, self.values = record.kind, values_of(record)
        await self._choose(actor, record.workflow_id, record.inputs)

    async def _choose(self, actor: Actor, workflow_id: str, inputs: dict[str, Any]) -> None:
        self.workflow_id, self.workflow, self.fields, self._schema = workflow_id, "", [], {}
        if not workflow_id:
            return
        try:
            found = await backend().studio.schedules.inputs_of(actor, workflow_id)
        except ConflictError as error:
            self.problems = [str(error)]
            return
        self.workflow, self._schema = found.workflow, dict(found.schema)
        self.fields = fields_of(self._schema, inputs)
        self.has_schema = bool(self.fields)

    @guarded("schedule.list")
    async def choose_workflow(self, workflow_id: Short) -> None:
        """Schedule that one."""
        self.problems = []
        await self._choose(current_actor(self), workflow_id, {})

    @guarded("schedule.preview")
    async def choose_kind(self, kind: Kind) -> None:
        """Write a cron line, an interval, or a time."""
        self.kind = kind
        await self._fill_in(_USUAL[kind])

    @guarded("schedule.preview")
    async def choose_line(self, line: Short) -> None:
        """Fill in a cron line."""
        await self._fill_in(line)

    async def _fill_in(self, expression: str) -> None:
        self.values = dataclasses.replace(self.values, expression=expression)
        self.expression_key += 1
        await self._preview()

    # One handler for each: of events of one name the page sends only the last within a moment.

    @guarded("schedule.preview")
    async def type_expression(self, text: Short) -> None:
        """Take what was typed."""
        await self._take(expression=text.strip())

    @guarded("schedule.preview")
    async def type_zone(self, text: Short) -> None:
        """Take what was typed."""
        await self._take(zone=text.strip())

    @guarded("schedule.preview")
    async def type_start(self, text: Short) -> None:
        """Take what was typed."""
        await self._take(start=text.strip())

    @guarded("schedule.preview")
    async def type_end(self, text: Short) -> None:
        """Take what was typed."""
        await self._take(end=text.strip())

    async def _take(self, **typed: str) -> None:
        self.values = dataclasses.replace(self.values, **typed)
        await self._preview()

    @guarded("schedule.edit")
    async def save(self, form: dict[str, Any]) -> Any:
        """Keep the schedule."""
        inputs, problems = self._read_inputs(form)
        wish, more = read_values(self.kind, form, inputs)
        if not self.workflow_id:
            more = [*more, "workflow: Choose a workflow."]
        if wish is None or problems or more or any(field.error for field in self.fields):
            self._tell([*problems, *more])
            return None
        if self._is_leaving:
            # A second press, on the way to the first one's schedule.
            return None
        try:
            schedule_id = await self._keep(wish)
            self._is_leaving = True
        except InvalidInputError as error:
            self._tell(error.problems)
            return None
        except ConflictError as error:
            self.problems = [str(error)]
            return None
        return [toast("The schedule is kept."), rx.redirect(f"/schedules/{schedule_id}")]

    async def _keep(self, wish: ScheduleWish) -> str:
        actor, schedules = current_actor(self), backend().studio.schedules
        if self.is_new:
            return (await schedules.create(actor, self.workflow_id, wish)).record.id
        changes = {field.name: getattr(wish, field.name) for field in dataclasses.fields(wish)}
        return (await schedules.edit(actor, self._id(), changes)).record.id

    def _read_inputs(self, form: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        if not self.has_schema:
            return read_json(str(form.get(JSON_INPUTS, "{}")))
        reading = read_form(self._schema, form)
        self.fields = reading.fields
        return reading.values, []

    def _tell(self, problems: Any) -> None:
        inputs = [text.removeprefix("inputs: ") for text in problems if text.startswith("inputs: ")]
        self.fields, rest = with_problems(self.fields, inputs)
        others = [text for text in problems if not text.startswith("inputs: ")]
        names = {*dataclasses.asdict(self.values), "workflow", "kind"}
        self.errors, more = errors_by_field(others, names)
        if not self.has_schema and rest:
            self.errors["inputs"], rest = " ".join(rest), []
        self.problems = [*rest, *more]

    async def _preview(self) -> None:
        values = self.values
        wish = ScheduleWish(
            self.kind,  # type: ignore[arg-type]
            values.expression,
            values.zone or "UTC",
            start=values.start,
            end=values.end,
        )
        found = await backend().studio.schedules.preview(current_actor(self), wish)
        now = utc_now()
        self.words, self.rule = found.words, found.rule
        self.times = [{"text": time.text, "rest": ahead(time.at, now)} for time in found.times]
        at, _ = errors_by_field(found.problems, _TIMING)
        if not values.expression:
            at.pop("expression", None)
        self.errors = {name: said for name, said in self.errors.items() if name not in _TIMING} | at

    def _id(self) -> str:
        return str(getattr(self, "schedule_id", ""))
