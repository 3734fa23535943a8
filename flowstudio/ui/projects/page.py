"""The list of projects a person belongs to."""

import reflex as rx

from flowstudio.ui.projects.state import ProjectLine, ProjectsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.settings import row, row_words, section, sections, tag
from flowstudio.ui.widgets.states import empty, skeleton


def projects_page() -> rx.Component:
    """Each project with the role one has in it."""
    return frame(
        "projects",
        heading(
            "Projects",
            "A project holds workflows, runs and credentials, and says who may use them.",
        ),
        rx.cond(
            ProjectsState.loaded,
            sections(
                section(
                    "mine",
                    "Your projects",
                    "Those you own, and those you were asked into.",
                    _list(),
                ),
                rx.cond(ProjectsState.may_create, _new(), rx.fragment()),
            ),
            skeleton(60, 60, 60),
        ),
    )


def _list() -> rx.Component:
    return rx.cond(
        ProjectsState.projects,
        rx.el.div(
            rx.el.ul(rx.foreach(ProjectsState.projects, _row), class_name="rows"), class_name="card"
        ),
        empty(
            "folder",
            "You belong to no project",
            "Open the link of an invitation, or ask somebody for one.",
        ),
    )


def _row(line: ProjectLine) -> rx.Component:
    return row(
        row_words(link(line.name, to=line.href, class_name="text-link"), line.text),
        tag(line.role),
        key=line.id,
        test_id="project-row",
    )


def _new() -> rx.Component:
    return section(
        "new",
        "New project",
        "You will own it, and can ask others in.",
        rx.el.div(
            api_form(
                api_field(
                    "name",
                    "Name",
                    required=True,
                    placeholder="Customer mail",
                    test_id="project-name",
                ),
                action="/api/v1/projects",
                submit="Create project",
                done="Created.",
                on_done=ProjectsState.load,
                submit_test_id="project-create",
            ),
            class_name="card padded",
        ),
    )
