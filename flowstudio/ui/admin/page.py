"""The administration's page."""

import reflex as rx

from flowstudio.ui.admin.state import AdminState, HealthLine, UserLine
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.log import log_table
from flowstudio.ui.widgets.settings import row, row_words, section, sections, tag
from flowstudio.ui.widgets.states import empty, notice, skeleton

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
                    ("retention", _retention()),
                    ("audit", _audit()),
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


def _retention() -> rx.Component:
    return sections(
        section(
            "retention",
            "Runs kept",
            "Finished runs beyond a limit are removed within a minute or so, the oldest first, and "
            "the database file shrinks. Unfinished runs always stay. Empty means no limit.",
            rx.el.div(
                api_form(
                    api_field(
                        "days",
                        "Days",
                        "number",
                        optional=True,
                        empty="null",
                        value=AdminState.kept.days,
                        help="Since a run ended.",
                    ),
                    api_field(
                        "most_runs",
                        "Number of runs",
                        "number",
                        optional=True,
                        empty="null",
                        value=AdminState.kept.most_runs,
                        help="The newest are kept.",
                    ),
                    api_field(
                        "most_mb",
                        "Megabytes",
                        "number",
                        optional=True,
                        empty="null",
                        value=AdminState.kept.most_mb,
                        help="Of all their journals together.",
                    ),
                    action="/api/v1/instance/retention",
                    method="PUT",
                    submit="Save",
                    done="Saved.",
                    keeps_values=True,
                    on_done=AdminState.load,
                    test_id="retention-form",
                    key=AdminState.kept.mark,
                ),
                class_name="card padded",
            ),
            rx.el.div(
                rx.el.dl(rx.foreach(AdminState.kept.facts, _fact), class_name="facts-list"),
                class_name="card",
            ),
        ),
    )


def _audit() -> rx.Component:
    return rx.fragment(
        rx.el.form(
            rx.el.input(
                name="who",
                placeholder="E-mail of who did it",
                aria_label="Who",
                default_value=AdminState.who,
                class_name="input grow",
            ),
            rx.el.input(
                name="verb",
                placeholder="What, such as member.edit",
                aria_label="What",
                default_value=AdminState.verb,
                class_name="input",
                custom_attrs={"data-testid": "audit-verb"},
            ),
            rx.el.button("Show", type="submit", class_name="button"),
            rx.el.button(
                icon("shield-check", 14),
                "Verify the chain",
                type="button",
                on_click=AdminState.verify,
                class_name="button",
                custom_attrs={"data-testid": "audit-verify"},
            ),
            rx.el.a(
                icon("download", 14),
                "JSON lines",
                href="/api/v1/audit/export?format=jsonl",
                download="audit.jsonl",
                class_name="button",
            ),
            rx.el.a(
                icon("download", 14),
                "CSV",
                href="/api/v1/audit/export?format=csv",
                download="audit.csv",
                class_name="button",
            ),
            on_submit=AdminState.find_entries,
            class_name="filters",
        ),
        rx.el.div(
            rx.cond(
                AdminState.chain,
                rx.cond(
                    AdminState.chain_is_whole,
                    notice(AdminState.chain),
                    notice(AdminState.chain, tone="error"),
                ),
                rx.fragment(),
            ),
            role="status",
        ),
        log_table(AdminState.entries, "No entry fits."),
        rx.cond(
            AdminState.has_more_entries,
            rx.el.button(
                "Show older", on_click=AdminState.more_entries, class_name="button spaced"
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


def _fact(line: HealthLine) -> rx.Component:
    return rx.fragment(rx.el.dt(line.name), rx.el.dd(line.text))


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
