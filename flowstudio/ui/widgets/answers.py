"""The ways to answer what a waiting run asks, wherever it is asked."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from flowstudio.ui.widgets.fields import Field
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon

#: The event of a verdict: whether it is yes, and the comment.
Decide = Callable[[bool, rx.Var[str]], Any]


#: No input of a form is called so.
QUESTION = " question"


def verdict(box: rx.Var[str] | str, decide: Decide) -> rx.Component:
    """A comment, and the two buttons of an approval.

    Args:
        box: id of the comment's field, one of its kind on the page.
        decide: the event of a click.
    """
    typed: rx.Var[str] = rx.Var(f"(document.getElementById({rx.Var.create(box)})?.value ?? '')")
    return rx.fragment(
        rx.el.div(
            rx.el.label("Comment", html_for=box),
            rx.el.input(id=box, type="text", class_name="input", auto_complete="off"),
            class_name="field",
        ),
        rx.el.div(
            rx.el.button(
                icon("check", 14),
                "Approve",
                type="button",
                class_name="button primary",
                on_click=decide(True, typed.to(str)),
                custom_attrs={"data-testid": "answer-approve"},
            ),
            rx.el.button(
                icon("x", 14),
                "Reject",
                type="button",
                class_name="button",
                on_click=decide(False, typed.to(str)),
                custom_attrs={"data-testid": "answer-reject"},
            ),
            class_name="form-foot",
        ),
    )


def answer_form(
    fields: rx.Var[list[Field]] | list[Field], fill_in: Any, question: rx.Var[str] | str = ""
) -> rx.Component:
    """The form of a question, sent by the event `fill_in`.

    Which `question` it is, is sent along under `QUESTION`: an event in a list of forms could not name
    its row, for Reflex makes it outside of the list.
    """
    return rx.el.form(
        rx.el.input(type="hidden", name=QUESTION, value=question, read_only=True),
        rx.foreach(fields, form_field),
        rx.el.div(
            rx.el.button(
                "Send answer",
                type="submit",
                class_name="button primary",
                custom_attrs={"data-testid": "answer-send"},
            ),
            class_name="form-foot",
        ),
        on_submit=fill_in,
        no_validate=True,
    )
