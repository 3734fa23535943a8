"""When a schedule begins its runs: a cron line, an interval or a moment, in which zone, from when until when."""

import reflex as rx

from flowstudio.ui.schedule_form.fields import ERRORS, VALUES, attributes, labelled, typed
from flowstudio.ui.schedule_form.present import OWN
from flowstudio.ui.schedule_form.state import ScheduleFormState
from flowstudio.ui.schedule_form.zone import zone_input

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


def timing() -> rx.Component:
    """All of it, in one section."""
    return rx.el.section(
        rx.el.h2("When"),
        _kinds(),
        _expression(),
        rx.cond(ScheduleFormState.kind == "cron", _usual_lines(), rx.fragment()),
        _zone(),
        rx.el.div(
            typed(
                "start",
                "From",
                ScheduleFormState.type_start,
                "Such as 2026-11-24 09:00; empty for at once.",
            ),
            typed("end", "Until", ScheduleFormState.type_end, "Included; empty for ever."),
            class_name="form-grid",
        ),
        class_name="card padded",
    )


def _kinds() -> rx.Component:
    return rx.el.div(
        *(_kind(kind, label) for kind, label in _KINDS),
        class_name="segments",
        role="group",
        aria_label="Kind",
    )


def _kind(kind: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=ScheduleFormState.choose_kind(kind),
        aria_pressed=rx.cond(ScheduleFormState.kind == kind, "true", "false"),
        class_name="segment",
        custom_attrs={"data-testid": f"schedule-kind-{kind}"},
    )


def _expression() -> rx.Component:
    label = rx.match(ScheduleFormState.kind, ("cron", "Cron line"), ("interval", "Every"), "Time")
    line = rx.el.input(
        default_value=VALUES.expression,
        on_change=ScheduleFormState.type_expression.debounce(250),
        auto_complete="off",
        spell_check=False,
        key=ScheduleFormState.expression_key.to_string(),  # type: ignore[attr-defined]
        **attributes("expression", "input mono"),
    )
    return labelled("expression", label, line, rx.match(ScheduleFormState.kind, *_HELP.items(), ""))


def _usual_lines() -> rx.Component:
    return rx.el.div(
        *(_usual_line(line, label) for line, label in _LINES),
        class_name="chips schedule-lines",
        role="group",
        aria_label="Usual times",
    )


def _usual_line(line: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=ScheduleFormState.choose_line(line),
        aria_pressed=rx.cond(VALUES.expression == line, "true", "false"),
        class_name="chip",
    )


def _zone() -> rx.Component:
    return labelled(
        "zone",
        "Time zone",
        zone_input(
            id=f"field-{OWN}zone",
            name=f"{OWN}zone",
            value=VALUES.zone,
            is_invalid=ERRORS.contains("zone"),
            described_by=f"help-{OWN}zone error-{OWN}zone",
            test_id="field-zone",
            on_change=ScheduleFormState.type_zone.debounce(250),
        ),
    )
