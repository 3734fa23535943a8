"""What the routes of runs take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN, Usd

_RUN: JsonDict = {
    "id": ID,
    "project_id": ID,
    "workflow_id": ID,
    "workflow": "Greet",
    "status": "succeeded",
    "trigger": "api",
    "created_by": ID,
    "created_at": WHEN,
    "started_at": WHEN,
    "finished_at": WHEN,
    "steps_done": 2,
    "steps_total": 2,
    "cost_usd": "0.0012",
    "saved_usd": "0",
    "max_cost_usd": "0.05",
    "error": None,
    "error_node": None,
}


class StartedOut(Output):
    """A run that was accepted."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": ID}})

    id: str = Field(description="Follow it at /runs/{id}/events.")


class RunOut(Output):
    """A run as lists show it."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _RUN}
    )

    id: str
    project_id: str
    workflow_id: str = Field(description="Empty for a document that is not kept.")
    workflow: str = Field(description="The workflow's name.")
    status: str = Field(
        description="queued, running, waiting, paused, succeeded, failed or cancelled."
    )
    trigger: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    steps_done: int
    steps_total: int
    cost_usd: Decimal
    saved_usd: Decimal
    max_cost_usd: Decimal | None
    error: str | None
    error_node: str | None


class UsageOut(Output):
    """How many tokens models read and wrote."""

    prompt_tokens: int
    completion_tokens: int


class WholeRunOut(RunOut):
    """A run with its inputs, and its outputs once it has succeeded."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": _RUN
            | {
                "inputs": {"topic": "bees"},
                "outputs": {"text": "Hello"},
                "usage": {"prompt_tokens": 120, "completion_tokens": 40},
                "duration_s": 1.25,
            }
        },
    )

    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    usage: UsageOut
    duration_s: float | None = Field(description="From its start to its end.")


class WaitOut(Output):
    """What a step waits for."""

    kind: str = Field(description="approval, form, timer, retry, workflow or unknown.")
    message: str
    fields: dict[str, Any] | None = Field(description="JSON Schema of the answer, of a form.")
    until: datetime | None


class StepOut(Output):
    """One step of a run."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "path": "summary",
                "node": "summary",
                "type": "ai",
                "status": "succeeded",
                "started_at": WHEN,
                "duration_s": 1.25,
                "attempts": 1,
                "cost_usd": "0.0012",
                "saved_usd": "0",
                "cached": False,
                "model": "openai/gpt-4o-mini",
                "output_size": 512,
                "error": None,
                "waiting": None,
            }
        },
    )

    path: str = Field(description="Its key in the run, such as `each/3/summary` in a loop.")
    node: str
    type: str
    status: str
    started_at: datetime | None
    duration_s: float | None
    attempts: int
    cost_usd: Decimal
    saved_usd: Decimal
    cached: bool = Field(description="Whether the output was kept from an equal step.")
    model: str | None
    output_size: int | None = Field(description="In bytes of JSON; null when there is no output.")
    error: str | None
    waiting: WaitOut | None


class StepsOut(Output):
    """The steps of a run that began or were skipped, in the order they did."""

    items: list[StepOut]


class OutputsOut(Output):
    """What a run has come to."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"status": "succeeded", "outputs": {"text": "Hello"}}}
    )

    status: str
    outputs: dict[str, Any] | None = Field(description="Null unless the run has succeeded.")


class ValueOut(Output):
    """The output of one step."""

    model_config = ConfigDict(json_schema_extra={"example": {"value": "Hello"}})

    value: Any


class ResumeIn(Input):
    """How to carry a run on."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"max_cost_usd": "0.10"}}
    )

    max_cost_usd: Usd | None = Field(None, description="Replaces the run's own limit.")


class AnswerIn(Input):
    """An answer to a step that waits for a person."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"path": "approve", "answer": {"approved": True, "comment": "Fine."}}
        },
    )

    path: str = Field(min_length=1, max_length=1_000, description="Of the step.")
    answer: dict[str, Any] = Field(
        description="Of an approval: `approved`, and `comment`. Of a form: its fields."
    )
