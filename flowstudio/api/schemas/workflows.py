"""What the routes of workflows take and give."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.graph.operations import MOST_OPERATIONS, Operation
from flowstudio.services.version_choice import VersionRef
from flowstudio.services.workflows import RunWish

ID = "01935a2e-0c1f-7000-8000-00000000000a"
WHEN = "2026-11-24T12:00:00Z"
DOCUMENT: JsonDict = {
    "format": "flowstudio/1",
    "name": "Greet",
    "nodes": [
        {"id": "a", "type": "start", "name": "start", "config": {"inputs": {}}},
        {"id": "b", "type": "end", "name": "end", "config": {"outputs": {"text": "Hello"}}},
    ],
    "edges": [{"id": "e", "source": "a", "target": "b"}],
}
_RECORD: JsonDict = {
    "id": ID,
    "project_id": ID,
    "name": "Greet",
    "revision": 1,
    "created_by": ID,
    "created_at": WHEN,
    "updated_at": WHEN,
    "tags": ["mail"],
    "folder": "Support/Mail",
    "published_version": 3,
    "is_changed": False,
    "deleted_at": None,
}
_PROBLEM: JsonDict = {
    "code": "unknown_type",
    "message": "There is no node type 'robot'.",
    "node": "r",
    "path": "type",
}

#: Which document of a workflow is meant, in a body.
VersionRefIn = (
    Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)] | Literal["draft", "published"]
)
Usd = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=10, allow_inf_nan=False)]


class WorkflowIn(Input):
    """A document, and the project that is to keep it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"project_id": ID, "document": DOCUMENT}},
    )

    project_id: str = Field(min_length=1, max_length=100)
    document: dict[str, Any] = Field(description="See the document format.")
    folder: str = Field("", max_length=300, description="Such as `Support/Mail`.")
    tags: list[str] = Field(default=[], max_length=50)


class DocumentIn(Input):
    """A document."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"document": DOCUMENT}}
    )

    document: dict[str, Any]


class MaybeDocumentIn(Input):
    """A document to check in place of the kept one, or nothing."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"document": DOCUMENT}}
    )

    document: dict[str, Any] | None = None


class OperationsIn(Input):
    """Changes, applied in order, all or none."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"operations": [{"op": "update_workflow", "name": "Greet everybody"}]}
        },
    )

    operations: list[Operation] = Field(min_length=1, max_length=MOST_OPERATIONS)


class WorkflowOut(Output):
    """A workflow without its document."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _RECORD}
    )

    id: str
    project_id: str
    name: str
    revision: int = Field(
        description="Grows by one with each change of the document; in quotes, what `If-Match` takes."
    )
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    tags: list[str]
    folder: str = Field(description="Such as `Support/Mail`, or empty.")
    published_version: int | None = Field(
        description="Number of the version that schedules, webhooks and forms run."
    )
    is_changed: bool = Field(description="What is published is not what the draft says.")
    deleted_at: datetime | None = Field(description="Since when it is in the trash.")


class WholeWorkflowOut(WorkflowOut):
    """A workflow with its document."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": _RECORD | {"document": DOCUMENT}},
    )

    document: dict[str, Any]


class KeptWorkflowOut(WorkflowOut):
    """A workflow that was kept, and what keeps it from running."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": _RECORD | {"problems": [_PROBLEM]}},
    )

    problems: list[dict[str, Any]]


class ImportedWorkflowOut(KeptWorkflowOut):
    """A workflow that was taken in."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": _RECORD | {"problems": [_PROBLEM], "turned_off": ["score"]}},
    )

    turned_off: list[str] = Field(
        description="Names of its nodes with code; each is disabled until you turn it on."
    )


class ProblemsOut(Output):
    """Every problem of a document; none means it can run."""

    model_config = ConfigDict(json_schema_extra={"example": {"problems": [_PROBLEM]}})

    problems: list[dict[str, Any]]


class CostOut(Output):
    """What a run is going to cost, in US dollars."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "low_usd": "0.0010",
                "typical_usd": "0.0020",
                "high_usd": "0.0040",
                "calls": 2,
                "is_open": False,
            }
        },
    )

    low_usd: Decimal
    typical_usd: Decimal
    high_usd: Decimal
    calls: int = Field(description="Model calls this stands for.")
    is_open: bool = Field(description="It depends on what is not known yet.")


class InputsIn(Input):
    """Inputs of a run, by name."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"inputs": {"topic": "bees"}}}
    )

    inputs: dict[str, Any] = {}


class RunIn(InputsIn):
    """How to run a workflow."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"inputs": {"topic": "bees"}, "max_cost_usd": "0.05"}},
    )

    max_cost_usd: Usd | None = Field(
        None, description="Stop before a call that would pass this; the server may allow less."
    )
    use_cache: bool = Field(True, description="Take kept answers of equal steps.")
    queue: Literal["interactive", "batch"] = Field(
        "interactive", description="`batch` lets everything else go first."
    )
    delay_s: float = Field(0, ge=0, le=366 * 86_400, description="Begin after so many seconds.")

    dedup_key: str = Field(
        "",
        max_length=200,
        description="While a run of the project with this key has not ended, its id is given back.",
    )

    def wish(self, key: str, now: datetime, version: VersionRef = "draft") -> RunWish:
        """What the service is asked for."""
        return RunWish(
            self.inputs,
            self.max_cost_usd,
            key,
            self.use_cache,
            version,
            queue=self.queue,
            dedup_key=self.dedup_key,
            ready_at=now + timedelta(seconds=self.delay_s) if self.delay_s else None,
        )


class WorkflowRunIn(RunIn):
    """How to run a stored workflow."""

    version: VersionRefIn = Field(
        "draft", description="A version's number, `draft`, or `published`, as triggers do."
    )


class DocumentRunIn(RunIn):
    """How to run a document that is not kept."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"project_id": ID, "document": DOCUMENT, "inputs": {}}},
    )

    project_id: str = Field(min_length=1, max_length=100)
    document: dict[str, Any]


class TagsIn(Input):
    """All tags of a workflow."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"tags": ["mail", "daily"]}}
    )

    tags: list[str] = Field(max_length=50)


class FolderIn(Input):
    """Where a workflow stands."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"folder": "Support/Mail"}}
    )

    folder: str = Field(max_length=300, description="Empty takes it out of any folder.")


class FolderMoveIn(Input):
    """A folder, and the path it gets."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"before": "Support", "after": "Customers/Support"}},
    )

    before: str = Field(min_length=1, max_length=300)
    after: str = Field(max_length=300, description="Empty dissolves the folder.")


class MovedOut(Output):
    """What a moved folder took along."""

    model_config = ConfigDict(json_schema_extra={"example": {"workflows": 4}})

    workflows: int


class LabelsOut(Output):
    """How many workflows bear each tag, and stand in each folder itself."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": {"tags": {"mail": 2}, "folders": {"": 1, "Support/Mail": 2}}},
    )

    tags: dict[str, int]
    folders: dict[str, int]
