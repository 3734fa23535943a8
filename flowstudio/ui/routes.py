"""Every page of the app, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_base.constants import Page404

from flowstudio.ui.account.page import account_page
from flowstudio.ui.account.state import AccountState
from flowstudio.ui.admin.page import admin_page
from flowstudio.ui.admin.state import AdminState
from flowstudio.ui.bell import BellState
from flowstudio.ui.compare.page import compare_page
from flowstudio.ui.compare.state import CompareState
from flowstudio.ui.current_project import ProjectState
from flowstudio.ui.editor.page import editor_page
from flowstudio.ui.editor.state import EditorState
from flowstudio.ui.entry.links import invitation_page, verify_page
from flowstudio.ui.entry.recovery import forgot_page, reset_page
from flowstudio.ui.entry.register import register_page
from flowstudio.ui.entry.setup import setup_page
from flowstudio.ui.entry.sign_in import sign_in_page
from flowstudio.ui.entry.state import EntryState
from flowstudio.ui.home.page import home_page
from flowstudio.ui.home.state import HomeState
from flowstudio.ui.lost import LostState, lost_page
from flowstudio.ui.notifications.page import notifications_page
from flowstudio.ui.notifications.state import NotificationsState
from flowstudio.ui.project_settings.page import project_page
from flowstudio.ui.project_settings.state import ProjectSettingsState
from flowstudio.ui.projects.page import projects_page
from flowstudio.ui.projects.state import ProjectsState
from flowstudio.ui.queue.page import queue_page
from flowstudio.ui.queue.state import QueueState
from flowstudio.ui.run.page import run_page
from flowstudio.ui.run.state import RunState
from flowstudio.ui.runs.page import runs_page
from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.schedule.page import schedule_page
from flowstudio.ui.schedule.state import ScheduleState
from flowstudio.ui.schedule_form.page import schedule_form_page
from flowstudio.ui.schedule_form.state import ScheduleFormState
from flowstudio.ui.schedules.page import schedules_page
from flowstudio.ui.schedules.state import SchedulesState
from flowstudio.ui.shell import ShellState
from flowstudio.ui.template.page import template_page
from flowstudio.ui.template.state import TemplateState
from flowstudio.ui.versions.page import versions_page
from flowstudio.ui.versions.state import VersionsState
from flowstudio.ui.webhooks.page import webhooks_page
from flowstudio.ui.webhooks.state import WebhooksState
from flowstudio.ui.workflows.page import workflows_page
from flowstudio.ui.workflows.state import WorkflowsState


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `load` runs each time it is opened or reconnects.

    Attributes:
        is_public: it is for people who are not signed in as well, and stands outside the shell.
    """

    route: str
    title: str
    build: Callable[[], rx.Component]
    load: Any
    is_public: bool = False


PAGES = (
    Page("/", "FlowStudio", home_page, HomeState.load),
    Page("/w/[slug]", "Workflow · FlowStudio", template_page, TemplateState.load),
    Page("/workflows", "Workflows · FlowStudio", workflows_page, WorkflowsState.load),
    Page("/workflows/[workflow_id]", "Workflow · FlowStudio", editor_page, EditorState.load),
    Page(
        "/workflows/[workflow_id]/versions",
        "Versions · FlowStudio",
        versions_page,
        VersionsState.load,
    ),
    Page(
        "/workflows/[workflow_id]/triggers",
        "Webhooks and forms · FlowStudio",
        webhooks_page,
        WebhooksState.load,
    ),
    Page("/projects", "Projects · FlowStudio", projects_page, ProjectsState.load),
    Page("/projects/[project_id]", "Project · FlowStudio", project_page, ProjectSettingsState.load),
    Page("/account", "Account · FlowStudio", account_page, AccountState.load),
    Page(
        "/notifications",
        "Notifications · FlowStudio",
        notifications_page,
        NotificationsState.load,
    ),
    Page("/admin", "Administration · FlowStudio", admin_page, AdminState.load),
    Page("/queue", "Queue · FlowStudio", queue_page, QueueState.load),
    Page("/runs", "Runs · FlowStudio", runs_page, RunsState.load),
    Page("/runs/compare", "Compare runs · FlowStudio", compare_page, CompareState.load),
    Page("/runs/[run_id]", "Run · FlowStudio", run_page, RunState.load),
    Page("/schedules", "Schedules · FlowStudio", schedules_page, SchedulesState.load),
    Page("/schedules/new", "New schedule · FlowStudio", schedule_form_page, ScheduleFormState.load),
    Page("/schedules/[schedule_id]", "Schedule · FlowStudio", schedule_page, ScheduleState.load),
    Page(
        "/schedules/[schedule_id]/edit",
        "Edit a schedule · FlowStudio",
        schedule_form_page,
        ScheduleFormState.load,
    ),
    Page("/setup", "Welcome · FlowStudio", setup_page, EntryState.load, is_public=True),
    Page("/sign-in", "Sign in · FlowStudio", sign_in_page, EntryState.load, is_public=True),
    Page("/register", "New account · FlowStudio", register_page, EntryState.load, is_public=True),
    Page("/forgot", "Forgot password · FlowStudio", forgot_page, EntryState.load, is_public=True),
    Page("/reset", "New password · FlowStudio", reset_page, EntryState.load, is_public=True),
    Page("/verify", "E-mail address · FlowStudio", verify_page, EntryState.load, is_public=True),
    Page(
        "/invitation", "Invitation · FlowStudio", invitation_page, EntryState.load, is_public=True
    ),
)


def add_pages(app: rx.App) -> None:
    """Give the app its pages."""
    for page in PAGES:
        app.add_page(
            page.build,
            route=page.route,
            title=page.title,
            image="/favicon.svg",
            on_load=[page.load]
            if page.is_public
            else [ProjectState.load, ShellState.load, BellState.load, page.load],
        )
    # What is shown at any other address, with HTTP status 404.
    app.add_page(
        lost_page,
        route=Page404.SLUG,
        title="No such page · FlowStudio",
        image="/favicon.svg",
        on_load=LostState.load,
    )


def page_routes() -> dict[str, bool]:
    """The route of every page, and whether it is for people who are not signed in."""
    return {page.route: page.is_public for page in PAGES}
