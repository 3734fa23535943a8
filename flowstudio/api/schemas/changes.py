"""What the routes of editing take and give."""

from typing import Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import DOCUMENT, ID, WHEN
from flowstudio.graph.operations import MOST_OPERATIONS, Operation

_OPERATION: JsonDict = {
    "op": "set_config",
    "id": "b",
    "path": ["outputs", "text"],
    "value": "Hello!",
}
_CHANGE: JsonDict = {
    "revision": 2,
    "client": ID,
    "batch": 1,
    "base_revision": 1,
    "user_id": ID,
    "name": "Ana",
    "operations": [_OPERATION],
}


class BatchIn(Input):
    """Operations that an editor sends at once."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "client": ID,
                "batch": 1,
                "base_revision": 1,
                "operations": [_OPERATION],
            }
        },
    )

    client: str = Field(
        min_length=1, max_length=36, pattern=r"^[\w-]+$", description="Names the editor of one tab."
    )
    batch: int = Field(
        ge=0, le=2**53, description="Counts what the editor sends; the same one is applied once."
    )
    base_revision: int = Field(ge=0, le=2**53, description="The revision that was seen.")
    operations: list[Operation] = Field(min_length=1, max_length=MOST_OPERATIONS)


class RefusedOut(Output):
    """An operation that did not fit any more."""

    index: int
    message: str


class ChangeOut(Output):
    """One batch, as everybody applies it."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _CHANGE}
    )

    revision: int
    client: str
    batch: int
    base_revision: int
    user_id: str
    name: str
    operations: list[dict[str, Any]]


class SubmittedOut(ChangeOut):
    """What became of a batch."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": _CHANGE | {"refused": []}},
    )

    refused: list[RefusedOut]


class HistoryOut(Output):
    """Changes after a revision."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"revision": 2, "is_whole": True, "changes": [_CHANGE]}}
    )

    revision: int
    is_whole: bool = Field(description="Whether they lead to that revision; else read it whole.")
    changes: list[ChangeOut]


class EditorOut(Output):
    """All that an editor needs to open a workflow."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": ID,
                "project_id": ID,
                "project": "Support",
                "revision": 1,
                "updated_at": WHEN,
                "published_version": None,
                "is_changed": False,
                "document": DOCUMENT,
                "problems": [],
                "faces": {},
                "may_edit": True,
                "may_run": True,
                "me": {"id": ID, "name": "Ana"},
            }
        }
    )

    id: str
    project_id: str
    project: str
    revision: int
    updated_at: str
    published_version: int | None
    is_changed: bool = Field(description="What is published is not what the draft says.")
    document: dict[str, Any]
    problems: list[dict[str, Any]]
    faces: dict[str, dict[str, Any]] = Field(
        description="Ports, purity and one line on the setting of each node, by its id."
    )
    may_edit: bool
    may_run: bool
    me: dict[str, str]
