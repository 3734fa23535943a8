"""What the routes of runs take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN, Usd

RUN: JsonDict = {
    "id": ID,
    "project_id": ID,
    "workflow_id": ID,
    "workflow": "Greet",
    "version": 3,
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
    "rerun_of": "",
}


class StartedOut(Output):
    """A run that was accepted."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": ID}})

    id: str = Field(description="Follow it at /runs/{id}/events.")


class RunOut(Output):
    """A run as lists show it."""

    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_extra={"example": RUN})

    id: str
    project_id: str
    workflow_id: str = Field(description="Empty for a document that is not kept.")
    workflow: str = Field(description="The workflow's name.")
    version: int | None = Field(description="Number of the version it runs; null for a draft.")
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
    rerun_of: str = Field(description="The run whose finished steps this one kept, or empty.")


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
            "example": RUN
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


class DeadRunOut(Output):
    """A run that needs somebody."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"run": RUN, "kind": "failed", "reason": "The model answered with 402."}
        },
    )

    run: RunOut
    kind: Literal["failed", "unknown", "abandoned"] = Field(
        description="It failed; a step may or may not have been done; or nobody carries it on."
    )
    reason: str


class DeleteIn(Input):
    """Which runs to delete."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"ids": [ID]}}
    )

    ids: list[Annotated[str, StringConstraints(min_length=1, max_length=100)]] = Field(
        min_length=1, max_length=200
    )


class NotDeletedOut(Output):
    """A run that was left as it is."""

    id: str
    reason: str


class DeletedOut(Output):
    """What came of deleting several."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {"deleted": [ID], "refused": [{"id": ID, "reason": "It is running."}]}
        },
    )

    deleted: list[str]
    refused: list[NotDeletedOut]


class OutputsOut(Output):
    """What a run has come to."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"status": "succeeded", "outputs": {"text": "Hello"}}}
    )

    status: str
    outputs: dict[str, Any] | None = Field(description="Null unless the run has succeeded.")


class ResumeIn(Input):
    """How to carry a run on."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"max_cost_usd": "0.10"}}
    )

    max_cost_usd: Usd | None = Field(None, description="Replaces the run's own limit.")


class RerunIn(Input):
    """Where to begin again."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"from_path": "summary"}}
    )

    from_path: str | None = Field(
        None,
        min_length=1,
        max_length=1_000,
        description="A step that runs again, with all below it; left out, what did not finish.",
    )


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
