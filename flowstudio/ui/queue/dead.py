"""The section of the runs that nobody has seen to."""

from typing import Any, Literal

import reflex as rx

from flowstudio.ui.queue.dead_present import DeadRow
from flowstudio.ui.queue.state import QueueState
from flowstudio.ui.widgets.api_form import api_form
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.settings import row, row_words, rows, section, tag


def dead_runs() -> rx.Component:
    """How many runs need somebody, the latest of them, and what can be done with each or all."""
    return section(
        "dead",
        "Needs attention",
        "Runs of your projects that failed for good, that nobody carries on, or that wait for a "
        "word on what became of a step.",
        rx.cond(QueueState.dead.said, _dead_summary()),
        rows(QueueState.dead.rows, _dead_run, "None. What fails for good appears here."),
    )


def _dead_summary() -> rx.Component:
    return rx.el.div(
        rx.el.p(QueueState.dead.said, class_name="grow"),
        rx.el.div(
            link(
                icon("list", 14),
                "Look at them",
                to="/runs?tab=dead",
                class_name="button",
                custom_attrs={"data-testid": "dead-look"},
            ),
            rx.cond(
                QueueState.dead.again,
                _see_to(
                    "requeue",
                    QueueState.dead.again,
                    confirm=QueueState.dead.again_sure,
                    test_id="dead-requeue",
                ),
            ),
            _see_to(
                "dismiss",
                "Dismiss all",
                confirm=QueueState.dead.dismiss_sure,
                test_id="dead-dismiss",
            ),
            class_name="row-actions",
        ),
        rx.cond(
            QueueState.dead.rest,
            rx.el.p("The latest are here, ", QueueState.dead.rest, ".", class_name="faint"),
        ),
        class_name="card padded stack",
    )


def _dead_run(line: DeadRow) -> rx.Component:
    return row(
        row_words(
            rx.fragment(
                link(line.workflow, to=line.href, class_name="text-link"),
                tag(line.label, line.tone),
            ),
            rx.el.p(line.reason, class_name="row-error"),
            rx.cond(line.why_not, rx.el.p(line.why_not)),
            line.when,
        ),
        rx.el.div(
            rx.cond(
                line.why_not,
                link("Answer", to=line.href, class_name="button"),
                _see_to("requeue", "Take up again", extra=line.body, key="requeue"),
            ),
            _see_to("dismiss", "Dismiss", extra=line.body, key="dismiss"),
            class_name="row-actions",
        ),
        key=line.id,
        test_id="dead-row",
    )


def _see_to(
    what: Literal["requeue", "dismiss"], label: rx.Var[str] | str, test_id: str = "", **more: Any
) -> rx.Component:
    return api_form(
        action=f"/api/v1/runs/dead/{what}",
        submit=label,
        tone="plain",
        submit_test_id=test_id,
        on_done=QueueState.seen_to("Taken up again." if what == "requeue" else "Dismissed."),
        **more,
    )
