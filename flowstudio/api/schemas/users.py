"""What the routes over everybody's accounts take and give."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output


class UserOut(Output):
    """A person, as admins see them."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "0190b0f4-7f5e-7c7e-9c52-0242ac120002",
                "email": "ada@example.com",
                "name": "Ada",
                "role": "user",
                "is_active": True,
                "email_verified_at": None,
                "created_at": "2026-11-24T12:00:00Z",
                "last_seen_at": "2026-11-24T12:10:00Z",
            }
        },
    )

    id: str
    email: str
    name: str
    role: str = Field(description="guest, user or admin.")
    is_active: bool = Field(description="Whether they may sign in.")
    email_verified_at: datetime | None = Field(description="When the address was confirmed.")
    created_at: datetime
    last_seen_at: datetime | None = Field(description="When a session was last in use.")


class UserIn(Input):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "guest"}})

    role: Literal["guest", "user", "admin"] | None = None
    is_active: bool | None = Field(None, description="False shuts the person out.")
