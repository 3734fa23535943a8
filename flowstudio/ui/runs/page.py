"""The list of runs."""

from typing import Any

import reflex as rx

from flowstudio.ui.live import elapsed
from flowstudio.ui.runs.present import ListRow
from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.shell import frame, heading
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill
from flowstudio.ui.widgets.states import empty, skeleton

_STATUSES = (
    ("", "All"),
    ("queued", "Queued"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("paused", "Paused"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
)
_TRIGGERS = (
    ("", "Begun by anything"),
    ("manual", "By hand"),
    ("api", "API"),
    ("schedule", "Schedule"),
    ("webhook", "Webhook"),
    ("form", "Form"),
    ("workflow", "Inside a run"),
)
_SPANS = (
    ("", "Any time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
)


# Lists in the state, variables on the page.
_PICKED: Any = RunsState.picked
_RUNS: Any = RunsState.runs


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
            _filters(),
            rx.cond(
                RunsState.problem,
                _problem(),
                rx.cond(
                    RunsState.loaded,
                    rx.cond(RunsState.runs, _list(), _nothing()),
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


def _filters() -> rx.Component:
    return rx.fragment(
        rx.cond(
            RunsState.tab == "all",
            rx.el.div(
                *(_status(value, label) for value, label in _STATUSES),
                class_name="segments",
                role="group",
                aria_label="Show runs by status",
            ),
            rx.el.p(
                "Failed for good, waiting for a word on what became of a step, or left behind by a "
                "process that is gone. Those that were run again are not here.",
                class_name="lead tab-lead",
            ),
        ),
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder="Find by workflow, input, error or id",
                aria_label="Find runs",
                default_value=RunsState.text,
                on_change=RunsState.find_text.debounce(300),
                class_name="input grow",
                custom_attrs={"data-testid": "runs-search"},
            ),
            rx.el.select(
                rx.el.option("All workflows", value=""),
                rx.foreach(
                    RunsState.workflows, lambda each: rx.el.option(each["name"], value=each["id"])
                ),
                value=RunsState.workflow_id,
                on_change=RunsState.choose_workflow,
                aria_label="Workflow",
                class_name="input",
                custom_attrs={"data-testid": "runs-workflow"},
            ),
            _select("Begun by", _TRIGGERS, RunsState.trigger, RunsState.choose_trigger, "trigger"),
            _select("When", _SPANS, RunsState.span, RunsState.choose_span, "span"),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    checked=RunsState.drafts,
                    on_change=RunsState.show_drafts,
                    class_name="switch",
                    custom_attrs={"data-testid": "runs-drafts"},
                ),
                "Drafts",
                class_name="switch-line",
                title="The editor's runs of drafts",
            ),
            rx.cond(
                RunsState.is_filtered,
                rx.el.button(
                    "Clear",
                    type="button",
                    on_click=RunsState.clear_filters,
                    class_name="button",
                    custom_attrs={"data-testid": "runs-clear"},
                ),
            ),
            class_name="filters",
        ),
    )


def _status(value: str, label: str) -> rx.Component:
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


def _select(
    label: str,
    options: tuple[tuple[str, str], ...],
    value: rx.Var[str] | str,
    on_change: Any,
    name: str,
) -> rx.Component:
    return rx.el.select(
        *(rx.el.option(text, value=each) for each, text in options),
        value=value,
        on_change=on_change,
        aria_label=label,
        class_name="input",
        custom_attrs={"data-testid": f"runs-{name}"},
    )


def _list() -> rx.Component:
    return rx.fragment(
        _picked(),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(
                            rx.el.input(
                                type="checkbox",
                                checked=_PICKED.length() == _RUNS.length(),
                                on_change=RunsState.pick_all,
                                aria_label="Select every run of this page",
                                class_name="tick",
                                custom_attrs={"data-testid": "runs-pick-all"},
                            ),
                            scope="col",
                        ),
                        *(
                            rx.el.th(head, scope="col")
                            for head in (
                                "Status",
                                "Workflow",
                                "Begun by",
                                "Steps",
                                "Duration",
                                "Cost",
                                "Started",
                            )
                        ),
                    )
                ),
                rx.el.tbody(rx.foreach(RunsState.runs, _row)),
                class_name="run-list",
            ),
            class_name="card table-card",
        ),
        rx.el.nav(
            rx.cond(
                RunsState.has_newer,
                rx.el.button(
                    icon("arrow-left", 14), "Newer", on_click=RunsState.newer, class_name="button"
                ),
            ),
            rx.cond(
                RunsState.has_older,
                rx.el.button(
                    "Older",
                    icon("arrow-right", 14),
                    on_click=RunsState.older,
                    class_name="button",
                    custom_attrs={"data-testid": "runs-older"},
                ),
            ),
            class_name="pages",
            aria_label="Older and newer runs",
        ),
    )


def _picked() -> rx.Component:
    count = _PICKED.length()
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.span(f"{count} selected", role="status", class_name="picked-count"),
            rx.cond(
                count == 2,
                link(
                    icon("git-compare", 14),
                    "Compare",
                    to=f"/runs/compare?a={_PICKED[0]}&b={_PICKED[1]}",
                    class_name="button",
                    custom_attrs={"data-testid": "runs-compare"},
                ),
            ),
            rx.el.button(
                icon("rotate-ccw", 14),
                "Re-run",
                on_click=RunsState.rerun_picked,
                class_name="button",
                custom_attrs={"data-testid": "runs-rerun"},
            ),
            rx.el.button(
                icon("square", 14),
                "Cancel",
                on_click=RunsState.cancel_picked,
                class_name="button",
                custom_attrs={"data-testid": "runs-cancel"},
            ),
            rx.el.details(
                rx.el.summary(
                    icon("trash-2", 14),
                    "Delete",
                    class_name="button bad",
                    custom_attrs={"data-testid": "runs-delete"},
                ),
                rx.el.div(
                    rx.el.p(
                        "Their steps, outputs and logs are gone for good. "
                        "Unfinished runs are left alone."
                    ),
                    rx.el.button(
                        "Delete for good",
                        on_click=RunsState.delete_picked,
                        class_name="button danger",
                        custom_attrs={"data-testid": "runs-delete-sure"},
                    ),
                    class_name="confirm-box",
                ),
                class_name="confirm",
            ),
            rx.el.button("Clear", on_click=RunsState.pick_none, class_name="button plain"),
            class_name="picked",
        ),
    )


def _row(row: ListRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.input(
                type="checkbox",
                checked=_PICKED.contains(row.id),
                on_change=RunsState.pick(row.id),
                aria_label=f"Select the run of {row.workflow}, {row.when}",
                class_name="tick",
                custom_attrs={"data-testid": f"run-pick-{row.id}"},
            )
        ),
        rx.el.td(pill(row.status, row.label)),
        rx.el.td(
            link(row.workflow, to=row.href, class_name="row-link"),
            rx.cond(row.is_rerun, rx.el.span("re-run", class_name="tag")),
            rx.cond(
                row.note,
                rx.el.div(row.note, class_name="row-error"),
                rx.cond(row.inputs, rx.el.div(row.inputs, class_name="row-inputs")),
            ),
        ),
        rx.el.td(row.trigger, class_name="faint"),
        rx.el.td(row.steps, class_name="number"),
        rx.el.td(rx.cond(row.since, elapsed(since=row.since), row.duration), class_name="number"),
        rx.el.td(row.cost, class_name="number"),
        rx.el.td(row.when, class_name="number faint", title=row.at),
        key=row.id,
        custom_attrs={"data-testid": f"run-row-{row.id}"},
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
