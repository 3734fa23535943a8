"""A project's page: name, members, invitations, credentials, what happened, and its end."""

import reflex as rx

from flowstudio.ui.project_settings.credentials import credentials_section
from flowstudio.ui.project_settings.people import invitations_section, members_section
from flowstudio.ui.project_settings.state import ProjectSettingsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.log import log_table
from flowstudio.ui.widgets.settings import danger, section, sections
from flowstudio.ui.widgets.states import missing, skeleton


def project_page() -> rx.Component:
    """Everything about one project that is not a workflow."""
    return frame(
        "projects",
        rx.cond(
            ProjectSettingsState.loaded,
            rx.cond(ProjectSettingsState.missing, _missing(), _project()),
            skeleton(40, 200, 200),
        ),
    )


def _project() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Projects", to="/projects", class_name="back"),
        heading(ProjectSettingsState.name, ProjectSettingsState.text),
        sections(
            rx.cond(ProjectSettingsState.is_owner, _name(), rx.fragment()),
            members_section(),
            rx.cond(ProjectSettingsState.is_owner, invitations_section(), rx.fragment()),
            rx.cond(ProjectSettingsState.is_editor, credentials_section(), rx.fragment()),
            rx.cond(ProjectSettingsState.is_owner, _runs(), rx.fragment()),
            rx.cond(ProjectSettingsState.is_owner, _activity(), rx.fragment()),
            _leaving(),
        ),
    )


def _name() -> rx.Component:
    return section(
        "name",
        "Name",
        "How members find it.",
        rx.el.div(
            api_form(
                api_field("name", "Name", value=ProjectSettingsState.name, required=True),
                action=ProjectSettingsState.action,
                method="PATCH",
                submit="Rename",
                done="Renamed.",
                keeps_values=True,
                on_done=ProjectSettingsState.load,
                key=ProjectSettingsState.name,
            ),
            class_name="card padded",
        ),
    )


def _runs() -> rx.Component:
    return section(
        "runs",
        "Runs at once",
        "What is beyond the limit waits its turn. Empty means as many as there is room for.",
        rx.el.div(
            api_form(
                api_field(
                    "most_at_once",
                    "Most runs of this project at once",
                    "number",
                    optional=True,
                    empty="null",
                    value=ProjectSettingsState.most_runs,
                ),
                action=ProjectSettingsState.action + "/run-limit",
                method="PUT",
                submit="Save",
                done="Saved.",
                keeps_values=True,
                on_done=ProjectSettingsState.load,
                test_id="run-limit-form",
                key=f"limit-{ProjectSettingsState.most_runs}",
            ),
            class_name="card padded",
        ),
    )


def _activity() -> rx.Component:
    return section(
        "activity",
        "Activity",
        "Who changed what here, newest first.",
        log_table(ProjectSettingsState.entries, "Nothing has happened yet."),
    )


def _leaving() -> rx.Component:
    return section(
        "end",
        "Leave or end it",
        "What cannot be taken back.",
        rx.cond(
            ProjectSettingsState.is_owner,
            danger(
                rx.el.p("Deleting a project deletes its workflows, runs and credentials."),
                api_form(
                    action=ProjectSettingsState.action,
                    method="DELETE",
                    submit="Delete project",
                    tone="danger",
                    confirm="Delete this project with everything in it?",
                    next="/projects",
                    test_id="project-delete",
                ),
            ),
            rx.fragment(),
        ),
        danger(
            rx.el.p("Leaving takes your place here away; an owner can ask you in again."),
            api_form(
                action=ProjectSettingsState.leave_action,
                method="DELETE",
                submit="Leave project",
                tone="danger",
                confirm="Leave this project?",
                next="/projects",
                test_id="project-leave",
            ),
        ),
    )


def _missing() -> rx.Component:
    return missing(
        "There is no such project",
        "It may have been deleted, or you do not belong to it any more.",
        link("Your projects", to="/projects", class_name="button primary"),
    )
