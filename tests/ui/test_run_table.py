from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from flowstudio.engine.events import RunStatus, Trigger
from flowstudio.ui.runs import filters
from flowstudio.ui.widgets.run_table import run_row, steps_of

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@dataclass
class Listed:
    """A run as lists get it."""

    id: str = "r"
    workflow: str = "Orders"
    status: str = "succeeded"
    created_at: datetime = NOW
    started_at: datetime | None = NOW
    finished_at: datetime | None = NOW
    steps_done: int = 3
    steps_total: int = 5
    cost_usd: Decimal = Decimal(0)
    error: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("status", "done", "told"),
    [
        ("succeeded", 3, "3"),
        ("succeeded", 240, "240"),
        ("failed", 1, "1 of 5"),
        ("running", 4, "4 of 5"),
        ("running", 1240, "1,240"),
    ],
)
def test_a_run_that_succeeded_tells_its_steps_and_any_other_how_far_it_came(
    status: str, done: int, told: str
) -> None:
    assert steps_of(status, done, 5) == told


def test_inputs_are_told_as_json_and_texts_as_they_are() -> None:
    inputs = {"orders": [{"paid": True, "by": None}], "note": "two\nlines", "empty": ""}
    row = run_row(Listed(inputs=inputs), NOW)
    assert row.inputs == '[{"paid":true,"by":null}], two lines'


def test_runs_can_be_chosen_by_each_state_and_each_thing_that_begins_them() -> None:
    assert {value for value, _ in filters._STATUSES} == {"", *get_args(RunStatus)}
    # Those of the editor have a switch of their own.
    assert {value for value, _ in filters._TRIGGERS} == {"", *get_args(Trigger)} - {"draft"}
