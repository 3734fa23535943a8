"""The page to make an account."""

import reflex as rx

from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.entry.parts import (
    email_field,
    name_field,
    new_password_field,
    providers,
    said,
    text_link,
)
from flowstudio.ui.widgets.api_form import api_form


def register_page() -> rx.Component:
    """Make an account; an invitation's link makes it a member of the project as well."""
    return door_frame(
        "Make an account",
        "",
        said(),
        providers(),
        api_form(
            email_field(focus=True),
            name_field(),
            new_password_field(),
            action="/api/v1/auth/register",
            submit="Make the account",
            sending="Making it…",
            next="/",
            link_as="invitation",
            is_open=True,
            keeps_values=True,
            layout="wide",
            label="New account",
            submit_test_id="register-submit",
        ),
        foot=rx.fragment("You have an account? ", text_link("Sign in", "/sign-in", "to-sign-in")),
    )
