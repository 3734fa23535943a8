"""What the routes of versions take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import DOCUMENT, ID, WHEN, VersionRefIn, WorkflowOut

_MOST = 1_000_000_000
#: Which document of a workflow is meant, in a query.
WantedVersion = Annotated[
    Annotated[int, Field(ge=1, le=_MOST)] | Literal["draft", "published"],
    Query(description="A version's number, `draft` or `published`."),
]
#: A version's number in a path.
Number = Annotated[int, Path(ge=1, le=_MOST)]
_VERSION: JsonDict = {
    "number": 3,
    "kind": "named",
    "name": "Calmer replies",
    "note": "Asks a person before anything is sent.",
    "revision": 42,
    "created_by": ID,
    "author": "Ann",
    "created_at": WHEN,
    "is_published": True,
}
_FIELD: JsonDict = {
    "path": "config.prompt",
    "before": "Answer.",
    "after": "Answer calmly.",
    "is_cut": False,
}


class NamedIn(Input):
    """A name for a version, and what changed, in a line."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"name": "Calmer replies", "note": "A person is asked first."}
        },
    )

    name: str = Field(max_length=400)
    note: str = Field("", max_length=4_000)


class PublishIn(Input):
    """What schedules, webhooks and forms are to run."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"version": "draft", "name": "Calmer replies", "note": ""}},
    )

    version: VersionRefIn = "draft"
    name: str = Field("", max_length=400, description="For the version that is kept of a draft.")
    note: str = Field("", max_length=4_000)


class RestoreIn(Input):
    """What the draft is to say again."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"version": 3}}
    )

    version: VersionRefIn
    revision: int | None = Field(
        default=None, ge=1, description="Of the draft; if it has another by now, nothing is done."
    )


class VersionOut(Output):
    """A version without its document."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _VERSION}
    )

    number: int = Field(description="Counts up within the workflow.")
    kind: str = Field(description="`named`, or `checkpoint`: made by itself, the latest 50 kept.")
    name: str
    note: str
    revision: int = Field(description="Of the workflow, whose document it is.")
    created_by: str | None
    author: str = Field(description="Name of whoever made it, or empty.")
    created_at: datetime
    is_published: bool


class VersionsOut(Output):
    """A piece of the list of versions, and how the workflow stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [_VERSION],
                "next": None,
                "revision": 45,
                "published_version": 3,
                "is_changed": True,
            }
        }
    )

    items: list[VersionOut]
    next: str | None = Field(description="What to give as `after` for the next piece.")
    revision: int = Field(description="Of the draft.")
    published_version: int | None
    is_changed: bool = Field(description="What is published is not what the draft says.")


class WholeVersionOut(VersionOut):
    """A version with its document."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": _VERSION | {"document": DOCUMENT}},
    )

    document: dict[str, Any]


class RestoredOut(Output):
    """A workflow whose draft says again what a version says."""

    model_config = ConfigDict(json_schema_extra={"example": {"undo": 7}})

    workflow: WorkflowOut
    undo: int | None = Field(
        description="Number of the version that holds what the draft said before; null if nothing "
        "changed."
    )


class FieldChangeOut(Output):
    """One field that differs; null stands for a field that is not there."""

    path: str
    before: Any
    after: Any
    is_cut: bool = Field(description="The values are parts of longer texts, around what differs.")


class NodeChangeOut(Output):
    """A node that differs."""

    id: str
    name: str
    type: str
    state: str = Field(description="added, removed, changed, or moved on the canvas alone.")
    name_before: str = Field(description="Empty unless the node was renamed.")
    parent: str = Field(description="Name of the container it lives in.")
    is_moved: bool
    changes: list[FieldChangeOut]


class EdgeChangeOut(Output):
    """A wire that was added or removed."""

    id: str
    state: str
    source: str
    source_port: str
    target: str
    target_port: str
    source_name: str
    target_name: str


class NoteChangeOut(Output):
    """A sticky note that differs."""

    id: str
    text: str = Field(description="The beginning of what it says.")
    state: str = Field(description="added, removed, changed, or moved or resized alone.")
    changes: list[FieldChangeOut]


class ComparisonOut(Output):
    """Everything that differs."""

    nodes: list[NodeChangeOut]
    edges: list[EdgeChangeOut]
    notes: list[NoteChangeOut]
    settings: list[FieldChangeOut] = Field(description="Fields of the workflow itself.")
    reordered: bool = Field(description="Nodes stand in another order.")
    is_equal: bool


class SideOut(Output):
    """One of the two documents."""

    ref: int | str = Field(description="A version's number, `draft` or `published`, as asked.")
    number: int | None = Field(description="Null for the draft.")
    name: str
    revision: int
    document: dict[str, Any] | None = Field(description="Only if asked for.")


class DiffOut(Output):
    """Two documents of a workflow, and how they differ."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "before": {
                    "ref": "published",
                    "number": 3,
                    "name": "Calmer replies",
                    "revision": 42,
                    "document": None,
                },
                "after": {
                    "ref": "draft",
                    "number": None,
                    "name": "",
                    "revision": 45,
                    "document": None,
                },
                "diff": {
                    "nodes": [
                        {
                            "id": "a",
                            "name": "answer",
                            "type": "ai",
                            "state": "changed",
                            "name_before": "",
                            "parent": "",
                            "is_moved": False,
                            "changes": [_FIELD],
                        }
                    ],
                    "edges": [],
                    "notes": [],
                    "settings": [],
                    "reordered": False,
                    "is_equal": False,
                },
            }
        }
    )

    before: SideOut
    after: SideOut
    diff: ComparisonOut
