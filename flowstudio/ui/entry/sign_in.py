"""The page to sign in."""

import reflex as rx

from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.entry.parts import email_field, providers, said, text_link
from flowstudio.ui.entry.state import EntryState
from flowstudio.ui.widgets.api_form import api_field, api_form


def sign_in_page() -> rx.Component:
    """Sign in with a password or by a provider; then go on to where one was going."""
    return door_frame(
        "Sign in",
        "",
        said(),
        providers(),
        api_form(
            email_field(focus=True, test_id="login-email"),
            api_field(
                "password",
                "Password",
                "password",
                required=True,
                autocomplete="current-password",
                test_id="login-password",
            ),
            action="/api/v1/auth/login",
            submit="Sign in",
            sending="Signing in…",
            next_from_address=True,
            is_open=True,
            keeps_values=True,
            layout="wide",
            label="Sign in",
            submit_test_id="login-submit",
        ),
        rx.el.p(text_link("Forgot the password?", "/forgot", "to-forgot"), class_name="door-more"),
        foot=rx.cond(
            EntryState.registration == "open",
            rx.fragment("New here? ", text_link("Make an account", "/register", "to-register")),
            rx.fragment("New accounts are by invitation: open the link you were sent."),
        ),
    )
