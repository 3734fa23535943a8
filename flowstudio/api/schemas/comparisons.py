"""What the routes of comparing two runs give."""

from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Output
from flowstudio.api.schemas.runs import RUN, RunOut
from flowstudio.services.comparing import Comparison, Side


class LineOut(Output):
    """A line of a diff."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str


class RunSideOut(Output):
    """One node in one of two runs."""

    status: str
    executions: int
    busy_s: float | None
    cost_usd: Decimal
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, side: Side | None) -> "RunSideOut | None":
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
    before: RunSideOut | None
    after: RunSideOut | None
    differs: list[str] = Field(description="Any of status, output and executions.")


class RunComparisonOut(Output):
    """Two runs side by side."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "before": RUN,
                "after": RUN,
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
    def of(cls, found: Comparison) -> "RunComparisonOut":
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
                    before=RunSideOut.of(pair.before),
                    after=RunSideOut.of(pair.after),
                    differs=sorted(pair.differs),
                )
                for pair in found.pairs
            ],
        )
