"""The list of runs."""

import reflex as rx

from flowstudio.ui.runs.filters import filters
from flowstudio.ui.runs.run_list import run_list
from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.states import empty, skeleton


def runs_page() -> rx.Component:
    """Every run, newest first, and those that need somebody."""
    return frame(
        "runs",
        heading(
            "Runs",
            "Every run with its steps, results and cost. Runs go on when you close the page.",
        ),
        rx.el.div(
            _tab("all", "All runs"),
            _tab("dead", "Needs attention", RunsState.dead_count),
            class_name="tabs",
            role="tablist",
            aria_label="Which runs",
        ),
        rx.el.div(
            filters(),
            rx.cond(
                RunsState.problem,
                _problem(),
                rx.cond(
                    RunsState.loaded,
                    rx.cond(RunsState.runs, run_list(), _nothing()),
                    skeleton(44, 44, 44, 44, 44, 44),
                ),
            ),
            role="tabpanel",
            aria_label="Runs",
        ),
    )


def _tab(value: str, label: str, count: rx.Var[str] | str = "") -> rx.Component:
    return rx.el.button(
        label,
        rx.cond(count, rx.el.span(count, class_name="tab-count")),
        type="button",
        role="tab",
        on_click=RunsState.open_tab(value),
        class_name="tab",
        custom_attrs={
            "aria-selected": rx.cond(RunsState.tab == value, "true", "false"),
            "data-testid": f"runs-tab-{value}",
        },
    )


def _problem() -> rx.Component:
    return rx.el.div(
        icon("circle-alert", 16),
        rx.el.div(
            rx.el.strong("The runs could not be read."),
            rx.el.p(RunsState.problem),
            rx.el.button("Try again", on_click=RunsState.load, class_name="button small"),
        ),
        class_name="notice",
        role="alert",
        custom_attrs={"data-tone": "error", "data-testid": "problem-0"},
    )


def _nothing() -> rx.Component:
    return rx.cond(
        RunsState.is_filtered,
        empty(
            "search",
            "No run fits",
            "Take a filter away, or look further back.",
            rx.el.button("Clear filters", on_click=RunsState.clear_filters, class_name="button"),
        ),
        rx.cond(
            RunsState.tab == "dead",
            empty("check", "No run needs you", "Failed and abandoned runs appear here."),
            rx.cond(
                RunsState.only_drafts,
                empty(
                    "history",
                    "Only drafts have run",
                    "What the editor runs of a draft is hidden here.",
                    rx.el.button(
                        "Show runs of drafts",
                        on_click=RunsState.show_drafts(True),
                        class_name="button primary",
                    ),
                ),
                empty(
                    "history",
                    "Nothing has run yet",
                    "Pick an example and press Run; it appears here at once.",
                    link("Choose an example", to="/", class_name="button primary"),
                ),
            ),
        ),
    )
