"""What the routes of credentials take and give; a secret goes in and never comes out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.api.schemas.base import Output
from flowstudio.services.credential_inputs import (
    CredentialChange,
    NewBasic,
    NewBearer,
    NewHeader,
    NewOpenRouter,
    NewSmtp,
)

_PROJECT = "0190b0f4-7f5e-7c7e-9c52-0242ac120002"


def _example(**fields: Any) -> ConfigDict:
    example = {"project_id": _PROJECT, **fields}
    return ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"example": example},
    )


class _OfProject(BaseModel):
    project_id: str = Field(min_length=1, max_length=100, description="Whose runs may use it.")


class BearerIn(NewBearer, _OfProject):
    """A token, sent as `Authorization: Bearer`."""

    model_config = _example(
        name="CRM",
        kind="bearer",
        token="the token",  # noqa: S106 - an example
        hosts=["crm.example.com"],
    )


class HeaderIn(NewHeader, _OfProject):
    """A key in a header of its own, such as `X-Api-Key`."""

    model_config = _example(
        name="Search",
        kind="header",
        header="X-Api-Key",
        value="the key",
        hosts=["search.example.com"],
    )


class BasicIn(NewBasic, _OfProject):
    """A user name and password, sent by HTTP's basic authentication."""

    model_config = _example(
        name="Archive",
        kind="basic",
        username="ada",
        password="the password",  # noqa: S106 - an example
        hosts=["archive.example.com"],
    )


class SmtpIn(NewSmtp, _OfProject):
    """An account on a mail server, and sent nowhere else."""

    model_config = _example(
        name="Post",
        kind="smtp",
        host="mail.example.com",
        port=587,
        username="ada@example.com",
        password="the password",  # noqa: S106 - an example
    )


class OpenRouterIn(NewOpenRouter, _OfProject):
    """A key for OpenRouter: the project's model calls are made with its newest one."""

    model_config = _example(name="OpenRouter", kind="openrouter", key="sk-or-v1-…")


CredentialIn = Annotated[
    BearerIn | HeaderIn | BasicIn | SmtpIn | OpenRouterIn, Field(discriminator="kind")
]


class CredentialPatch(CredentialChange):
    """What changes; what is left out stays.

    Hosts may be taken away as they are; to add one, give the secret again. The secret is the field
    it was made with: `token`, `value`, `password` or `key`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"example": {"name": "CRM of the team"}},
    )


class CredentialOut(Output):
    """A credential without its secret."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "id": "0190b0f4-8a11-7c7e-9c52-0242ac120002",
                "project_id": _PROJECT,
                "name": "Search",
                "kind": "header",
                "hosts": ["search.example.com"],
                "details": {"header": "X-Api-Key"},
                "created_by": "0190b0f4-6c02-7c7e-9c52-0242ac120002",
                "created_at": "2026-11-24T12:00:00Z",
                "updated_at": "2026-11-24T12:00:00Z",
                "last_used_at": None,
            }
        },
    )

    id: str
    project_id: str
    name: str
    kind: str = Field(description="bearer, header, basic, smtp or openrouter.")
    hosts: tuple[str, ...] = Field(description="Where it may be sent.")
    details: dict[str, Any] = Field(
        description="What else is no secret: the header's name, the user name, the mail server."
    )
    created_by: str | None = Field(description="Id of the person, unless they are gone.")
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None = Field(description="By a run, to the minute.")
