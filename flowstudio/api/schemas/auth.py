"""What the routes for signing in take and give."""

from pydantic import ConfigDict, Field, SecretStr

from flowstudio.api.schemas.base import Input, Output

_EMAIL = Field(max_length=254, description="E-mail address.")
_NEW_PASSWORD = Field(max_length=1000, description="12 to 200 characters, and not a common one.")
_PASSWORD = Field(max_length=1000)


class LogInIn(Input):
    """Who signs in."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "ada@example.com", "password": "a long walk by the river"}
        }
    )

    email: str = _EMAIL
    password: SecretStr = _PASSWORD


class RegisterIn(Input):
    """Who wants an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "ada@example.com",
                "name": "Ada",
                "password": "a long walk by the river",
            }
        }
    )

    email: str = _EMAIL
    name: str = Field(max_length=100, description="As others see it.")
    password: SecretStr = _NEW_PASSWORD
    invitation: SecretStr = Field(
        SecretStr(""), max_length=200, description="The secret of an invitation's link."
    )


class SetupIn(Input):
    """Who becomes the first admin."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "ada@example.com",
                "name": "Ada",
                "password": "a long walk by the river",
                "token": "",
            }
        }
    )

    email: str = _EMAIL
    name: str = Field(max_length=100, description="As others see it.")
    password: SecretStr = _NEW_PASSWORD
    token: SecretStr = Field(
        SecretStr(""),
        max_length=200,
        description="What the server printed at its start, if it did.",
    )


class SetupOut(Output):
    """Whether there is something to set up."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"example": {"needed": True, "token_needed": False}}
    )

    needed: bool = Field(description="Whether nobody is an admin yet.")
    token_needed: bool = Field(description="Whether setting up needs the token printed at start.")


class TokenOut(Output):
    """An access token. Browsers have it, and the refresh token, as cookies too."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"access_token": "eyJ0eXAi…", "expires_in": 600, "token_type": "Bearer"}
        },
    )

    access_token: str = Field(description="For the header Authorization.")
    expires_in: int = Field(description="Seconds until it ends.")
    token_type: str = "Bearer"  # noqa: S105 - its kind


class LinkTokenIn(Input):
    """The secret of a link in a mail."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"token": "3q2-7wAAAAC8-example-8Xn0KfRz1pM"}}
    )

    token: SecretStr = Field(max_length=200, description="What stands after token= in the link.")


class VerifiedOut(Output):
    """Which address is confirmed."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "ada@example.com"}})

    email: str


class ForgotIn(Input):
    """Whose password was forgotten."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "ada@example.com"}})

    email: str = _EMAIL


class ForgotOut(Output):
    """The same for every address, whether it has an account or not."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"detail": "If the address has an account, …"}}
    )

    detail: str


class ResetIn(Input):
    """A new password, by the secret of a link."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "token": "3q2-7wAAAAC8-example-8Xn0KfRz1pM",
                "password": "a long walk by the river",
            }
        }
    )

    token: SecretStr = Field(max_length=200, description="What stands after token= in the link.")
    password: SecretStr = _NEW_PASSWORD


class ProveIn(Input):
    """The caller's password, once more."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"password": "a long walk by the river"}}
    )

    password: SecretStr = _PASSWORD
