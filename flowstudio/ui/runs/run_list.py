"""The table of runs."""

from typing import Any

import reflex as rx

from flowstudio.ui.live import elapsed
from flowstudio.ui.runs.picked import picked
from flowstudio.ui.runs.present import ListRow
from flowstudio.ui.runs.state import RunsState
from flowstudio.ui.widgets.icons import icon
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import pill

_HEADS = ("Status", "Workflow", "Begun by", "Steps", "Duration", "Cost", "Started")
# Lists in the state, variables on the page.
_PICKED: Any = RunsState.picked
_RUNS: Any = RunsState.runs


def run_list() -> rx.Component:
    """A table of runs, a page at a time."""
    return rx.fragment(
        picked(),
        rx.el.div(
            rx.el.table(
                _head(),
                rx.el.tbody(rx.foreach(RunsState.runs, _row)),
                class_name="run-list",
            ),
            class_name="card table-card",
        ),
        _turning(),
    )


def _head() -> rx.Component:
    return rx.el.thead(
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
            *(rx.el.th(head, scope="col") for head in _HEADS),
        )
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


def _turning() -> rx.Component:
    return rx.el.nav(
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
    )
