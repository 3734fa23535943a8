"""The top bar's end: which project, who, and the way out."""

import reflex as rx

from flowstudio.ui.current_project import ProjectOption, ProjectState
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link

_MENU = "account-menu"


def project_switcher() -> rx.Component:
    """The current project; with several, a choice."""
    return rx.cond(
        ProjectState.has_choice,
        rx.el.span(
            rx.el.select(
                rx.foreach(ProjectState.projects, _option),
                value=ProjectState.current_id,
                on_change=ProjectState.choose,
                aria_label="Project",
                class_name="switcher",
                custom_attrs={"data-testid": "project-switcher"},
            ),
            icon("chevrons-up-down", 13),
            class_name="bar-project",
        ),
        rx.el.span(
            rx.cond(ProjectState.projects, ProjectState.projects[0].name, "FlowStudio"),
            class_name="bar-name",
        ),
    )


def _option(project: ProjectOption) -> rx.Component:
    return rx.el.option(project.name, value=project.id)


def account_menu() -> rx.Component:
    """The person's mark; pressed, it shows who they are and the way out."""
    return rx.fragment(
        rx.el.button(
            rx.cond(ProjectState.initial, ProjectState.initial, icon("user", 16)),
            type="button",
            class_name="avatar",
            aria_label="Account",
            custom_attrs={"popoverTarget": _MENU, "data-testid": "account-menu"},
        ),
        rx.el.div(
            rx.el.div(
                rx.el.strong(ProjectState.person, custom_attrs={"data-testid": "account-name"}),
                rx.el.span(ProjectState.role, class_name="meta"),
                class_name="menu-head",
            ),
            *(_item(*entry) for entry in _ITEMS),
            rx.cond(
                ProjectState.is_admin,
                rx.fragment(*(_item(*entry) for entry in _ADMIN_ITEMS)),
            ),
            api_form(
                action="/api/v1/auth/logout",
                submit="Sign out",
                next="/sign-in",
                is_open=True,
                tone="menu-item",
                layout="bare",
                label="Sign out",
                submit_test_id="sign-out",
            ),
            id=_MENU,
            class_name="menu",
            custom_attrs={"popover": "auto"},
        ),
    )


#: What the menu leads to: label, address, icon.
_ITEMS: tuple[tuple[str, str, str], ...] = (
    ("Account", "/account", "circle-user"),
    ("Projects", "/projects", "folder"),
)
_ADMIN_ITEMS: tuple[tuple[str, str, str], ...] = (("Administration", "/admin", "shield"),)


def _item(label: str, href: str, picture: str) -> rx.Component:
    return link(icon(picture, 15), label, to=href, class_name="menu-item")
