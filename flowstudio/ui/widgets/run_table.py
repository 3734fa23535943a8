"""A list of runs: state, workflow, steps, duration, cost, when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import reflex as rx

from flowstudio.engine.events import FINISHED
from flowstudio.graph.canonical import dump_in_order
from flowstudio.ui.live import elapsed
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.link import link
from flowstudio.ui.widgets.pill import LABELS, pill

_BRIEF = 90


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list; `since` (ISO) is set while it runs, else `duration`."""

    id: str
    href: str
    workflow: str
    inputs: str
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

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def workflow(self) -> str: ...  # noqa: D102

    @property
    def status(self) -> str: ...  # noqa: D102

    @property
    def created_at(self) -> datetime: ...  # noqa: D102

    @property
    def started_at(self) -> datetime | None: ...  # noqa: D102

    @property
    def finished_at(self) -> datetime | None: ...  # noqa: D102

    @property
    def steps_done(self) -> int: ...  # noqa: D102

    @property
    def steps_total(self) -> int: ...  # noqa: D102

    @property
    def cost_usd(self) -> Decimal: ...  # noqa: D102

    @property
    def inputs(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def error(self) -> str | None: ...  # noqa: D102


def run_row(run: ListedRun, now: datetime) -> RunRow:
    """A run as it stands in a list."""
    return RunRow(
        id=run.id,
        href=f"/runs/{run.id}",
        workflow=run.workflow,
        inputs=_brief(run.inputs),
        status=run.status,
        label=LABELS.get(run.status, run.status),
        steps=steps_of(run.status, run.steps_done, run.steps_total),
        since=run.started_at.isoformat() if run.started_at and run.status == "running" else "",
        duration=words.duration(_duration_s(run)),
        cost=words.money(run.cost_usd),
        when=words.ago(run.created_at, now),
        error=run.error or "",
    )


def steps_of(status: str, done: int, total: int) -> str:
    """How many steps a run took; of one that has not succeeded, of how many in all.

    The turns of loops count each, so there may be more than the workflow has.
    """
    return f"{done:,}" if status == "succeeded" or done > total else f"{done:,} of {total:,}"


def _brief(inputs: Mapping[str, Any]) -> str:
    values = (value for value in inputs.values() if value not in ("", None))
    texts = (value if isinstance(value, str) else dump_in_order(value).decode() for value in values)
    whole = ", ".join(" ".join(text.split()) for text in texts)
    return f"{whole[:_BRIEF]}…" if len(whole) > _BRIEF else whole or "no inputs"


def _duration_s(run: ListedRun) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def is_moving(rows: list[RunRow]) -> bool:
    """Whether a run of the list may still change by itself."""
    return any(row.status not in FINISHED for row in rows)


def run_table(rows: list[RunRow], *, of_one: bool = False) -> rx.Component:
    """The list as a table; `of_one` workflow, it tells runs apart by their inputs."""
    heads = ("Status", "Inputs" if of_one else "Workflow", "Steps", "Duration", "Cost", "Started")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(*(rx.el.th(head, scope="col") for head in heads)), class_name="quiet"
            ),
            rx.el.tbody(rx.foreach(rows, lambda row: _row(row, of_one=of_one))),
            class_name="runs",
        ),
        class_name="card table-card",
    )


def _row(row: RunRow, *, of_one: bool) -> rx.Component:
    return rx.el.tr(
        rx.el.td(pill(row.status, row.label)),
        rx.el.td(
            link(row.inputs if of_one else row.workflow, to=row.href, class_name="row-link"),
            rx.cond(row.error, rx.el.div(row.error, class_name="row-error")),
        ),
        rx.el.td(row.steps, class_name="number"),
        rx.el.td(rx.cond(row.since, elapsed(since=row.since), row.duration), class_name="number"),
        rx.el.td(row.cost, class_name="number"),
        rx.el.td(row.when, class_name="number faint"),
        key=row.id,
        custom_attrs={"data-testid": f"run-row-{row.id}"},
    )
