"""The account page: who I am here, how I get in, and what programs may do in my name."""

import reflex as rx

from flowstudio.ui.account.keys import keys_section
from flowstudio.ui.account.notifications import notifications_section
from flowstudio.ui.account.state import AccountState
from flowstudio.ui.account.ways_in import identities_section, password_section, sessions_section
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import danger, section, sections
from flowstudio.ui.widgets.states import no_mail, notice, skeleton


def account_page() -> rx.Component:
    """Everything about one's own account."""
    return frame(
        "account",
        heading("Account", AccountState.email),
        rx.cond(
            AccountState.loaded,
            sections(
                _profile(),
                password_section(),
                sessions_section(),
                identities_section(),
                keys_section(),
                notifications_section(),
                _data(),
            ),
            skeleton(160, 160, 220, 160),
        ),
    )


def _profile() -> rx.Component:
    return section(
        "profile",
        "Profile",
        "How others in your projects see you. A new address counts once you have opened the link sent to it.",
        rx.cond(
            AccountState.is_verified,
            rx.fragment(),
            _unverified(),
        ),
        rx.cond(AccountState.sends_mail, rx.fragment(), no_mail()),
        rx.el.div(
            api_form(
                api_field(
                    "name", "Name", value=AccountState.name, required=True, autocomplete="name"
                ),
                api_field(
                    "email",
                    "E-mail",
                    "email",
                    value=AccountState.email,
                    required=True,
                    autocomplete="email",
                    test_id="account-email",
                ),
                action="/api/v1/me",
                method="PATCH",
                submit="Save profile",
                done="Saved.",
                keeps_values=True,
                on_done=AccountState.load,
                key=AccountState.form_key,
                test_id="profile-form",
            ),
            class_name="card padded",
        ),
    )


def _unverified() -> rx.Component:
    return rx.fragment(
        notice("Your e-mail address is not verified yet: open the link in the mail we sent."),
        api_form(
            action="/api/v1/me/verification",
            submit="Send the link again",
            done="It is on its way.",
            tone="plain",
            test_id="verify-again",
        ),
    )


def _data() -> rx.Component:
    return section(
        "data",
        "Your data",
        "Take what is yours with you, or leave for good.",
        rx.el.div(
            rx.el.p(
                "Your profile, sessions, keys, projects and workflows in one JSON file. "
                "Secrets are not part of it."
            ),
            rx.el.a(
                "Download my data",
                href="/api/v1/me/export",
                download="flowstudio-export.json",
                class_name="button",
                custom_attrs={"data-testid": "export-data"},
            ),
            class_name="card padded stack",
        ),
        danger(
            rx.el.p(
                "Deleting your account removes it with the projects only you belong to, their "
                "workflows and runs. Nothing brings them back."
            ),
            api_form(
                api_field(
                    "password",
                    "Password",
                    "password",
                    autocomplete="current-password",
                    test_id="delete-password",
                ),
                action="/api/v1/me",
                method="DELETE",
                submit="Delete my account",
                tone="danger",
                confirm="Delete your account and everything only you can see?",
                next="/sign-in",
                test_id="delete-account",
            ),
        ),
    )
