"""An example's page."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.template.state import TemplateState
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.drawing import picture
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.run_table import run_table
from flowstudio.ui.widgets.states import empty, missing, skeleton

_FORM = "inputs-form"


def template_page() -> rx.Component:
    """One example: read what it does, fill in its inputs, run it, or keep a copy."""
    return frame(
        "workflows",
        rx.cond(
            TemplateState.loaded,
            rx.cond(TemplateState.missing, _missing(), _template()),
            skeleton(40, 220, 320),
        ),
    )


def _template() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Examples", to="/", class_name="back"),
        heading(
            TemplateState.title,
            TemplateState.description,
            rx.el.span(
                TemplateState.cost,
                class_name="meta",
                custom_attrs={"data-testid": "run-cost-predicted"},
            ),
            _keep_a_copy(),
            rx.cond(TemplateState.may_run, _run_button(), rx.fragment()),
        ),
        rx.el.section(
            picture(TemplateState.drawing, TemplateState.states),
            class_name="card flush",
        ),
        rx.el.div(_inputs(), _history(), class_name="columns"),
    )


def _run_button() -> rx.Component:
    return rx.el.button(
        icon("play", 14),
        "Run",
        rx.el.kbd("Ctrl ↵"),
        type="submit",
        form=_FORM,
        class_name="button primary",
        custom_attrs={"data-testid": "run-start", "data-key": "run"},
    )


def _keep_a_copy() -> rx.Component:
    return rx.cond(
        TemplateState.copy_action,
        api_form(
            action=TemplateState.copy_action,
            extra={"project_id": TemplateState.copy_project},
            submit="Keep a copy",
            tone="plain",
            layout="bare",
            next="/workflows",
            submit_test_id="workflow-copy",
        ),
        rx.fragment(),
    )


def _inputs() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Inputs"),
        rx.el.form(
            rx.cond(
                TemplateState.fields,
                rx.foreach(TemplateState.fields, form_field),
                rx.el.p("This workflow needs no input.", class_name="faint"),
            ),
            rx.cond(TemplateState.problems, _problems()),
            id=_FORM,
            key=TemplateState.form_key,
            on_submit=TemplateState.start,
            no_validate=True,
        ),
        class_name="card padded",
    )


def _problems() -> rx.Component:
    return rx.el.ul(
        rx.foreach(
            TemplateState.problems,
            lambda problem, index: rx.el.li(
                problem, custom_attrs={"data-testid": f"problem-{index}"}
            ),
        ),
        class_name="problems",
        role="alert",
    )


def _history() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Runs of this workflow"),
        rx.cond(
            TemplateState.runs,
            run_table(TemplateState.runs, of_one=True),
            empty(
                "history",
                "Not run yet",
                "Check the inputs and press Run: each step shows here live.",
            ),
        ),
        class_name="history",
    )


def _missing() -> rx.Component:
    return missing(
        "There is no such workflow",
        "It may have been renamed or removed.",
        link("See all examples", to="/", class_name="button primary"),
    )
