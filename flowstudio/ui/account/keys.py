"""Section of the account page: keys for programs."""

import reflex as rx

from flowstudio.ui.account.present import USUAL_SCOPES, KeyLine, scope_options
from flowstudio.ui.account.state import AccountState
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, section, tag


def keys_section() -> rx.Component:
    """What programs may do in this person's name."""
    return section(
        "keys",
        "API keys",
        "For programs and the command line. A key can do what its scopes say, and never more than you may.",
        rows(AccountState.keys, _key, "No key yet."),
        rx.el.div(_new_key(), class_name="card padded"),
    )


def _key(line: KeyLine) -> rx.Component:
    return row(
        row_words(
            line.name,
            rx.el.code(line.prefix),
            " ",
            line.text,
            rx.el.div(line.scopes),
        ),
        tag(line.state, line.tone),
        rx.cond(
            line.tone == "bad",
            rx.fragment(),
            rx.el.div(
                api_form(
                    action=line.rotate,
                    submit="Rotate",
                    tone="plain",
                    confirm="Make a new key in place of this one? The old one ends at once.",
                    reveal="key",
                    reveal_label="The new key, shown this once. Keep it where secrets are kept.",
                    on_done=AccountState.load,
                ),
                api_form(
                    action=line.action,
                    method="DELETE",
                    submit="Revoke",
                    tone="danger",
                    confirm="Revoke this key? Programs that use it are refused from now on.",
                    on_done=AccountState.load,
                ),
                class_name="row-actions",
            ),
        ),
        key=line.id,
        test_id="key-row",
    )


def _new_key() -> rx.Component:
    return api_form(
        api_field(
            "name",
            "Name of a new key",
            required=True,
            placeholder="nightly import",
            test_id="key-name",
        ),
        api_field(
            "project_id", "Project", "select", options=AccountState.project_options, empty="null"
        ),
        api_field("scopes", "Scopes", "list", options=scope_options(), value=USUAL_SCOPES),
        api_field(
            "expires_at",
            "Ends",
            "moment",
            optional=True,
            empty="null",
            help="Leave empty for a key that lasts until you revoke it.",
        ),
        action="/api/v1/keys",
        layout="grid",
        submit="Create key",
        reveal="key",
        reveal_label="Your key, shown this once. Keep it where secrets are kept.",
        on_done=AccountState.load,
        test_id="key-form",
        submit_test_id="key-create",
    )
