"""What the routes of runs take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN, Usd
from flowstudio.services.comparing import Comparison, Side
from flowstudio.services.step_details import StepDetail

_RUN: JsonDict = {
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

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _RUN}
    )

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


class DeadRunOut(Output):
    """A run that needs somebody."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"run": _RUN, "kind": "failed", "reason": "The model answered with 402."}
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
                "kept": False,
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
    kept: bool = Field(description="Not executed here but taken over from another run.")


class StepsOut(Output):
    """The steps of a run that began or were skipped, in the order they did."""

    items: list[StepOut]


class ReadOut(Output):
    """A value that a step's expressions read."""

    name: str = Field(description="As it is written, such as `search.results[0]`.")
    value: Any
    missing: str = Field(description="Why there is no value, or empty.")


class AttemptOut(Output):
    """One time a step was tried."""

    number: int
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Literal["running", "waiting", "succeeded", "cached", "failed", "cut"]
    error: str
    error_type: str
    retry_in_s: float | None


class StepDetailOut(Output):
    """One step with what it read and gave."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "path": "summary",
                "status": "succeeded",
                "reads": [{"name": "inputs.topic", "value": "bees", "missing": ""}],
                "given": None,
                "attempts": [],
                "has_output": True,
                "output": "Bees dance.",
                "cost_usd": "0.0012",
                "prompt_tokens": 120,
                "completion_tokens": 40,
            }
        },
    )

    path: str
    status: str
    reads: list[ReadOut] | None = Field(description="Null where that cannot be told any more.")
    given: Any = Field(description="A container's settings as they were filled in, or null.")
    attempts: list[AttemptOut]
    has_output: bool
    output: Any
    cost_usd: Decimal = Field(description="With everything inside it.")
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, detail: StepDetail) -> "StepDetailOut":
        """A step as the API gives it."""
        reads = detail.reads
        return cls(
            path=detail.path,
            status=detail.status,
            reads=None if reads is None else [ReadOut.model_validate(read) for read in reads],
            given=detail.given,
            attempts=[AttemptOut.model_validate(each) for each in detail.attempts],
            has_output=detail.has_output,
            output=detail.output,
            cost_usd=detail.money.cost_usd,
            prompt_tokens=detail.money.prompt_tokens,
            completion_tokens=detail.money.completion_tokens,
        )


class LineOut(Output):
    """A line of a diff."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


class SideOut(Output):
    """One node in one of two runs."""

    status: str
    executions: int
    busy_s: float | None
    cost_usd: Decimal
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, side: Side | None) -> "SideOut | None":
        """A side as the API gives it."""
        if side is None:
            return None
        return cls(
            status=side.status,
            executions=side.executions,
            busy_s=side.busy_s,
            cost_usd=side.money.cost_usd,
            prompt_tokens=side.money.prompt_tokens,
            completion_tokens=side.money.completion_tokens,
        )


class PairOut(Output):
    """One node in both runs; null where it did not begin."""

    name: str
    type: str
    before: SideOut | None
    after: SideOut | None
    differs: list[str] = Field(description="Any of status, output and executions.")


class ComparisonOut(Output):
    """Two runs side by side."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "before": _RUN,
                "after": _RUN,
                "document": ["changed summary.config.prompt from 'Short' to 'Long'"],
                "inputs": [],
                "outputs": [{"kind": "added", "text": "Hello"}],
                "steps": [],
            }
        },
    )

    before: RunOut
    after: RunOut
    document: list[str] = Field(description="What changed in the workflow, a line each.")
    inputs: list[LineOut] = Field(description="A diff; empty when they are equal.")
    outputs: list[LineOut]
    steps: list[PairOut]

    @classmethod
    def of(cls, found: Comparison) -> "ComparisonOut":
        """A comparison as the API gives it."""
        return cls(
            before=RunOut.model_validate(found.before),
            after=RunOut.model_validate(found.after),
            document=found.document.describe(),
            inputs=[LineOut.model_validate(line) for line in found.inputs],
            outputs=[LineOut.model_validate(line) for line in found.outputs],
            steps=[
                PairOut(
                    name=pair.name,
                    type=pair.type,
                    before=SideOut.of(pair.before),
                    after=SideOut.of(pair.after),
                    differs=sorted(pair.differs),
                )
                for pair in found.pairs
            ],
        )


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
