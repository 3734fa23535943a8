"""What the routes of remarks take and give."""

from datetime import datetime

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output
from flowstudio.api.schemas.workflows import ID, WHEN


class CommentIn(Input):
    """Something to say."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"text": "Shorter, please, @ana.", "node_id": "b"}},
    )

    text: str = Field(min_length=1, max_length=10_000, description="Markdown; @name mentions.")
    node_id: str = Field("", max_length=100, description="Empty is about the whole workflow.")
    thread_id: str | None = Field(None, max_length=100, description="The first one it answers.")


class CommentEditIn(Input):
    """What to change of a remark; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"resolved": True}}
    )

    text: str | None = Field(None, min_length=1, max_length=10_000)
    resolved: bool | None = None


class CommentOut(Output):
    """A remark."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "id": ID,
                "node_id": "b",
                "thread_id": None,
                "author_id": ID,
                "author": "Ana",
                "text": "Shorter, please.",
                "mentions": [],
                "resolved_by": None,
                "resolved_at": None,
                "created_at": WHEN,
                "edited_at": None,
            }
        },
    )

    id: str
    node_id: str
    thread_id: str | None
    author_id: str | None
    author: str
    text: str
    mentions: list[str]
    resolved_by: str | None
    resolved_at: datetime | None
    created_at: datetime
    edited_at: datetime | None


class CommentsOut(Output):
    """All remarks on a workflow, oldest first."""

    items: list[CommentOut]
