"""What a waiting run asks a person, and the ways to answer."""

import reflex as rx

from flowstudio.ui.live import prose
from flowstudio.ui.run.present import Question
from flowstudio.ui.run.state import RunState
from flowstudio.ui.widgets.answers import answer_form, verdict
from flowstudio.ui.widgets.icons import icon


def question_card(question: Question) -> rx.Component:
    """One question, with its form or its two buttons."""
    return rx.el.section(
        rx.el.div(
            icon("hourglass", 16),
            rx.el.h2(
                f"“{question.name}” waits for ",
                rx.cond(RunState.may_answer, "your answer", "somebody's answer"),
            ),
            rx.cond(question.until, rx.el.span(f"until {question.until}", class_name="meta")),
            class_name="question-head",
        ),
        prose(text=question.message),
        rx.cond(RunState.may_answer, _ways(question)),
        rx.cond(
            RunState.problems_at == question.path,
            rx.foreach(
                RunState.problems,
                lambda problem, index: rx.el.p(
                    problem,
                    class_name="field-error",
                    custom_attrs={"data-testid": f"problem-{index}"},
                ),
            ),
        ),
        class_name="card padded question",
        key=question.path,
        custom_attrs={"data-testid": f"question-{question.name}"},
    )


def _ways(question: Question) -> rx.Component:
    return rx.cond(
        question.kind == "approval",
        verdict(
            f"comment-{question.path}",
            lambda is_yes, comment: RunState.decide(question.path, is_yes, comment),
        ),
        answer_form(question.fields, RunState.fill_in, question.path),
    )
