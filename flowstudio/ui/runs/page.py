"""The list of runs."""

import reflex as rx

from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.run_table import run_table
from flowstudio.ui.widgets.states import empty, skeleton

_FILTERS = (
    ("", "All"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("paused", "Paused"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
)


def runs_page() -> rx.Component:
    """Every run, newest first."""
    return frame(
        "runs",
        heading(
            "Runs",
            "Every run with its steps, results and cost. Runs go on when you close the page.",
        ),
        rx.el.div(
            *(_filter(value, label) for value, label in _FILTERS),
            class_name="segments",
            role="group",
            aria_label="Show runs by status",
        ),
        rx.cond(
            RunsState.loaded,
            rx.cond(RunsState.runs, run_table(RunsState.runs), _nothing()),
            skeleton(44, 44, 44, 44, 44, 44),
        ),
        rx.cond(
            RunsState.has_more,
            rx.el.button("Show older runs", on_click=RunsState.show_more, class_name="button"),
        ),
    )


def _filter(value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        on_click=RunsState.show(value),
        class_name="segment",
        custom_attrs={
            "aria-pressed": rx.cond(RunsState.status == value, "true", "false"),
            "data-testid": f"runs-filter-{value or 'all'}",
        },
    )


def _nothing() -> rx.Component:
    return rx.cond(
        RunsState.status,
        empty("search", "No run is in this state", "Choose another state above, or see all runs."),
        empty(
            "history",
            "Nothing has run yet",
            "Pick an example and press Run; it appears here at once.",
            link("Choose an example", to="/", class_name="button primary"),
        ),
    )
