"""What a waiting run asks a person, and the ways to answer."""

import reflex as rx

from flowstudio.ui.live import prose
from flowstudio.ui.run.present import Question
from flowstudio.ui.run.state import RunState
from flowstudio.ui.widgets.form import form_field
from flowstudio.ui.widgets.icons import icon


def question_card(question: Question) -> rx.Component:
    """One question, with its form or its two buttons."""
    return rx.el.section(
        rx.el.div(
            icon("hourglass", 16),
            rx.el.h2(f"“{question.name}” waits for your answer"),
            rx.cond(question.until, rx.el.span(f"until {question.until}", class_name="meta")),
            class_name="question-head",
        ),
        prose(text=question.message),
        rx.cond(question.kind == "approval", _approval(question), _form(question)),
        rx.foreach(
            RunState.problems,
            lambda problem, index: rx.el.p(
                problem, class_name="field-error", custom_attrs={"data-testid": f"problem-{index}"}
            ),
        ),
        class_name="card padded question",
        key=question.path,
        custom_attrs={"data-testid": f"question-{question.name}"},
    )


def _approval(question: Question) -> rx.Component:
    box = f"comment-{question.path}"
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
                on_click=RunState.decide(question.path, True, typed.to(str)),
                custom_attrs={"data-testid": "answer-approve"},
            ),
            rx.el.button(
                icon("x", 14),
                "Reject",
                type="button",
                class_name="button",
                on_click=RunState.decide(question.path, False, typed.to(str)),
                custom_attrs={"data-testid": "answer-reject"},
            ),
            class_name="form-foot",
        ),
    )


def _form(question: Question) -> rx.Component:
    return rx.el.form(
        rx.foreach(question.fields, form_field),
        rx.el.div(
            rx.el.button(
                "Send answer",
                type="submit",
                class_name="button primary",
                custom_attrs={"data-testid": "answer-send"},
            ),
            class_name="form-foot",
        ),
        on_submit=RunState.fill_in(question.path),
        no_validate=True,
    )
