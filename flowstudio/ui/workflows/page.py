"""The list of a project's workflows."""

import reflex as rx

from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.import_file import import_file
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.settings import row, row_words
from flowstudio.ui.widgets.states import empty, skeleton
from flowstudio.ui.workflows.state import WorkflowLine, WorkflowsState


def workflows_page() -> rx.Component:
    """Workflows of the current project: open, copy, take along, delete."""
    return frame(
        "workflows",
        heading(
            "Workflows",
            "What this project runs. Start from an example, or bring a file.",
            rx.cond(
                WorkflowsState.may_edit,
                import_file(
                    project_id=WorkflowsState.project_id,
                    label="Import a file",
                    on_done=WorkflowsState.load,
                ),
            ),
            link("New from an example", to="/", class_name="button primary"),
        ),
        rx.cond(WorkflowsState.loaded, _list(), skeleton(54, 54, 54)),
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.cond(
            WorkflowsState.may_search,
            rx.el.div(
                rx.el.input(
                    type="search",
                    placeholder="Find by name",
                    aria_label="Find workflows",
                    default_value=WorkflowsState.search,
                    on_change=WorkflowsState.find.debounce(250),
                    class_name="input grow",
                    custom_attrs={"data-testid": "workflow-search"},
                ),
                class_name="filters",
            ),
        ),
        rx.cond(
            WorkflowsState.workflows,
            rx.el.div(
                rx.el.ul(rx.foreach(WorkflowsState.workflows, _row), class_name="rows"),
                class_name="card",
            ),
            rx.cond(
                WorkflowsState.search,
                empty("search", "No workflow is called that", "Search for a part of its name."),
                empty(
                    "workflow",
                    "What starts this project?",
                    "Open an example, try it, and keep a copy here to change.",
                    link("Choose an example", to="/", class_name="button primary"),
                ),
            ),
        ),
        rx.cond(
            WorkflowsState.has_more,
            rx.el.button(
                "Show more", on_click=WorkflowsState.show_more, class_name="button spaced"
            ),
        ),
    )


def _row(line: WorkflowLine) -> rx.Component:
    return row(
        row_words(link(line.name, to=line.href, class_name="text-link"), line.text),
        rx.cond(WorkflowsState.may_edit, _actions(line), rx.fragment()),
        key=line.id,
        test_id="workflow-row",
    )


def _actions(line: WorkflowLine) -> rx.Component:
    return rx.el.div(
        api_form(
            action=line.duplicate, submit="Duplicate", tone="plain", on_done=WorkflowsState.load
        ),
        rx.el.a("Export", href=line.export, download=line.file_name, class_name="button"),
        api_form(
            action=line.action,
            method="DELETE",
            submit="Delete",
            tone="danger",
            confirm="Delete this workflow? Its runs stay.",
            on_done=WorkflowsState.load,
        ),
        class_name="row-actions",
    )
