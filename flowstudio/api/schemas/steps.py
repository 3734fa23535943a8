"""What the routes of a run's steps give."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Output
from flowstudio.api.schemas.workflows import WHEN
from flowstudio.services.step_details import StepDetail


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


class ValueOut(Output):
    """The output of one step."""

    model_config = ConfigDict(json_schema_extra={"example": {"value": "Hello"}})

    value: Any
