"""What the routes of the queue take and give."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.services.queue import QueuesView

_LIMIT = "Most runs at once; null for no limit."


class QueueOut(Output):
    """One queue: what it is told, and how it stands."""

    name: str
    is_paused: bool = Field(description="What waits stays where it is.")
    is_draining: bool = Field(description="What waits goes on; nothing new is taken.")
    waiting: int
    delayed: int = Field(description="Runs that wait for a moment.")
    running: int
    oldest_at: datetime | None = Field(description="When the one waiting longest came in.")
    ended_last_minute: int


class RunLimitOut(Output):
    """How many runs of something go on at once."""

    scope: Literal["instance", "project", "workflow"]
    object_id: str = Field(description="Of the project or workflow; empty for all runs together.")
    name: str = Field(description="Of the project or workflow; empty if there is none any more.")
    most_at_once: int


class WorkflowLimitOut(Output):
    """How many runs of one workflow go on at once."""

    most_at_once: int | None = Field(description="null: as many as there is room for.")


class RateOut(Output):
    """How often a model or a credential may be used."""

    kind: Literal["model", "credential"]
    key: str
    name: str = Field(description="Of the credential and its project; empty if it is gone.")
    calls: int
    per_s: float


class WorkerOut(Output):
    """A process that advances runs, as it last told."""

    name: str
    host: str
    pid: int
    kind: Literal["web", "worker"]
    queues: list[str]
    concurrency: int
    running: int
    started_at: datetime
    seen_at: datetime
    is_lost: bool = Field(description="It has not been heard of for half a minute.")


class QueuesOut(Output):
    """Everything about the queue."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "queues": [
                    {
                        "name": "interactive",
                        "is_paused": False,
                        "is_draining": False,
                        "waiting": 0,
                        "delayed": 0,
                        "running": 1,
                        "oldest_at": None,
                        "ended_last_minute": 12,
                    }
                ],
                "limits": [],
                "rates": [],
                "workers": [],
            }
        },
    )

    queues: list[QueueOut] = Field(description="Those served first come first.")
    limits: list[RunLimitOut]
    rates: list[RateOut]
    workers: list[WorkerOut]

    @classmethod
    def of(cls, view: QueuesView) -> "QueuesOut":
        """From what the service gives."""
        queues: list[dict[str, Any]] = [
            {
                "name": each.name,
                "is_paused": each.state.is_paused,
                "is_draining": each.state.is_draining,
                "waiting": each.depth.waiting,
                "delayed": each.depth.delayed,
                "running": each.depth.running,
                "oldest_at": each.depth.oldest_at,
                "ended_last_minute": each.depth.ended,
            }
            for each in view.queues
        ]
        return cls(
            queues=[QueueOut(**each) for each in queues],
            limits=[
                RunLimitOut(**asdict(each), name=view.names.get(each.object_id, ""))
                for each in view.limits
            ],
            rates=[
                RateOut(**asdict(each), name=view.names.get(each.key, "")) for each in view.rates
            ],
            workers=[
                WorkerOut.model_validate(
                    {
                        name: getattr(each.worker, name)
                        for name in WorkerOut.model_fields
                        if name != "is_lost"
                    }
                    | {"is_lost": each.is_lost}
                )
                for each in view.workers
            ],
        )


class QueueIn(Input):
    """What a queue is told; null leaves it as it is."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"is_paused": True}}
    )

    is_paused: bool | None = Field(None, description="Hold what waits.")
    is_draining: bool | None = Field(None, description="Take nothing new.")


class QueueStateOut(Output):
    """What a queue is told."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"example": {"is_paused": True, "is_draining": False}},
    )

    is_paused: bool
    is_draining: bool


class RunLimitIn(Input):
    """How many runs go on at once."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"most_at_once": 4}}
    )

    most_at_once: int | None = Field(ge=1, le=100_000, description=_LIMIT)


class RateIn(Input):
    """How often a model or a credential may be used."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"kind": "model", "key": "openai/gpt-4o", "calls": 60, "per_s": 60}
        },
    )

    kind: Literal["model", "credential"]
    key: str = Field(
        min_length=1, max_length=200, description="Name of the model, or id of the credential."
    )
    calls: int | None = Field(ge=1, le=100_000, description="Null takes the limit away.")
    per_s: float = Field(60, gt=0, le=86_400, description="In so many seconds.")


class DeadRunsIn(Input):
    """Which dead runs; without `run_ids`, all that the caller may steer."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"run_ids": ["0199f0c2-7d0a-7c31-a7f4-0b8d0e6b5b1c"]}},
    )

    run_ids: list[str] | None = Field(None, min_length=1, max_length=1_000)
    project_id: str | None = Field(None, max_length=100, description="Those of one project alone.")


class ChangedOut(Output):
    """How many runs it concerned."""

    model_config = ConfigDict(json_schema_extra={"example": {"runs": 1}})

    runs: int
