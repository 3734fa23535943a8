"""A run's page."""

import reflex as rx

from flowstudio.ui.live import elapsed, live_text, live_value
from flowstudio.ui.run.present import StepRow
from flowstudio.ui.run.questions import question_card
from flowstudio.ui.run.state import RunState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.drawing import picture
from flowstudio.ui.widgets.icons import icon, type_icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import missing, skeleton


def run_page() -> rx.Component:
    """One run: its graph, its result, each step with its output as it comes."""
    return frame(
        "runs",
        rx.cond(
            RunState.loaded,
            rx.cond(RunState.missing, _missing(), _run()),
            skeleton(40, 180, 90, 90, 90),
        ),
    )


def _run() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Runs", to="/runs", class_name="back"),
        heading(RunState.title, "", *_actions()),
        _facts(),
        rx.cond(RunState.error, _error()),
        rx.el.section(picture(RunState.drawing, RunState.states), class_name="card flush"),
        rx.foreach(RunState.questions, question_card),
        rx.el.div(
            rx.el.section(
                rx.el.h2("Steps"),
                rx.el.ol(rx.foreach(RunState.steps, _step), class_name="steps"),
            ),
            rx.el.aside(
                rx.cond(
                    RunState.has_outputs, _side("Result", live_value(name="outputs"), "run-outputs")
                ),
                rx.cond(
                    RunState.has_inputs, _side("Inputs", live_value(name="inputs"), "run-inputs")
                ),
                class_name="side",
            ),
            class_name="columns wide-left",
        ),
    )


def _actions() -> list[rx.Component]:
    again = rx.cond(
        RunState.again,
        link(
            icon("rotate-ccw", 14),
            "Run again",
            to=RunState.again,
            class_name="button",
            custom_attrs={"data-testid": "run-again"},
        ),
    )
    resume = rx.el.button(
        icon("play", 14),
        "Resume",
        on_click=RunState.resume,
        class_name="button primary",
        custom_attrs={"data-testid": "run-resume"},
    )
    pause = rx.el.button(
        icon("pause", 14),
        "Pause",
        on_click=RunState.pause,
        class_name="button",
        custom_attrs={"data-testid": "run-pause"},
    )
    cancel = rx.el.button(
        icon("square", 14),
        "Cancel",
        on_click=RunState.cancel,
        class_name="button",
        custom_attrs={"data-testid": "run-cancel"},
    )
    return [
        rx.match(
            RunState.status,
            ("succeeded", again),
            ("failed", again),
            ("cancelled", again),
            ("paused", rx.fragment(cancel, resume)),
            ("running", rx.fragment(pause, cancel)),
            cancel,
        )
    ]


def _facts() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            pill(RunState.status, RunState.label, "run-status"),
            role="status",
            aria_live="polite",
        ),
        rx.cond(RunState.since, _fact(elapsed(since=RunState.since), "time")),
        rx.cond(RunState.duration, _fact(RunState.duration, "time")),
        _fact(RunState.cost, "cost", "run-cost"),
        rx.cond(RunState.saved, _fact(RunState.saved, "saved")),
        rx.cond(RunState.tokens, _fact(RunState.tokens, "tokens")),
        rx.el.span(
            RunState.progress,
            rx.el.span(
                rx.el.span(class_name="bar-fill", style={"width": f"{RunState.percent}%"}),
                class_name="progress",
                aria_hidden="true",
            ),
            class_name="fact",
        ),
        class_name="facts",
    )


def _fact(value: str | rx.Component, name: str, test_id: str = "") -> rx.Component:
    return rx.el.span(
        value, class_name="fact", title=name.capitalize(), custom_attrs={"data-testid": test_id}
    )


def _error() -> rx.Component:
    return rx.el.div(
        icon("circle-alert", 16),
        rx.el.div(
            rx.cond(
                RunState.error_node,
                rx.el.strong(f"The run failed at “{RunState.error_node}”."),
                rx.el.strong("The run failed."),
            ),
            rx.el.p(RunState.error),
        ),
        class_name="notice",
        role="alert",
        custom_attrs={"data-tone": "error", "data-testid": "problem-0"},
    )


def _side(title: str, content: rx.Component, test_id: str) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title), content, class_name="card padded", custom_attrs={"data-testid": test_id}
    )


def _step(step: StepRow) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(
                type_icon(step.type, 16),
                class_name="type-mark",
                custom_attrs={"data-category": step.category},
            ),
            rx.el.span(step.name, class_name="step-name"),
            rx.el.span(step.title, class_name="step-title"),
            rx.el.span(_numbers(step), class_name="step-numbers"),
            pill(step.status, step.label, f"node-{step.name}-status"),
            class_name="step-head",
        ),
        rx.cond(step.error, rx.el.p(step.error, class_name="step-error")),
        rx.el.div(
            rx.cond(
                step.has_output,
                live_value(name=f"output:{step.name}"),
                live_text(name=f"text:{step.name}"),
            ),
            class_name="step-body",
            custom_attrs={"data-testid": f"node-{step.name}-output"},
        ),
        class_name="card step",
        style={"--depth": step.depth},
        custom_attrs={"data-state": step.status, "data-type": step.type},
        key=step.name,
    )


def _numbers(step: StepRow) -> rx.Component:
    parts = (step.times, step.attempts, step.model, step.tokens, step.saved, step.cost)
    return rx.fragment(
        *(rx.cond(part, rx.el.span(part, class_name="number")) for part in parts),
        rx.el.span(
            rx.cond(step.since, elapsed(since=step.since), step.duration), class_name="number"
        ),
    )


def _missing() -> rx.Component:
    return missing(
        "There is no such run",
        "It may have been deleted, or the address is incomplete.",
        link("See all runs", to="/runs", class_name="button primary"),
    )
