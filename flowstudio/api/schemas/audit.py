"""What the routes of the audit log give."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Output


class EntryOut(Output):
    """Who did what to which object, from where."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "seq": 7,
                "at": "2026-11-24T12:00:00Z",
                "actor_id": "01935a2e-0c1f-7000-8000-00000000000a",
                "actor": "ada@example.com",
                "verb": "member.edit",
                "kind": "member",
                "object_id": "01935a2e-0c1f-7000-8000-00000000000b",
                "project_id": "01935a2e-0c1f-7000-8000-00000000000c",
                "result": "done",
                "address": "203.0.113.7",
                "request_id": "c0ffee",
                "details": {"role": "editor"},
                "hash": "5d41402abc4b2a76b9719d911017c592",
            }
        },
    )

    seq: int = Field(description="Counts from one, without gaps.")
    at: datetime
    actor_id: str
    actor: str
    verb: str
    kind: str
    object_id: str
    project_id: str
    result: str
    address: str
    request_id: str
    details: dict[str, Any]
    hash: str = Field(description="Over this entry and the hash before it.")


class VerdictOut(Output):
    """Whether the log is as it was written."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"is_whole": True, "entries": 7, "text": "All 7 entries are …"}
        }
    )

    is_whole: bool
    entries: int = Field(description="How many were read before a fault was found.")
    text: str
