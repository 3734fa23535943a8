"""The form's fields: each with its label, its help, and what is wrong with it."""

from typing import Any

import reflex as rx

from flowstudio.ui.schedule_form.present import OWN
from flowstudio.ui.schedule_form.state import ScheduleFormState

# Values in the state, variables on the page.
VALUES: Any = ScheduleFormState.values
ERRORS: Any = ScheduleFormState.errors


def typed(name: str, label: str, tell: Any, text: str) -> rx.Component:
    """A line of text that the page hears of while it is typed."""
    return labelled(
        name,
        label,
        rx.el.input(
            default_value=VALUES[name],
            on_change=tell.debounce(250),
            auto_complete="off",
            **attributes(name),
        ),
        text,
    )


def line(name: str, label: str, text: str) -> rx.Component:
    """A line of text that the form takes as it is sent."""
    return labelled(
        name,
        label,
        rx.el.input(default_value=VALUES[name], auto_complete="off", **attributes(name)),
        text,
    )


def choice(name: str, label: str, options: tuple[tuple[str, str], ...]) -> rx.Component:
    """One of several; each a value and its words."""
    return labelled(
        name,
        label,
        rx.el.select(
            *(rx.el.option(word, value=value) for value, word in options),
            default_value=VALUES[name],
            **attributes(name),
        ),
    )


def labelled(name: str, label: Any, control: rx.Component, text: Any = "") -> rx.Component:
    """A control with its label, a word of help and what is wrong with it."""
    error = ERRORS[name]
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


def attributes(name: str, class_name: str = "input") -> dict[str, Any]:
    """What every control of the form says of itself."""
    return {
        "id": f"field-{OWN}{name}",
        "name": f"{OWN}{name}",
        "class_name": class_name,
        "custom_attrs": described(name),
    }


def described(name: str) -> dict[str, Any]:
    """Where a control's help and error stand, and whether there is one."""
    return {
        "data-testid": f"field-{name}",
        "aria-invalid": rx.cond(ERRORS.contains(name), "true", "false"),
        "aria-describedby": f"help-{OWN}{name} error-{OWN}{name}",
    }
