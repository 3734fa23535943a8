"""Answering a question in the inbox, or handing it on."""

from typing import Any

import reflex as rx

from flowstudio.ui.live import prose
from flowstudio.ui.notifications.state import NotificationsState
from flowstudio.ui.widgets.answers import answer_form, verdict
from flowstudio.ui.widgets.states import notice

_QUESTION: Any = NotificationsState.question


def question_panel() -> rx.Component:
    """What is asked, and the ways to answer."""
    return rx.el.div(
        prose(text=_QUESTION.message),
        rx.cond(_QUESTION.until, rx.el.p(f"Until {_QUESTION.until}", class_name="meta")),
        rx.match(
            _QUESTION.kind,
            ("approval", verdict("inbox-comment", NotificationsState.decide)),
            ("form", answer_form(_QUESTION.fields, NotificationsState.fill_in)),
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
