"""The form of a schedule: as one types, it says in words and dates what comes of it."""

import reflex as rx

from flowstudio.ui.schedule_form.fields import (
    VALUES,
    attributes,
    choice,
    described,
    labelled,
    line,
)
from flowstudio.ui.schedule_form.present import JSON_INPUTS
from flowstudio.ui.schedule_form.state import ScheduleFormState
from flowstudio.ui.schedule_form.timing import timing
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import empty, missing_schedule, skeleton

_MISFIRES = (
    ("once", "One run for all of them"),
    ("skip", "Do not make up for them"),
    ("all", "Make up for several"),
)
_OVERLAPS = (
    ("skip", "Skip the new one"),
    ("queue", "Wait until it has ended"),
    ("cancel", "Cancel it, and run the new one"),
)
_FORM = "schedule-form"


def schedule_form_page() -> rx.Component:
    """Makes a schedule, or changes one."""
    return frame(
        "schedules",
        rx.cond(
            ScheduleFormState.loaded,
            rx.cond(ScheduleFormState.missing, missing_schedule(), _content()),
            skeleton(40, 320, 220),
        ),
    )


def _content() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Schedules", to="/schedules", class_name="back"),
        heading(
            rx.cond(ScheduleFormState.is_new, "New schedule", "Edit the schedule"),
            rx.cond(
                ScheduleFormState.is_new,
                "It runs what is published of a workflow, as you.",
                "New times count from now on.",
            ),
        ),
        rx.cond(
            ScheduleFormState.is_new
            & (ScheduleFormState.workflows.length() == 0)  # type: ignore[attr-defined]
            & (ScheduleFormState.workflow_id == ""),
            empty(
                "calendar-clock",
                "Nothing is published in this project",
                "Schedules run what is published. Open a workflow, and publish it.",
                link("See all workflows", to="/workflows", class_name="button primary"),
            ),
            rx.el.form(
                rx.el.div(
                    _workflow(), timing(), _inputs(), _policies(), class_name="schedule-main"
                ),
                _side(),
                id=_FORM,
                key=ScheduleFormState.form_key,
                on_submit=ScheduleFormState.save,
                no_validate=True,
                class_name="columns wide-left",
            ),
        ),
    )


def _workflow() -> rx.Component:
    return rx.el.section(
        rx.el.h2("What"),
        rx.cond(
            ScheduleFormState.is_new,
            labelled(
                "workflow",
                "Workflow",
                rx.el.select(
                    rx.el.option("Choose one", value=""),
                    rx.foreach(
                        ScheduleFormState.workflows,
                        lambda item: rx.el.option(item["name"], value=item["id"]),
                    ),
                    value=ScheduleFormState.workflow_id,
                    on_change=ScheduleFormState.choose_workflow,
                    **attributes("workflow"),
                ),
            ),
            rx.el.p(ScheduleFormState.workflow, class_name="schedule-words field"),
        ),
        line("name", "Name", "Empty takes the workflow's."),
        class_name="card padded",
    )


def _inputs() -> rx.Component:
    return rx.cond(
        ScheduleFormState.workflow_id,
        rx.el.section(
            rx.el.h2("Inputs"),
            rx.cond(
                ScheduleFormState.has_schema,
                # Anew for another workflow: an input of the same name is another one there.
                rx.el.div(
                    rx.foreach(ScheduleFormState.fields, form_field),
                    key=ScheduleFormState.workflow_id,
                ),
                labelled(
                    "inputs",
                    "Inputs as JSON",
                    rx.el.textarea(
                        id=f"field-{JSON_INPUTS}",
                        name=JSON_INPUTS,
                        default_value=VALUES.inputs,
                        rows="3",
                        spell_check=False,
                        class_name="input mono",
                        custom_attrs=described("inputs"),
                    ),
                    "The published version asks for none.",
                ),
            ),
            class_name="card padded",
        ),
        rx.fragment(),
    )


def _policies() -> rx.Component:
    return rx.el.section(
        rx.el.h2("If things go otherwise"),
        rx.el.div(
            choice("misfire", "Times that were missed", _MISFIRES),
            line("misfire_most", "How many at most", "Of those it makes up for several."),
            choice("overlap", "When the run before goes on", _OVERLAPS),
            line(
                "jitter_s", "Begin up to so many seconds later", "Spreads the load; 0 is at once."
            ),
            line("max_cost_usd", "Each run costs at most, in dollars", "Empty sets no limit."),
            class_name="form-grid",
        ),
        class_name="card padded",
    )


def _side() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.h2("Next five times"),
            rx.el.div(
                rx.cond(
                    ScheduleFormState.times,
                    _times(),
                    rx.el.p("They show here once the times can be read.", class_name="faint"),
                ),
                aria_live="polite",
            ),
            class_name="card padded",
        ),
        rx.cond(ScheduleFormState.problems, _problems(), rx.fragment()),
        rx.el.div(
            rx.el.button(
                rx.cond(ScheduleFormState.is_new, "Make the schedule", "Save"),
                type="submit",
                class_name="button primary",
                custom_attrs={"data-testid": "schedule-save"},
            ),
            link("Cancel", to="/schedules", class_name="button"),
            class_name="form-foot",
        ),
        class_name="side",
    )


def _times() -> rx.Component:
    return rx.fragment(
        rx.el.p(ScheduleFormState.words, class_name="schedule-words"),
        rx.el.ol(
            rx.foreach(
                ScheduleFormState.times,
                lambda time: rx.el.li(
                    rx.el.span(time["text"]),
                    rx.el.span(time["rest"], class_name="faint"),
                ),
            ),
            class_name="schedule-times",
            custom_attrs={"data-testid": "schedule-times"},
        ),
        rx.cond(
            ScheduleFormState.rule,
            rx.el.p(ScheduleFormState.rule, class_name="schedule-rule"),
            rx.fragment(),
        ),
    )


def _problems() -> rx.Component:
    return rx.el.ul(
        rx.foreach(
            ScheduleFormState.problems,
            lambda problem, index: rx.el.li(
                problem, custom_attrs={"data-testid": f"problem-{index}"}
            ),
        ),
        class_name="problems",
        role="alert",
    )
