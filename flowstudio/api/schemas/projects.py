"""What the routes of projects, their members and invitations take and give."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output

_ID = "01935a2e-0c1f-7000-8000-00000000000a"
_WHEN = "2026-11-24T12:00:00Z"
Role = Literal["viewer", "runner", "editor", "owner"]


class ProjectIn(Input):
    """A project's name."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"name": "Customer mail"}}
    )

    name: str = Field(max_length=200, description="1 to 100 characters, on one line.")


class ProjectOut(Output):
    """A project."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": {"id": _ID, "name": "Customer mail", "created_at": _WHEN}},
    )

    id: str
    name: str
    created_at: datetime


class TransferIn(Input):
    """Who is to own a project."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"user_id": _ID}}
    )

    user_id: str = Field(max_length=100, description="Of another member.")


class MemberIn(Input):
    """A member's role."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"role": "runner"}}
    )

    role: Role


class MemberOut(Output):
    """A person's place in a project."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "user_id": _ID,
                "name": "Ada",
                "email": "ada@example.com",
                "role": "editor",
                "joined_at": _WHEN,
            }
        },
    )

    user_id: str
    name: str
    email: str
    role: Role
    joined_at: datetime


class InvitationIn(Input):
    """Whom to invite, as what, and for how long."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"email": "ada@example.com", "role": "runner", "expires_in_hours": 168}
        },
    )

    email: str = Field(
        "", max_length=254, description="Of one person; empty for a link anyone may use once."
    )
    role: Role = "viewer"
    expires_in_hours: int = Field(168, ge=1, le=720)


class InvitationOut(Output):
    """An invitation that can still be answered."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "id": _ID,
                "project_id": _ID,
                "email": "ada@example.com",
                "role": "runner",
                "invited_by": "Grace",
                "created_at": _WHEN,
                "expires_at": _WHEN,
            }
        },
    )

    id: str
    project_id: str
    email: str
    role: Role
    invited_by: str | None
    created_at: datetime
    expires_at: datetime


class MadeInvitationOut(InvitationOut):
    """A new invitation."""

    link: str | None = Field(
        description="To pass on; shown this once. Null when it was mailed to one person."
    )


class TokenIn(Input):
    """The secret of an invitation's link."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"token": "Zm9yIG9uZSBwZXJzb24gb25seQ"}},
    )

    token: str = Field(min_length=1, max_length=200)


class OfferOut(Output):
    """What whoever holds an invitation's link may see of it."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "project_name": "Customer mail",
                "role": "runner",
                "invited_by": "Grace",
                "email": "",
                "expires_at": _WHEN,
                "state": "open",
            }
        },
    )

    project_name: str
    role: Role
    invited_by: str
    email: str = Field(description="Of the one person it is for, or empty.")
    expires_at: datetime
    state: Literal["open", "accepted", "declined", "withdrawn", "expired"]


class AcceptedOut(Output):
    """The project one belongs to now."""

    model_config = ConfigDict(json_schema_extra={"example": {"project_id": _ID}})

    project_id: str
