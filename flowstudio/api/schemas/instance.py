"""What the routes of the installation take and give."""

from typing import Literal

from pydantic import ConfigDict, Field

from flowstudio.api.schemas.base import Input, Output

Registration = Literal["open", "invitation", "closed"]
_WHO = "Who may make an account: anyone, people with an invitation, or nobody."


class InstanceOut(Output):
    """What anybody may know of this installation."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"needs_setup": False, "registration": "invitation", "mail": "file"}
        },
    )

    needs_setup: bool = Field(description="Whether nobody is an admin yet.")
    registration: Registration = Field(description=_WHO)
    mail: Literal["smtp", "file"] = Field(
        description="Where mail goes: to people, or to files on the server."
    )


class RegistrationIn(Input):
    """Who may make an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"registration": "invitation"}})

    registration: Registration = Field(description=_WHO)


class RegistrationOut(Output):
    """Who may make an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"registration": "invitation"}})

    registration: Registration = Field(description=_WHO)
