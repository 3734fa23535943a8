"""The pages for those who forgot their password."""

import reflex as rx

from flowstudio.ui.door_frame import door_frame
from flowstudio.ui.entry.parts import by_link, email_field, new_password_field, text_link
from flowstudio.ui.entry.state import EntryState
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.states import no_mail


def forgot_page() -> rx.Component:
    """Ask for a link by mail."""
    return door_frame(
        "Forgot the password?",
        "Give your address, and a link to choose a new password is sent to it.",
        rx.cond(
            EntryState.loaded & ~EntryState.sends_mail,
            no_mail(),
        ),
        api_form(
            email_field(focus=True),
            action="/api/v1/auth/forgot",
            submit="Send the link",
            done="If there is an account with this address, the link is on its way. It is good "
            "for one hour.",
            is_open=True,
            keeps_values=True,
            layout="wide",
            label="Forgot the password",
            submit_test_id="forgot-submit",
        ),
        foot=text_link("Back to sign in", "/sign-in"),
    )


def reset_page() -> rx.Component:
    """Choose a new password by the link in a mail."""
    return door_frame(
        "Choose a new password",
        "Every session that is still open ends with it.",
        by_link(
            api_form(
                new_password_field(focus=True),
                action="/api/v1/auth/reset",
                submit="Use this password",
                link_as="token",
                next="/sign-in",
                is_open=True,
                keeps_values=True,
                layout="wide",
                label="New password",
                submit_test_id="reset-submit",
            ),
            next="/forgot",
            next_label="Ask for a new link",
        ),
        foot=text_link("Back to sign in", "/sign-in"),
    )
