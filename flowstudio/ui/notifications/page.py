"""The inbox: everything the person was told, and what they do about it in place."""

from typing import Any

import reflex as rx

from flowstudio.services.notification_settings import OFFERED
from flowstudio.ui.notifications.questions import question_panel
from flowstudio.ui.notifications.state import NotificationsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import empty, skeleton
from flowstudio.ui.widgets.told import ToldRow, told_icon, told_words

_TABS = (("inbox", "Inbox"), ("unread", "Unread"), ("archived", "Archived"))
_ROWS: Any = NotificationsState.rows


def notifications_page() -> rx.Component:
    """The person's notifications."""
    return frame(
        "notifications",
        heading(
            "Notifications",
            "What went wrong, what waits for you, and who spoke to you.",
            link("Preferences", to="/account#notifications", class_name="button"),
            rx.el.button(
                "Archive what is read",
                type="button",
                on_click=NotificationsState.archive_read,
                class_name="button",
                custom_attrs={"data-testid": "inbox-archive-read"},
            ),
            rx.el.button(
                "Mark all as read",
                type="button",
                on_click=NotificationsState.read_all,
                class_name="button",
                custom_attrs={"data-testid": "inbox-read-all"},
            ),
        ),
        rx.el.div(
            *(_tab(value, label) for value, label in _TABS),
            class_name="tabs",
            role="tablist",
            aria_label="Which notifications",
        ),
        rx.el.div(
            _filter(),
            rx.cond(
                NotificationsState.loaded,
                rx.cond(_ROWS, _list(), _nothing()),
                skeleton(64, 64, 64, 64),
            ),
            role="tabpanel",
            aria_label="Notifications",
        ),
    )


def _tab(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        role="tab",
        on_click=NotificationsState.open_tab(value),
        class_name="tab",
        custom_attrs={
            "aria-selected": rx.cond(NotificationsState.show == value, "true", "false"),
            "data-testid": f"inbox-tab-{value}",
        },
    )


def _filter() -> rx.Component:
    return rx.el.div(
        rx.el.select(
            rx.el.option("All types", value=""),
            *(rx.el.option(facts.title, value=name) for name, facts in OFFERED.items()),
            value=NotificationsState.kind,
            on_change=NotificationsState.choose_type,
            aria_label="Type",
            class_name="input",
            custom_attrs={"data-testid": "inbox-type"},
        ),
        rx.cond(
            NotificationsState.kind,
            rx.el.button(
                icon("bell-off", 14),
                "Hear no more of this type",
                type="button",
                on_click=NotificationsState.mute_type,
                class_name="button",
                custom_attrs={"data-testid": "inbox-mute-type"},
            ),
        ),
        class_name="filters",
    )


def _nothing() -> rx.Component:
    return rx.match(
        NotificationsState.show,
        (
            "archived",
            empty("archive", "Nothing is archived", "What you put away stands here."),
        ),
        (
            "unread",
            empty("check-check", "You have seen everything", "What is new will stand here."),
        ),
        empty(
            "bell",
            "Nothing here",
            "Failed runs, questions that wait for you, mentions and invitations come here as they "
            "happen.",
            link("See your runs", to="/runs", class_name="button"),
        ),
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.ul(rx.foreach(_ROWS, _row), class_name="card inbox"),
        rx.cond(
            NotificationsState.has_more,
            rx.el.button(
                "Show older ones",
                type="button",
                on_click=NotificationsState.more,
                class_name="button inbox-more",
            ),
        ),
    )


def _row(row: ToldRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            link(
                told_icon(row),
                told_words(row),
                to=row.href,
                on_click=NotificationsState.change(row.id, "read"),
                class_name="told",
            ),
            rx.el.div(_actions(row), class_name="inbox-actions"),
            class_name="inbox-row",
        ),
        rx.cond(NotificationsState.question.id == row.id, question_panel()),
        key=row.id,
        custom_attrs={
            "data-read": rx.cond(row.is_read, "true", "false"),
            "data-testid": "inbox-row",
        },
    )


def _actions(row: ToldRow) -> rx.Component:
    return rx.fragment(
        rx.cond(
            row.asks,
            rx.el.button(
                "Answer",
                type="button",
                on_click=NotificationsState.ask(row.id),
                class_name="button small primary",
                custom_attrs={
                    "aria-expanded": rx.cond(
                        NotificationsState.question.id == row.id, "true", "false"
                    ),
                    "data-testid": "inbox-answer",
                },
            ),
        ),
        rx.cond(
            row.is_read,
            _action("Mark as unread", "mail", row.id, "unread"),
            _action("Mark as read", "mail-open", row.id, "read"),
        ),
        rx.cond(
            row.is_archived,
            _action("Move to the inbox", "archive-restore", row.id, "unarchive"),
            _action("Archive", "archive", row.id, "archive"),
        ),
        rx.cond(
            row.workflow_id,
            rx.el.button(
                icon("bell-off", 16),
                type="button",
                on_click=NotificationsState.mute(row.workflow_id),
                class_name="icon-button",
                title="Hear no more of this workflow",
                aria_label=f"Hear no more of {row.workflow}",
                custom_attrs={"data-testid": "inbox-mute"},
            ),
        ),
    )


def _action(label: str, picture: str, key: rx.Var[str] | str, change: str) -> rx.Component:
    return rx.el.button(
        icon(picture, 16),
        type="button",
        on_click=NotificationsState.change(key, change),
        class_name="icon-button",
        title=label,
        aria_label=label,
        custom_attrs={"data-testid": f"inbox-{change}"},
    )
