"""A run's page."""

from typing import Any

import reflex as rx

from flowstudio.ui.live import elapsed, live_value
from flowstudio.ui.run.components import (
    run_arrived,
    run_log,
    run_picture,
    run_steps,
    run_timeline,
    step_details,
)
from flowstudio.ui.run.questions import question_card
from flowstudio.ui.run.state import RunState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import missing, skeleton


def run_page() -> rx.Component:
    """One run: its graph, its result, each step with its output as it comes."""
    return frame(
        "runs",
        rx.cond(
            RunState.loaded,
            rx.cond(RunState.missing, _missing(), run_arrived(_run())),
            skeleton(40, 180, 90, 90, 90),
        ),
    )


def _run() -> rx.Component:
    return rx.fragment(
        link(icon("arrow-left", 14), "Runs", to="/runs", class_name="back"),
        heading(RunState.title, "", *_actions()),
        _facts(),
        rx.cond(RunState.error, _error()),
        rx.cond(
            RunState.has_picture,
            rx.el.section(
                run_picture(selected=RunState.selected, on_select=RunState.select),
                class_name="card flush",
            ),
        ),
        rx.foreach(RunState.questions, question_card),
        rx.el.div(
            rx.el.div(
                rx.el.section(
                    rx.el.h2("Timeline"),
                    rx.el.div(
                        run_timeline(
                            selected=RunState.selected,
                            on_select=RunState.select,
                            on_open=RunState.open_rows,
                        ),
                        class_name="card timeline-card",
                    ),
                ),
                rx.el.section(
                    rx.el.h2("Steps"),
                    run_steps(
                        selected=RunState.selected,
                        on_select=RunState.select,
                        on_more=RunState.more_steps,
                    ),
                ),
                run_log(selected=RunState.selected, on_earlier=RunState.earlier_lines),
                class_name="run-main",
            ),
            rx.el.aside(
                step_details(
                    run=RunState.run,
                    on_close=RunState.select(""),
                    on_rerun=RunState.rerun,
                ),
                rx.cond(
                    RunState.has_outputs, _side("Result", live_value(name="outputs"), "run-outputs")
                ),
                rx.cond(
                    RunState.has_inputs, _side("Inputs", live_value(name="inputs"), "run-inputs")
                ),
                class_name="side",
                aria_label="Details and results",
            ),
            class_name="columns wide-left run-columns",
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
    steer = RunState.may_steer
    resume = rx.cond(steer, _action("resume", "play", "Resume", RunState.resume, is_primary=True))
    pause = rx.cond(steer, _action("pause", "pause", "Pause", RunState.pause))
    cancel = rx.cond(steer, _action("cancel", "square", "Cancel", RunState.cancel))
    rerun = rx.cond(
        steer,
        rx.cond(
            RunState.failed_step,
            _action(
                "rerun",
                "step-forward",
                f"Re-run from {RunState.failed_step}",
                RunState.rerun(""),
                is_primary=True,
                title="A new run that keeps the steps which finished",
            ),
        ),
    )
    return [
        rx.match(
            RunState.status,
            ("succeeded", rx.fragment(_delete(), again)),
            ("failed", rx.fragment(_delete(), again, rerun)),
            ("cancelled", rx.fragment(_delete(), again)),
            ("paused", rx.fragment(cancel, resume)),
            ("running", rx.fragment(pause, cancel)),
            cancel,
        )
    ]


def _action(
    name: str, picture: str, label: str, on_click: Any, *, is_primary: bool = False, **more: Any
) -> rx.Component:
    return rx.el.button(
        icon(picture, 14),
        label,
        on_click=on_click,
        class_name="button primary" if is_primary else "button",
        custom_attrs={"data-testid": f"run-{name}"},
        **more,
    )


def _delete() -> rx.Component:
    return rx.cond(
        RunState.may_delete,
        api_form(
            action=f"/api/v1/runs/{RunState.run}",
            method="DELETE",
            submit="Delete",
            tone="danger",
            confirm="Delete this run? Its steps, outputs and log are gone for good.",
            next="/runs",
            layout="bare",
            submit_test_id="run-delete",
            key=RunState.run,
        ),
    )


def _facts() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            pill(RunState.status, RunState.label, "run-status"),
            role="status",
            aria_live="polite",
        ),
        _fact(RunState.began, "begun", "run-began"),
        rx.cond(RunState.since, _fact(elapsed(since=RunState.since), "time")),
        rx.cond(RunState.duration, _fact(RunState.duration, "time")),
        _fact(RunState.cost, "cost", "run-cost"),
        rx.cond(RunState.saved, _fact(RunState.saved, "saved")),
        rx.cond(RunState.tokens, _fact(RunState.tokens, "tokens")),
        rx.el.span(
            RunState.progress,
            rx.cond(
                RunState.percent >= 0,
                rx.el.span(
                    rx.el.span(class_name="bar-fill", style={"width": f"{RunState.percent}%"}),
                    class_name="progress",
                    aria_hidden="true",
                ),
            ),
            class_name="fact",
            custom_attrs={"data-testid": "run-steps-taken"},
        ),
        rx.cond(
            RunState.workflow,
            rx.el.span(
                icon("workflow", 14),
                link(
                    "Open the workflow",
                    to=RunState.workflow,
                    custom_attrs={"data-testid": "run-workflow"},
                ),
                class_name="fact linked",
            ),
        ),
        rx.cond(
            RunState.earlier,
            rx.el.span(
                icon("history", 14),
                link("Re-run of an earlier run", to=f"/runs/{RunState.earlier}"),
                link(
                    "Compare",
                    to=f"/runs/compare?a={RunState.earlier}&b={RunState.run}",
                    custom_attrs={"data-testid": "run-compare"},
                ),
                class_name="fact linked",
            ),
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


def _missing() -> rx.Component:
    return missing(
        "There is no such run",
        "It may have been deleted, or the address is incomplete.",
        link("See all runs", to="/runs", class_name="button primary"),
    )
