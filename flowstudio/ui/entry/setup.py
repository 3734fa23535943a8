"""The first page of a fresh installation: its first account, an admin's."""

import reflex as rx

from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.entry.parts import email_field, name_field, new_password_field
from flowstudio.ui.entry.state import EntryState
from flowstudio.ui.widgets.api_form import api_field, api_form

_TOKEN = api_field(
    "token",
    "Setup token",
    required=True,
    help="Printed where FlowStudio was started: this page is reached from another machine.",
    test_id="setup-token",
)


def setup_page() -> rx.Component:
    """Make the admin's account; then the examples are one step away."""
    return door_frame(
        "Welcome. Make your account",
        "You run this FlowStudio, so yours is the first account and an admin's.",
        rx.cond(EntryState.needs_setup_token, _form(_TOKEN), _form()),
        foot=rx.fragment("It stays on this machine. Nothing is sent anywhere."),
    )


def _form(*more: dict[str, object]) -> rx.Component:
    return api_form(
        email_field(focus=True, test_id="setup-email"),
        name_field(),
        new_password_field(test_id="setup-password"),
        *more,
        action="/api/v1/setup",
        submit="Make the account",
        sending="Making it…",
        next="/",
        is_open=True,
        keeps_values=True,
        link_as="" if more else "token",
        layout="wide",
        label="First account",
        submit_test_id="setup-submit",
    )
