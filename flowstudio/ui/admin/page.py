"""The administration's page."""

import reflex as rx

from flowstudio.ui.admin.audit_log import audit_log
from flowstudio.ui.admin.retention import retention
from flowstudio.ui.admin.state import AdminState, HealthLine, UserLine
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.settings import row, row_words, section, sections, tag
from flowstudio.ui.widgets.states import empty, skeleton

_TABS = (
    ("people", "People"),
    ("registration", "Registration"),
    ("retention", "Runs kept"),
    ("audit", "Audit log"),
    ("health", "System health"),
)
_ROLES = [
    {"value": "guest", "label": "Guest: sees what they are asked into"},
    {"value": "user", "label": "User: has projects of their own"},
    {"value": "admin", "label": "Admin: also this page"},
]
_REGISTRATION = [
    {"value": "open", "label": "Anyone may make an account"},
    {"value": "invitation", "label": "Only people with an invitation"},
    {"value": "closed", "label": "Nobody"},
]


def admin_page() -> rx.Component:
    """People, registration, the audit log and health, one tab each."""
    return frame(
        "admin",
        heading("Administration", "What concerns everybody who uses this server."),
        rx.el.div(
            *(_tab(value, label) for value, label in _TABS),
            class_name="tabs",
            role="tablist",
            aria_label="Parts of the administration",
        ),
        rx.cond(
            AdminState.loaded,
            rx.el.div(
                rx.match(
                    AdminState.tab,
                    ("registration", _registration()),
                    ("retention", retention()),
                    ("audit", audit_log()),
                    ("health", _health()),
                    _people(),
                ),
                role="tabpanel",
                aria_label="The chosen part",
            ),
            skeleton(54, 54, 54, 54),
        ),
    )


def _tab(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        role="tab",
        on_click=AdminState.open_tab(value),
        class_name="tab",
        custom_attrs={
            "aria-selected": rx.cond(AdminState.tab == value, "true", "false"),
            "data-testid": f"admin-{value}",
        },
    )


def _people() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder="Name or e-mail",
                aria_label="Find people",
                default_value=AdminState.search,
                on_change=AdminState.find_users.debounce(250),
                class_name="input grow",
                custom_attrs={"data-testid": "user-search"},
            ),
            class_name="filters",
        ),
        rx.cond(
            AdminState.users,
            rx.el.div(
                rx.el.ul(rx.foreach(AdminState.users, _user), class_name="rows"), class_name="card"
            ),
            empty("users", "Nobody is called that", "Search for a part of a name or an address."),
        ),
        rx.cond(
            AdminState.has_more_users,
            rx.el.button("Show more", on_click=AdminState.more_users, class_name="button spaced"),
        ),
    )


def _user(line: UserLine) -> rx.Component:
    return row(
        row_words(
            rx.fragment(
                line.name,
                rx.cond(line.is_me, tag("you"), rx.fragment()),
                rx.cond(line.is_active, rx.fragment(), tag("locked out", "bad")),
            ),
            line.text,
        ),
        rx.el.div(
            api_form(
                api_field("role", "Role", "select", options=_ROLES, value=line.role),
                action=line.action,
                method="PATCH",
                submit="Set",
                tone="plain",
                done="Set.",
                layout="inline",
                keeps_values=True,
                on_done=AdminState.load,
                key=f"{line.action} {line.role}",
            ),
            rx.cond(line.is_me, rx.fragment(), _lock(line)),
            class_name="row-actions",
        ),
        key=line.id,
        test_id="user-row",
    )


def _lock(line: UserLine) -> rx.Component:
    return rx.cond(
        line.is_active,
        api_form(
            action=line.action,
            method="PATCH",
            extra={"is_active": False},
            submit="Lock out",
            tone="danger",
            confirm="Lock this person out? Their sessions and keys stop working at once.",
            on_done=AdminState.load,
            key="lock",
        ),
        api_form(
            action=line.action,
            method="PATCH",
            extra={"is_active": True},
            submit="Let in again",
            tone="plain",
            on_done=AdminState.load,
            key="unlock",
        ),
    )


def _registration() -> rx.Component:
    return sections(
        section(
            "registration",
            "New accounts",
            "Who may make one here. Invitations come from the owners of projects.",
            rx.el.div(
                api_form(
                    api_field(
                        "registration",
                        "New accounts",
                        "select",
                        options=_REGISTRATION,
                        value=AdminState.registration,
                    ),
                    action="/api/v1/instance/registration",
                    method="PUT",
                    submit="Save",
                    done="Saved.",
                    keeps_values=True,
                    key=AdminState.registration,
                ),
                class_name="card padded",
            ),
        ),
    )


def _health() -> rx.Component:
    return rx.el.div(
        rx.el.dl(
            rx.foreach(AdminState.health, _check),
            class_name="facts-list",
        ),
        class_name="card",
    )


def _check(line: HealthLine) -> rx.Component:
    return rx.fragment(
        rx.el.dt(
            rx.el.span(
                rx.cond(line.is_ok, icon("check", 14), icon("triangle-alert", 14)),
                line.name,
                class_name="check-mark",
                custom_attrs={"data-ok": rx.cond(line.is_ok, "true", "false")},
            )
        ),
        rx.el.dd(line.text),
    )
