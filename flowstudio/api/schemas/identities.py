"""What the routes of providers and linked accounts take and give."""

from datetime import datetime

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output


class ProviderOut(Output):
    """A provider people can sign in with on this server."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={"example": {"id": "github", "name": "GitHub"}},
    )

    id: str = Field(description="As it stands in paths.")
    name: str = Field(description="As people read it.")


class ProvidersOut(Output):
    """The providers set up on this server."""

    items: list[ProviderOut]


class IdentityOut(Output):
    """An account elsewhere by which a person signs in."""

    model_config = ConfigDict(
        from_attributes=True,
        frozen=True,
        json_schema_extra={
            "example": {
                "id": "0190b0f4-7f5e-7c7e-9c52-0242ac120002",
                "provider": "github",
                "label": "ada",
                "created_at": "2026-11-24T12:00:00Z",
                "last_used_at": None,
            }
        },
    )

    id: str
    provider: str = Field(description="Where the account is: github or google.")
    label: str = Field(description="What the account is called there.")
    created_at: datetime
    last_used_at: datetime | None = Field(description="When it last let its owner in.")


class LinkIn(Input):
    """Where to go on after linking."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": {"next": "/account"}}
    )

    next: str = Field(
        "/account", max_length=1_000, description="A page of this site; anything else means /."
    )


class LinkOut(Output):
    """Where the browser has to go."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"url": "https://github.com/login/oauth/authorize?client_id=…"}
        }
    )

    url: str = Field(description="The provider's page; open it in this same browser.")
