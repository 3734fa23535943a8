"""Fields drawn as labelled inputs."""

from typing import Any

import reflex as rx

from flowstudio.ui.widgets.fields import Field


def form_field(field: Field) -> rx.Component:
    """One labelled input with its help and its error; `field-<name>` for tests."""
    return rx.el.div(
        rx.el.label(
            field.label,
            rx.cond(field.required, rx.el.span("required", class_name="field-mark")),
            html_for=f"field-{field.name}",
        ),
        rx.match(
            field.kind,
            ("long", _area(field, 7, mono=False)),
            ("lines", _area(field, 4, mono=False)),
            ("json", _area(field, 6, mono=True)),
            ("choice", _choice(field)),
            ("boolean", _switch(field)),
            ("integer", _line(field, "numeric")),
            ("number", _line(field, "decimal")),
            _line(field, "text"),
        ),
        rx.cond(field.kind == "lines", rx.el.p("One on each line.", class_name="field-help")),
        rx.cond(field.help, rx.el.p(field.help, class_name="field-help", id=f"help-{field.name}")),
        rx.cond(
            field.error, rx.el.p(field.error, class_name="field-error", id=f"error-{field.name}")
        ),
        class_name="field",
    )


def _attributes(field: Field) -> dict[str, Any]:
    return {
        "data-testid": f"field-{field.name}",
        "aria-invalid": rx.cond(field.error, "true", "false"),
        "aria-describedby": f"help-{field.name} error-{field.name}",
        "aria-required": rx.cond(field.required, "true", "false"),
    }


def _line(field: Field, mode: str) -> rx.Component:
    return rx.el.input(
        id=f"field-{field.name}",
        name=field.name,
        type="text",
        input_mode=mode,
        default_value=field.value,
        auto_complete="off",
        class_name="input",
        custom_attrs=_attributes(field),
    )


def _area(field: Field, rows: int, *, mono: bool) -> rx.Component:
    return rx.el.textarea(
        id=f"field-{field.name}",
        name=field.name,
        default_value=field.value,
        rows=str(rows),
        spell_check=not mono,
        class_name="input mono" if mono else "input",
        custom_attrs=_attributes(field),
    )


def _choice(field: Field) -> rx.Component:
    return rx.el.select(
        rx.cond(field.required, rx.fragment(), rx.el.option("", value="")),
        rx.foreach(field.options, lambda option: rx.el.option(option, value=option)),
        id=f"field-{field.name}",
        name=field.name,
        default_value=field.value,
        class_name="input",
        custom_attrs=_attributes(field),
    )


def _switch(field: Field) -> rx.Component:
    return rx.el.input(
        id=f"field-{field.name}",
        name=field.name,
        type="checkbox",
        default_checked=field.value == "on",
        class_name="switch",
        custom_attrs=_attributes(field),
    )
