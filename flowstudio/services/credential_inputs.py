"""What people give to make or change a credential; the secret goes in and never comes out."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from flowstudio.nodes.credential_kinds import Host, Secret
from flowstudio.settings import Settings


def _check_printable(text: str) -> str:
    if not text.isprintable():
        message = "Remove the line break or other control character."
        raise ValueError(message)
    return text


_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_check_printable),
]
#: Long enough for a key file's worth of text, short enough for a header.
_Secret = Annotated[Secret, Field(max_length=8_000)]
_Host = Annotated[Host, Field(min_length=1, max_length=300)]
Hosts = Annotated[tuple[_Host, ...], Field(min_length=1, max_length=50)]


class _New(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: _Line = Field(description="By which people know it; once in a project.")

    @abstractmethod
    def fields(self, settings: Settings) -> dict[str, Any]:
        """The fields of the kind of credential that nodes use, secret included."""


class NewOpenRouter(_New):
    """A key for OpenRouter: the project's model calls are made with it."""

    kind: Literal["openrouter"]
    key: _Secret

    def fields(self, settings: Settings) -> dict[str, Any]:
        """The fields of the kind of credential that nodes use, secret included."""
        hosts = (openrouter_host(settings),)
        return {"kind": self.kind, "key": self.key.get_secret_value(), "hosts": hosts}


class _NewHttp(_New):
    hosts: Hosts = Field(
        description="Where it may be sent: hosts, *.domains, addresses or networks, each with an "
        "optional :port."
    )


class NewHeader(_NewHttp):
    """A key in a header of its own, such as `X-Api-Key`."""

    kind: Literal["header"]
    header: str = Field(min_length=1, max_length=200, description="Name of the header.")
    value: _Secret

    def fields(self, settings: Settings) -> dict[str, Any]:  # noqa: ARG002 - one shape
        """The fields of the kind of credential that nodes use, secret included."""
        value = self.value.get_secret_value()
        return {"kind": self.kind, "name": self.header, "value": value, "hosts": self.hosts}


class NewBasic(_NewHttp):
    """A user name and password, sent by HTTP's basic authentication."""

    kind: Literal["basic"]
    username: str = Field(min_length=1, max_length=300, pattern=r"^[^:\x00-\x1f\x7f]+$")
    password: _Secret

    def fields(self, settings: Settings) -> dict[str, Any]:  # noqa: ARG002 - one shape
        """The fields of the kind of credential that nodes use, secret included."""
        password = self.password.get_secret_value()
        return {
            "kind": self.kind,
            "username": self.username,
            "password": password,
            "hosts": self.hosts,
        }


class NewBearer(_NewHttp):
    """A token, sent as `Authorization: Bearer`."""

    kind: Literal["bearer"]
    token: _Secret

    def fields(self, settings: Settings) -> dict[str, Any]:  # noqa: ARG002 - one shape
        """The fields of the kind of credential that nodes use, secret included."""
        return {"kind": self.kind, "token": self.token.get_secret_value(), "hosts": self.hosts}


class NewSmtp(_New):
    """An account on a mail server, and sent nowhere else."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1, max_length=253, pattern=r"^[^\s/@\x00-\x1f\x7f]+$")
    port: int = Field(587, ge=1, le=65535)
    username: Annotated[str, AfterValidator(_check_printable)] = Field("", max_length=300)
    password: SecretStr = Field(SecretStr(""), max_length=8_000)
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls asks for encryption after connecting, tls begins with it."
    )
    sender: Annotated[str, AfterValidator(_check_printable)] = Field(
        "", max_length=320, description="Of mail; empty means the user name."
    )

    def fields(self, settings: Settings) -> dict[str, Any]:  # noqa: ARG002 - one shape
        """The fields of the kind of credential that nodes use, secret included."""
        plain = self.model_dump(include={"kind", "host", "port", "username", "tls", "sender"})
        return plain | {"password": self.password.get_secret_value()}


NewCredential = Annotated[
    NewOpenRouter | NewHeader | NewBasic | NewBearer | NewSmtp, Field(discriminator="kind")
]


class CredentialChange(BaseModel):
    """What changes; what is left out stays.

    Hosts may be taken away as they are; to add one, the secret must be given again, so that nobody
    can have it sent to a place of their own. The secret is the field it was made with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: _Line | None = None
    hosts: Hosts | None = None
    key: _Secret | None = Field(None, description="Of an openrouter credential.")
    value: _Secret | None = Field(None, description="Of a header credential.")
    password: _Secret | None = Field(None, description="Of a basic or smtp credential.")
    token: _Secret | None = Field(None, description="Of a bearer credential.")

    @property
    def secrets(self) -> dict[str, SecretStr]:
        """The secrets given, by the field they are in."""
        given = {name: getattr(self, name) for name in ("key", "value", "password", "token")}
        return {name: secret for name, secret in given.items() if secret is not None}


def openrouter_host(settings: Settings) -> str:
    """The host that keys for OpenRouter are bound to."""
    url = urlsplit(settings.openrouter_base_url)
    host = url.hostname or ""
    if url.port is None:
        return host
    return f"[{host}]:{url.port}" if ":" in host else f"{host}:{url.port}"
