"""The audit log."""

import reflex as rx

from flowstudio.ui.admin.state import AdminState
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.log import log_table
from flowstudio.ui.widgets.states import notice


def audit_log() -> rx.Component:
    """Entries to look through, to check and to take along."""
    return rx.fragment(
        _filters(),
        _chain(),
        log_table(AdminState.entries, "No entry fits."),
        rx.cond(
            AdminState.has_more_entries,
            rx.el.button(
                "Show older", on_click=AdminState.more_entries, class_name="button spaced"
            ),
        ),
    )


def _filters() -> rx.Component:
    return rx.el.form(
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
        _download("JSON lines", "jsonl"),
        _download("CSV", "csv"),
        on_submit=AdminState.find_entries,
        class_name="filters",
    )


def _download(label: str, kind: str) -> rx.Component:
    return rx.el.a(
        icon("download", 14),
        label,
        href=f"/api/v1/audit/export?format={kind}",
        download=f"audit.{kind}",
        class_name="button",
    )


def _chain() -> rx.Component:
    return rx.el.div(
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
    )
