"""A workflow's page."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.drawing import picture
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.run_table import run_table
from flowstudio.ui.widgets.states import empty, missing, skeleton
from flowstudio.ui.workflow.state import WorkflowState

_FORM = "inputs-form"


def workflow_page() -> rx.Component:
    """One workflow: read what it does, fill in its inputs, run it."""
    return frame(
        "workflows",
        rx.cond(
            WorkflowState.loaded,
            rx.cond(WorkflowState.missing, _missing(), _workflow()),
            skeleton(40, 220, 320),
        ),
    )


def _workflow() -> rx.Component:
    return rx.fragment(
        rx.cond(
            WorkflowState.is_stored,
            link(icon("arrow-left", 14), "Workflows", to="/workflows", class_name="back"),
            link(icon("arrow-left", 14), "Examples", to="/", class_name="back"),
        ),
        heading(
            WorkflowState.title,
            WorkflowState.description,
            rx.el.span(
                WorkflowState.cost,
                class_name="meta",
                custom_attrs={"data-testid": "run-cost-predicted"},
            ),
            rx.cond(WorkflowState.is_stored, _export(), _keep_a_copy()),
            rx.cond(WorkflowState.may_run, _run_button(), rx.fragment()),
        ),
        rx.el.section(
            picture(WorkflowState.drawing, WorkflowState.states),
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
        WorkflowState.copy_action,
        api_form(
            action=WorkflowState.copy_action,
            extra={"project_id": WorkflowState.copy_project},
            submit="Keep a copy",
            tone="plain",
            layout="bare",
            next="/workflows",
            submit_test_id="workflow-copy",
        ),
        rx.fragment(),
    )


def _export() -> rx.Component:
    return rx.cond(
        WorkflowState.export,
        rx.el.a(
            icon("download", 14),
            "Export",
            href=WorkflowState.export,
            download="workflow.json",
            class_name="button",
        ),
        rx.fragment(),
    )


def _inputs() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Inputs"),
        rx.el.form(
            rx.cond(
                WorkflowState.fields,
                rx.foreach(WorkflowState.fields, form_field),
                rx.el.p("This workflow needs no input.", class_name="faint"),
            ),
            rx.cond(WorkflowState.problems, _problems()),
            id=_FORM,
            key=WorkflowState.form_key,
            on_submit=WorkflowState.start,
            no_validate=True,
        ),
        class_name="card padded",
    )


def _problems() -> rx.Component:
    return rx.el.ul(
        rx.foreach(
            WorkflowState.problems,
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
            WorkflowState.runs,
            run_table(WorkflowState.runs, of_one=True),
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
