"""Sections of the account page: password, sessions, linked accounts."""

import reflex as rx

from flowstudio.ui.account.present import IdentityLine, ProviderLine, SessionLine
from flowstudio.ui.account.state import AccountState
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, section, tag
from flowstudio.ui.widgets.states import notice


def password_section() -> rx.Component:
    """Change the password, or set the first one."""
    return section(
        "password",
        "Password",
        "Twelve characters or more. Changing it signs out every other device.",
        rx.el.div(
            api_form(
                api_field(
                    "password",
                    "Current password",
                    "password",
                    required=True,
                    autocomplete="current-password",
                ),
                api_field(
                    "new_password",
                    "New password",
                    "password",
                    required=True,
                    autocomplete="new-password",
                ),
                action="/api/v1/me/password",
                submit="Change password",
                next="/account",
                test_id="password-form",
            ),
            class_name="card padded",
        ),
    )


def sessions_section() -> rx.Component:
    """Every device that is signed in."""
    return section(
        "sessions",
        "Sessions",
        "Devices that are signed in. One you do not know? Sign it out and change your password.",
        rows(AccountState.sessions, _session, "No session."),
        rx.cond(
            AccountState.has_other_sessions,
            api_form(
                action="/api/v1/me/sessions/revoke-others",
                submit="Sign out all other devices",
                tone="plain",
                confirm="Sign out every device but this one?",
                on_done=AccountState.load,
            ),
        ),
    )


def _session(line: SessionLine) -> rx.Component:
    return row(
        row_words(line.device, line.text),
        rx.cond(
            line.is_this,
            tag("this device", "good"),
            api_form(
                action=line.action,
                method="DELETE",
                submit="Sign out",
                tone="plain",
                on_done=AccountState.load,
            ),
        ),
        key=line.id,
    )


def identities_section() -> rx.Component:
    """Accounts at other providers that sign this person in."""
    return section(
        "identities",
        "Linked accounts",
        "Sign in with an account you have elsewhere. It is linked by its id there, not by its e-mail.",
        rx.cond(AccountState.refusal, notice(AccountState.refusal, tone="error"), rx.fragment()),
        rows(AccountState.identities, _identity, "No account is linked."),
        rx.el.div(
            rx.cond(
                AccountState.has_providers,
                rx.foreach(AccountState.providers, _provider),
                rx.el.p("This server is set up for no provider.", class_name="faint"),
            ),
            class_name="actions",
        ),
    )


def _identity(line: IdentityLine) -> rx.Component:
    return row(
        row_words(line.provider, line.text),
        api_form(
            action=line.action,
            method="DELETE",
            submit="Unlink",
            tone="plain",
            confirm="Unlink this account? It will not sign you in any more.",
            on_done=AccountState.load,
        ),
        key=line.id,
    )


def _provider(line: ProviderLine) -> rx.Component:
    return api_form(
        action=line.action, submit="Link " + line.label, tone="plain", key=line.name, goes_to="url"
    )
