"""What the routes of one's own account take and give."""

from datetime import datetime

from pydantic import ConfigDict, Field, SecretStr

from flowstudio.api.schemas.base import Input, Output


class MeOut(Output):
    """The caller's account."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "0190b0f4-7f5e-7c7e-9c52-0242ac120002",
                "email": "ada@example.com",
                "name": "Ada",
                "role": "user",
                "email_verified_at": None,
                "created_at": "2026-11-24T12:00:00Z",
                "has_password": True,
                "projects": {"0190b0f4-8a11-7b0c-8f00-0242ac120002": "owner"},
                "scopes": None,
            }
        },
    )

    id: str
    email: str
    name: str
    role: str = Field(description="guest, user or admin.")
    email_verified_at: datetime | None = Field(description="When the address was confirmed.")
    created_at: datetime
    has_password: bool = Field(description="False for who signs in by another service alone.")
    projects: dict[str, str] = Field(description="The caller's role by project id.")
    scopes: list[str] | None = Field(description="Of the API key in use; null without one.")


class MeIn(Input):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Ada Lovelace"}})

    name: str | None = Field(None, max_length=100, description="As others see it.")
    email: str | None = Field(
        None,
        max_length=254,
        description="Counts once the link that is mailed to it was opened.",
    )


class PasswordIn(Input):
    """A new password."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "password": "a long walk by the river",
                "new_password": "a short way up the hill",
            }
        }
    )

    password: SecretStr = Field(max_length=1000, description="The one until now.")
    new_password: SecretStr = Field(
        max_length=1000, description="12 to 200 characters, and not a common one."
    )


class LeaveIn(Input):
    """The caller's password; empty for who has none."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"password": "a long walk by the river"}}
    )

    password: SecretStr = Field(SecretStr(""), max_length=1000)


class SessionOut(Output):
    """A sign-in on one device."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "0190b0f4-7f5e-7c7e-9c52-0242ac120002",
                "method": "password",
                "user_agent": "Mozilla/5.0 …",
                "address": "203.0.113.7",
                "created_at": "2026-11-24T12:00:00Z",
                "refreshed_at": "2026-11-24T12:10:00Z",
                "expires_at": "2027-02-22T12:00:00Z",
                "is_current": True,
            }
        },
    )

    id: str
    method: str = Field(description="How its person signed in: password, github …")
    user_agent: str
    address: str
    created_at: datetime
    refreshed_at: datetime = Field(description="When it was last in use, to ten minutes.")
    expires_at: datetime = Field(description="When it ends, however much it is used.")
    is_current: bool = Field(description="Whether this request belongs to it.")


class EndedOut(Output):
    """How many sessions ended."""

    model_config = ConfigDict(json_schema_extra={"example": {"ended": 2}})

    ended: int
