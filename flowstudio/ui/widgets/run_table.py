"""A list of runs: state, workflow, steps, duration, cost, when."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import reflex as rx

from flowstudio.engine.events import FINISHED
from flowstudio.services.runs import duration_s
from flowstudio.ui.live import elapsed
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import LABELS, pill


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list; `since` (ISO) is set while it runs, else `duration`."""

    id: str
    href: str
    workflow: str
    status: str
    label: str
    steps: str
    since: str
    duration: str
    cost: str
    when: str
    error: str


class ListedRun(Protocol):
    """What a list needs of a run."""

    id: str
    workflow: str
    status: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    steps_done: int
    steps_total: int
    cost_usd: Decimal
    error: str | None


def run_row(run: ListedRun, now: datetime) -> RunRow:
    """A run as it stands in a list."""
    return RunRow(
        id=run.id,
        href=f"/runs/{run.id}",
        workflow=run.workflow,
        status=run.status,
        label=LABELS.get(run.status, run.status),
        steps=f"{run.steps_done} of {run.steps_total}",
        since=run.started_at.isoformat() if run.started_at and run.status == "running" else "",
        duration=words.duration(duration_s(run)),
        cost=words.money(run.cost_usd),
        when=words.ago(run.created_at, now),
        error=run.error or "",
    )


def is_moving(rows: list[RunRow]) -> bool:
    """Whether a run of the list may still change by itself."""
    return any(row.status not in FINISHED for row in rows)


def run_table(rows: rx.Var[list[RunRow]]) -> rx.Component:
    """The list as a table; its first column leads to the run."""
    heads = ("Status", "Workflow", "Steps", "Duration", "Cost", "Started")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(*(rx.el.th(head, scope="col") for head in heads)), class_name="quiet"
            ),
            rx.el.tbody(rx.foreach(rows, _row)),
            class_name="runs",
        ),
        class_name="card table-card",
    )


def _row(row: rx.Var[RunRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(pill(row.status, row.label)),
        rx.el.td(
            link(row.workflow, to=row.href, class_name="row-link"),
            rx.cond(row.error, rx.el.div(row.error, class_name="row-error")),
        ),
        rx.el.td(row.steps, class_name="number"),
        rx.el.td(
            rx.cond(row.since, elapsed(since=row.since), row.duration), class_name="number"
        ),
        rx.el.td(row.cost, class_name="number"),
        rx.el.td(row.when, class_name="number faint"),
        key=row.id,
        custom_attrs={"data-testid": f"run-row-{row.id}"},
    )
