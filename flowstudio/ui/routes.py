"""Every page of the app, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from flowstudio.ui.home.page import home_page
from flowstudio.ui.home.state import HomeState
from flowstudio.ui.run.page import run_page
from flowstudio.ui.run.state import RunState
from flowstudio.ui.runs.page import runs_page
from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.shell import ShellState
from flowstudio.ui.workflow.page import workflow_page
from flowstudio.ui.workflow.state import WorkflowState


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `load` runs each time it is opened or reconnects."""

    route: str
    title: str
    build: Callable[[], rx.Component]
    load: Any


PAGES = (
    Page("/", "FlowStudio", home_page, HomeState.load),
    Page("/w/[slug]", "Workflow · FlowStudio", workflow_page, WorkflowState.load),
    Page("/runs", "Runs · FlowStudio", runs_page, RunsState.load),
    Page("/runs/[run_id]", "Run · FlowStudio", run_page, RunState.load),
)


def add_pages(app: rx.App) -> None:
    """Give the app its pages."""
    for page in PAGES:
        app.add_page(
            page.build(),
            route=page.route,
            title=page.title,
            image="/favicon.svg",
            on_load=[ShellState.load, page.load],
        )
