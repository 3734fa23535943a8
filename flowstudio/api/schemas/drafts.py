"""What the routes of the editor's runs take and give."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN, Usd

_RESULT: dict[str, Any] = {
    "status": "succeeded",
    "preview": {"text": "Hello"},
    "size": 16,
    "port": "out",
    "error": None,
    "cost_usd": "0.0012",
    "saved_usd": "0",
    "model": "openai/gpt-4o-mini",
    "tokens": {"prompt": 10, "completion": 5},
    "duration_s": 1.25,
    "at": WHEN,
    "run_id": ID,
    "pinned": None,
}


class DraftRunIn(Input):
    """Which nodes are to run."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"mode": "cells", "targets": ["b"]}},
    )

    mode: Literal["cells", "stale", "from", "all"] = Field(
        "cells",
        description="`cells`: the targets; `from`: they and all below; `stale`: what does not hold "
        "any more; `all`: everything. What these need and does not hold runs first.",
    )
    targets: list[str] = Field(
        default=[], max_length=5_000, description="Ids of nodes, for `cells` and `from`."
    )
    inputs: dict[str, Any] | None = Field(None, description="Kept as the inputs of the editor.")
    fresh: list[str] = Field(
        default=[], max_length=5_000, description="Ids of nodes that give another sample."
    )
    max_cost_usd: Usd | None = None


class DraftStartedOut(Output):
    """A run of the editor that was accepted."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": {"run_id": ID, "runs": ["answer"], "kept": ["start"]}},
    )

    run_id: str | None = Field(description="Null when nothing had to run.")
    runs: list[str] = Field(description="Names of the nodes that run, unless nothing has changed.")
    kept: list[str] = Field(description="Names of those whose output is given to them.")


class DraftCancelledOut(Output):
    """Runs of the editor that were told to stop."""

    model_config = ConfigDict(json_schema_extra={"example": {"runs": [ID]}})

    runs: list[str] = Field(description="Their ids.")


class DraftOut(Output):
    """All the editor shows of a workflow's nodes; everything by node id."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "revision": 7,
                "inputs": {"topic": "bees"},
                "input_problems": [],
                "marks": {"b": {"state": "stale", "reason": "config"}},
                "marks_key": "3f0c9a1be5d27c44",
                "results": {"b": _RESULT},
                "costs": {
                    "b": {
                        "low": "0.0005",
                        "typical": "0.0012",
                        "high": "0.01",
                        "calls": 1,
                        "is_open": False,
                    }
                },
                "stale": {"nodes": 1, "calls": 1, "typical_usd": "0.0012", "is_open": False},
                "run": None,
                "last_run": {
                    "run_id": ID,
                    "status": "succeeded",
                    "cost_usd": "0.0012",
                    "saved_usd": "0",
                    "done": 1,
                    "total": 1,
                },
                "saved_today_usd": "0.0036",
            }
        }
    )

    revision: int = Field(description="Of the workflow, of which all this is.")
    inputs: dict[str, Any]
    input_problems: list[str] = Field(description="Why the inputs do not fit the start.")
    marks: dict[str, Any] = Field(
        description="`state`: fresh, stale, maybe_stale or never; `reason`: config, inputs, "
        "upstream, pin, expired, error, code_version or null."
    )
    marks_key: str = Field(description="Names these marks: what is told later goes on from it.")
    results: dict[str, Any] = Field(
        description="What nodes last gave; `preview` is cut to 2 KB, `size` is the whole in bytes."
    )
    costs: dict[str, Any] = Field(description="Predicted, of paid nodes and their containers.")
    stale: dict[str, Any] = Field(description="All that does not hold any more, together.")
    run: dict[str, Any] | None = Field(description="The one that goes on.")
    last_run: dict[str, Any] | None = Field(description="The latest that has ended.")
    saved_today_usd: str = Field(description="What outputs taken as they are would have cost.")


class DraftInputsIn(Input):
    """Inputs for the editor's runs."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"inputs": {"topic": "bees"}}}
    )

    inputs: dict[str, Any]


class DraftInputsOut(Output):
    """What is wrong with the inputs that were kept."""

    model_config = ConfigDict(json_schema_extra={"example": {"problems": []}})

    problems: list[str]


class PinIn(Input):
    """What takes the place of a node's output."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"value": {"text": "Hello"}, "kind": "pinned"}},
    )

    value: Any
    kind: Literal["pinned", "edited"] = "pinned"
    port: str = Field("", max_length=100, description="It counts as left by; its first if empty.")


class PinnedOut(Output):
    """The node something was put in the place of."""

    model_config = ConfigDict(json_schema_extra={"example": {"node_id": "b"}})

    node_id: str
