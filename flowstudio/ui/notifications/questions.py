"""Answering a question in the inbox, or handing it on."""

from typing import Any

import reflex as rx

from flowstudio.ui.live import prose
from flowstudio.ui.notifications.state import NotificationsState
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.states import notice

_COMMENT = "inbox-comment"
_QUESTION: Any = NotificationsState.question


def question_panel() -> rx.Component:
    """What is asked, and the ways to answer."""
    return rx.el.div(
        prose(text=_QUESTION.message),
        rx.cond(_QUESTION.until, rx.el.p(f"Until {_QUESTION.until}", class_name="meta")),
        rx.match(
            _QUESTION.kind,
            ("approval", _approval()),
            ("form", _form()),
            notice("Open the run to say what became of this step."),
        ),
        rx.foreach(
            NotificationsState.problems,
            lambda problem: rx.el.p(problem, class_name="field-error", role="alert"),
        ),
        rx.cond(_QUESTION.others, _hand_on()),
        class_name="inbox-question",
        custom_attrs={"data-testid": "inbox-question"},
    )


def _approval() -> rx.Component:
    typed: rx.Var[str] = rx.Var(f"(document.getElementById('{_COMMENT}')?.value ?? '')")
    return rx.fragment(
        rx.el.div(
            rx.el.label("Comment", html_for=_COMMENT),
            rx.el.input(id=_COMMENT, type="text", class_name="input", auto_complete="off"),
            class_name="field",
        ),
        rx.el.div(
            rx.el.button(
                icon("check", 14),
                "Approve",
                type="button",
                class_name="button primary",
                on_click=NotificationsState.decide(True, typed.to(str)),
                custom_attrs={"data-testid": "answer-approve"},
            ),
            rx.el.button(
                icon("x", 14),
                "Reject",
                type="button",
                class_name="button",
                on_click=NotificationsState.decide(False, typed.to(str)),
                custom_attrs={"data-testid": "answer-reject"},
            ),
            class_name="form-foot",
        ),
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.foreach(_QUESTION.fields, form_field),
        rx.el.div(
            rx.el.button(
                "Send answer",
                type="submit",
                class_name="button primary",
                custom_attrs={"data-testid": "answer-send"},
            ),
            class_name="form-foot",
        ),
        on_submit=NotificationsState.fill_in,
        no_validate=True,
    )


def _hand_on() -> rx.Component:
    return rx.el.form(
        rx.el.label("Or have somebody else asked", html_for="hand-on"),
        rx.el.select(
            rx.foreach(
                _QUESTION.others, lambda other: rx.el.option(other["name"], value=other["id"])
            ),
            id="hand-on",
            name="user_id",
            class_name="input",
            custom_attrs={"data-testid": "hand-on"},
        ),
        rx.el.button(
            "Hand on",
            type="submit",
            class_name="button small",
            custom_attrs={"data-testid": "hand-on-send"},
        ),
        on_submit=NotificationsState.hand_on,
        class_name="hand-on",
    )
