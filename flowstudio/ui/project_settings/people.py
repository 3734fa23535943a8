"""Sections of a project's page: members and invitations."""

import reflex as rx

from flowstudio.ui.project_settings.present import InvitationLine, MemberLine, role_options
from flowstudio.ui.project_settings.state import ProjectSettingsState
from flowstudio.ui.widgets.api_form import api_field, api_form
from flowstudio.ui.widgets.settings import row, row_words, rows, section, tag
from flowstudio.ui.widgets.states import no_mail

_EXPIRIES = [
    {"value": "24", "label": "a day"},
    {"value": "168", "label": "a week"},
    {"value": "720", "label": "30 days"},
]


def members_section() -> rx.Component:
    """Who belongs to the project."""
    return section(
        "members",
        "Members",
        "Everybody here sees the project's workflows and runs; the role says what else they may.",
        rows(ProjectSettingsState.members, _member, "Nobody."),
    )


def _member(line: MemberLine) -> rx.Component:
    return row(
        row_words(
            rx.fragment(line.name, rx.cond(line.is_me, tag("you"), rx.fragment())), line.text
        ),
        rx.cond(ProjectSettingsState.is_owner, _steer(line), tag(line.role)),
        key=line.id,
        test_id="member-row",
    )


def _steer(line: MemberLine) -> rx.Component:
    return rx.el.div(
        api_form(
            api_field("role", "Role", "select", options=role_options(), value=line.role),
            action=line.action,
            method="PATCH",
            submit="Set",
            tone="plain",
            done="Set.",
            layout="inline",
            keeps_values=True,
            on_done=ProjectSettingsState.load,
            # Somebody may have another role in the next project that this tab shows.
            key=f"{line.action} {line.role}",
        ),
        rx.cond(
            line.is_me,
            rx.fragment(),
            api_form(
                action=line.action,
                method="DELETE",
                submit="Remove",
                tone="danger",
                confirm="Remove this person from the project?",
                on_done=ProjectSettingsState.load,
            ),
        ),
        class_name="row-actions",
    )


def invitations_section() -> rx.Component:
    """Who was asked in, and asking somebody."""
    return section(
        "invitations",
        "Invitations",
        "By mail to one person, or as a link that works once. Both end by themselves.",
        rows(ProjectSettingsState.invitations, _invitation, "No invitation is open."),
        rx.cond(ProjectSettingsState.sends_mail, rx.fragment(), no_mail()),
        rx.el.div(
            api_form(
                api_field(
                    "email",
                    "E-mail",
                    "email",
                    optional=True,
                    empty="leave_out",
                    help="Leave empty for a link you pass on yourself.",
                    test_id="invite-email",
                ),
                api_field(
                    "role",
                    "Role",
                    "select",
                    options=role_options(),
                    value="viewer",
                    test_id="invite-role",
                ),
                api_field("expires_in_hours", "Good for", "select", options=_EXPIRIES, value="168"),
                action=ProjectSettingsState.invitations_action,
                layout="grid",
                submit="Invite",
                reveal="link",
                reveal_label="The invitation's link, shown this once. Whoever opens it first may join.",
                on_done=ProjectSettingsState.load,
                test_id="invite-form",
                submit_test_id="invite-submit",
            ),
            class_name="card padded",
        ),
    )


def _invitation(line: InvitationLine) -> rx.Component:
    return row(
        row_words(line.title, line.text),
        tag(line.role),
        api_form(
            action=line.action,
            method="DELETE",
            submit="Withdraw",
            tone="plain",
            on_done=ProjectSettingsState.load,
        ),
        key=line.id,
        test_id="invitation-row",
    )
