"""The form of a schedule: as one types, it says in words and dates what comes of it."""

from typing import Any

import reflex as rx

from flowstudio.ui.schedule_form.present import JSON_INPUTS, OWN
from flowstudio.ui.schedule_form.state import ScheduleFormState
from flowstudio.ui.schedule_form.zone import zone_input
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import empty, missing_schedule, skeleton

_KINDS = (("cron", "At certain times"), ("interval", "Again and again"), ("once", "Once"))
_LINES = (
    ("0 * * * *", "Every hour"),
    ("0 9 * * *", "Every day at 9"),
    ("0 9 * * 1-5", "Weekdays at 9"),
    ("0 9 * * 1", "Mondays at 9"),
    ("0 9 1 * *", "First of the month"),
)
_HELP = {
    "cron": "Minute, hour, day of the month, month, weekday; or @daily.",
    "interval": "Such as 15m, 6h or 1d 12h. Counts from the start, or from now.",
    "once": "Such as 2026-11-24 09:00, as clocks of the zone show it.",
}
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
# Values in the state, variables on the page.
_VALUES: Any = ScheduleFormState.values
_ERRORS: Any = ScheduleFormState.errors


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
                    _workflow(), _timing(), _inputs(), _policies(), class_name="schedule-main"
                ),
                _preview(),
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
            _labelled(
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
                    **_attributes("workflow"),
                ),
            ),
            rx.el.p(ScheduleFormState.workflow, class_name="schedule-words field"),
        ),
        _line("name", "Name", "Empty takes the workflow's."),
        class_name="card padded",
    )


def _timing() -> rx.Component:
    return rx.el.section(
        rx.el.h2("When"),
        rx.el.div(
            *(
                rx.el.button(
                    label,
                    type="button",
                    on_click=ScheduleFormState.choose_kind(kind),
                    aria_pressed=rx.cond(ScheduleFormState.kind == kind, "true", "false"),
                    class_name="segment",
                    custom_attrs={"data-testid": f"schedule-kind-{kind}"},
                )
                for kind, label in _KINDS
            ),
            class_name="segments",
            role="group",
            aria_label="Kind",
        ),
        _labelled(
            "expression",
            rx.match(
                ScheduleFormState.kind,
                ("cron", "Cron line"),
                ("interval", "Every"),
                "Time",
            ),
            rx.el.input(
                default_value=_VALUES.expression,
                on_change=ScheduleFormState.type_expression.debounce(250),
                auto_complete="off",
                spell_check=False,
                key=ScheduleFormState.expression_key.to_string(),  # type: ignore[attr-defined]
                **_attributes("expression", "input mono"),
            ),
            rx.match(ScheduleFormState.kind, *_HELP.items(), ""),
        ),
        rx.cond(
            ScheduleFormState.kind == "cron",
            rx.el.div(
                *(
                    rx.el.button(
                        label,
                        type="button",
                        on_click=ScheduleFormState.choose_line(line),
                        aria_pressed=rx.cond(_VALUES.expression == line, "true", "false"),
                        class_name="chip",
                    )
                    for line, label in _LINES
                ),
                class_name="chips schedule-lines",
                role="group",
                aria_label="Usual times",
            ),
            rx.fragment(),
        ),
        _labelled(
            "zone",
            "Time zone",
            zone_input(
                id=f"field-{OWN}zone",
                name=f"{OWN}zone",
                value=_VALUES.zone,
                is_invalid=_ERRORS.contains("zone"),
                described_by=f"help-{OWN}zone error-{OWN}zone",
                test_id="field-zone",
                on_change=ScheduleFormState.type_zone.debounce(250),
            ),
        ),
        rx.el.div(
            _typed(
                "start",
                "From",
                ScheduleFormState.type_start,
                "Such as 2026-11-24 09:00; empty for at once.",
            ),
            _typed("end", "Until", ScheduleFormState.type_end, "Included; empty for ever."),
            class_name="form-grid",
        ),
        class_name="card padded",
    )


def _typed(name: str, label: str, typed: Any, text: str) -> rx.Component:
    return _labelled(
        name,
        label,
        rx.el.input(
            default_value=_VALUES[name],
            on_change=typed.debounce(250),
            auto_complete="off",
            **_attributes(name),
        ),
        text,
    )


def _inputs() -> rx.Component:
    return rx.cond(
        ScheduleFormState.workflow_id,
        rx.el.section(
            rx.el.h2("Inputs"),
            rx.cond(
                ScheduleFormState.has_schema,
                rx.foreach(ScheduleFormState.fields, form_field),
                _labelled(
                    "inputs",
                    "Inputs as JSON",
                    rx.el.textarea(
                        id=f"field-{JSON_INPUTS}",
                        name=JSON_INPUTS,
                        default_value=_VALUES.inputs,
                        rows="3",
                        spell_check=False,
                        class_name="input mono",
                        custom_attrs=_described("inputs"),
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
            _choice("misfire", "Times that were missed", _MISFIRES),
            _line("misfire_most", "How many at most", "Of those it makes up for several."),
            _choice("overlap", "When the run before goes on", _OVERLAPS),
            _line(
                "jitter_s", "Begin up to so many seconds later", "Spreads the load; 0 is at once."
            ),
            _line("max_cost_usd", "Each run costs at most, in dollars", "Empty sets no limit."),
            class_name="form-grid",
        ),
        class_name="card padded",
    )


def _preview() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.h2("Next five times"),
            rx.el.div(
                rx.cond(
                    ScheduleFormState.times,
                    rx.fragment(
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
                    ),
                    rx.el.p("They show here once the times can be read.", class_name="faint"),
                ),
                aria_live="polite",
            ),
            class_name="card padded",
        ),
        rx.cond(
            ScheduleFormState.problems,
            rx.el.ul(
                rx.foreach(
                    ScheduleFormState.problems,
                    lambda problem, index: rx.el.li(
                        problem, custom_attrs={"data-testid": f"problem-{index}"}
                    ),
                ),
                class_name="problems",
                role="alert",
            ),
            rx.fragment(),
        ),
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


def _line(name: str, label: str, text: str) -> rx.Component:
    return _labelled(
        name,
        label,
        rx.el.input(default_value=_VALUES[name], auto_complete="off", **_attributes(name)),
        text,
    )


def _choice(name: str, label: str, options: tuple[tuple[str, str], ...]) -> rx.Component:
    return _labelled(
        name,
        label,
        rx.el.select(
            *(rx.el.option(word, value=value) for value, word in options),
            default_value=_VALUES[name],
            **_attributes(name),
        ),
    )


def _labelled(name: str, label: Any, control: rx.Component, text: Any = "") -> rx.Component:
    error = _ERRORS[name]
    return rx.el.div(
        rx.el.label(label, html_for=f"field-{OWN}{name}"),
        control,
        rx.el.p(text, class_name="field-help", id=f"help-{OWN}{name}"),
        rx.cond(
            error,
            rx.el.p(error, class_name="field-error", id=f"error-{OWN}{name}"),
            rx.fragment(),
        ),
        class_name="field",
    )


def _attributes(name: str, class_name: str = "input") -> dict[str, Any]:
    return {
        "id": f"field-{OWN}{name}",
        "name": f"{OWN}{name}",
        "class_name": class_name,
        "custom_attrs": _described(name),
    }


def _described(name: str) -> dict[str, Any]:
    return {
        "data-testid": f"field-{name}",
        "aria-invalid": rx.cond(_ERRORS.contains(name), "true", "false"),
        "aria-describedby": f"help-{OWN}{name} error-{OWN}{name}",
    }
