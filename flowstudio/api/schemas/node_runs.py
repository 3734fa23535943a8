"""What the routes of a node's runs give."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Output
from flowstudio.api.schemas.workflows import ID, WHEN
from flowstudio.services.node_runs import NodeRun


class NodeRunOut(Output):
    """One node in one run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "run_id": ID,
                "run_status": "succeeded",
                "trigger": "draft",
                "created_at": WHEN,
                "status": "succeeded",
                "times": 1,
                "path": "summary",
                "is_whole": True,
                "cost_usd": "0.0012",
                "saved_usd": "0",
                "duration_s": 1.25,
                "port": "out",
                "error": None,
                "preview": {"text": "Hello"},
            }
        }
    )

    run_id: str
    run_status: str
    trigger: str
    created_at: datetime
    status: str = Field(description="Of the node in that run.")
    times: int = Field(description="How often it was begun; in a loop, once a turn.")
    path: str = Field(description="Of the step that was made last.")
    is_whole: bool = Field(description="False where only the last turns of a long loop count.")
    cost_usd: Decimal
    saved_usd: Decimal
    duration_s: float | None = Field(description="Of all times together.")
    port: str | None = Field(description="It was left by.")
    error: str | None
    preview: Any = Field(
        description="The beginning of what it gave last; null when it gave nothing."
    )

    @classmethod
    def of(cls, one: NodeRun) -> Self:
        """From what the service gives."""
        return cls(
            run_id=one.run.id,
            run_status=one.run.status,
            trigger=one.run.trigger,
            created_at=one.run.created_at,
            status=one.status,
            times=one.times,
            path=one.path,
            is_whole=one.is_whole,
            cost_usd=one.cost_usd,
            saved_usd=one.saved_usd,
            duration_s=one.duration_s,
            port=one.port,
            error=one.error,
            preview=one.preview,
        )


class NodeRunsOut(Output):
    """A node's latest runs, the newest first."""

    items: list[NodeRunOut]
