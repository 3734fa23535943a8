"""What the routes of API keys take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from flowstudio.api.schemas.base import Input, Output

_EXAMPLE: JsonDict = {
    "id": "0a1b2c3d4e",
    "name": "nightly import",
    "project_id": None,
    "scopes": ["runs:read", "runs:write"],
    "created_at": "2026-11-24T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}


class KeyIn(Input):
    """What a key is to be."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"name": "nightly import", "scopes": ["runs:read", "runs:write"]}
        },
    )

    name: str = Field(max_length=200, description="1 to 100 characters, on one line.")
    scopes: list[str] = Field(max_length=50, description="What it may do; see the access table.")
    project_id: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="The one project it is for; null for all of yours.",
    )
    expires_at: AwareDatetime | None = Field(
        None, description="Within a year; null for a key that lasts until it is revoked."
    )


class RotateIn(Input):
    """How long the old key stays good beside the new one."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"overlap_minutes": 60}}
    )

    overlap_minutes: int = Field(0, ge=0, le=1440)


class KeyOut(Output):
    """A key without the key."""

    model_config = ConfigDict(
        from_attributes=True, frozen=True, json_schema_extra={"example": _EXAMPLE}
    )

    id: str = Field(description="The part after `fsk_`, which is no secret.")
    name: str
    project_id: str | None
    scopes: Annotated[list[str], BeforeValidator(sorted)]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class MadeKeyOut(KeyOut):
    """A new key."""

    key: str = Field(description="The key itself; shown this once.")
