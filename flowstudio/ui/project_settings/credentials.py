"""Section of a project's page: credentials."""

import reflex as rx

from flowstudio.ui.project_settings.present import CredentialLine
from flowstudio.ui.project_settings.state import CREDENTIAL_KINDS, ProjectSettingsState
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.settings import row, row_words, rows, section, tag
from flowstudio.ui.widgets.states import notice

_HOSTS = api_field(
    "hosts",
    "Hosts it may be sent to",
    "list",
    required=True,
    help="One on each line, such as api.example.com or *.example.com.",
)
_NAME = api_field("name", "Name", required=True, test_id="credential-name")


def credentials_section() -> rx.Component:
    """Secrets for other services, which nodes use by name."""
    return section(
        "credentials",
        "Credentials",
        "Keys and passwords for other services. Nodes use them; nobody can read them again, and they are sent only to the hosts they are bound to.",
        rx.cond(
            ProjectSettingsState.refusal,
            notice(ProjectSettingsState.refusal, tone="error"),
            rx.fragment(),
        ),
        rows(ProjectSettingsState.credentials, _credential, "No credential yet."),
        rx.el.div(
            rx.el.div(
                *(_kind(value, label) for value, label in CREDENTIAL_KINDS),
                class_name="segments",
                role="group",
                aria_label="Kind of a new credential",
            ),
            rx.match(
                ProjectSettingsState.kind,
                ("bearer", _form("bearer", _secret("token", "Token"), _HOSTS)),
                (
                    "header",
                    _form(
                        "header",
                        api_field("header", "Header", required=True, placeholder="X-Api-Key"),
                        _secret("value", "Value"),
                        _HOSTS,
                    ),
                ),
                (
                    "basic",
                    _form(
                        "basic",
                        api_field("username", "User name", required=True),
                        _secret("password", "Password"),
                        _HOSTS,
                    ),
                ),
                ("smtp", _mail_form()),
                _openrouter(),
            ),
            class_name="card padded",
        ),
    )


def _credential(line: CredentialLine) -> rx.Component:
    return row(
        row_words(line.name, line.text),
        tag(line.kind),
        api_form(
            action=line.action,
            method="DELETE",
            submit="Delete",
            tone="danger",
            confirm="Delete this credential? Workflows that use it will fail.",
            on_done=ProjectSettingsState.load,
        ),
        key=line.id,
        test_id="credential-row",
    )


def _kind(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=ProjectSettingsState.choose_kind(value),
        class_name="segment",
        custom_attrs={
            "aria-pressed": rx.cond(ProjectSettingsState.kind == value, "true", "false"),
            "data-testid": f"credential-kind-{value}",
        },
    )


def _secret(name: str, label: str) -> dict[str, object]:
    return api_field(name, label, "password", required=True, autocomplete="off")


def _form(kind: str, *fields: dict[str, object]) -> rx.Component:
    return api_form(
        _NAME,
        *fields,
        action="/api/v1/credentials",
        extra={"project_id": ProjectSettingsState.id, "kind": kind},
        submit="Keep it",
        done="Kept.",
        on_done=ProjectSettingsState.load,
        key=kind,
        test_id=f"credential-form-{kind}",
        submit_test_id="credential-create",
    )


def _mail_form() -> rx.Component:
    return _form(
        "smtp",
        api_field("host", "Mail server", required=True, placeholder="smtp.example.com"),
        api_field("port", "Port", "number", value="587", required=True),
        api_field("username", "User name"),
        api_field("password", "Password", "password", autocomplete="off"),
        api_field("sender", "Sender", "text", help="Empty means the user name."),
    )


def _openrouter() -> rx.Component:
    return rx.fragment(
        rx.el.p(
            "AI nodes of this project then use that key, and its account pays.",
            class_name="faint spaced",
        ),
        rx.el.a(
            icon("plug", 14),
            "Connect OpenRouter",
            href=ProjectSettingsState.connect_href,
            class_name="button",
            custom_attrs={"data-testid": "connect-openrouter"},
        ),
        rx.el.p("Or paste a key:", class_name="faint spaced"),
        _form("openrouter", _secret("key", "Key")),
    )
