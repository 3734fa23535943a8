"""The kinds of secrets that nodes use, what each sends, and where it may be sent."""

import base64
from abc import ABC, abstractmethod
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
)

from flowstudio.errors import AddressRefusedError
from flowstudio.nodes.outgoing.addresses import HostRule, parse_address


def _check_host(text: str) -> str:
    HostRule.parse(text)
    return text


def _check_line(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        message = "Remove the line break or other control character."
        raise ValueError(message)
    return secret


Host = Annotated[str, AfterValidator(_check_host)]
Secret = Annotated[SecretStr, Field(min_length=1), AfterValidator(_check_line)]


class Credential(BaseModel, ABC):
    """A secret that nodes use by its id; neither `repr` nor an error shows it.

    Attributes:
        label: by which people know it; empty means the id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(min_length=1, max_length=100)
    label: str = Field("", max_length=100)

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.label or self.id

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""


class HttpCredential(Credential):
    """A credential that is sent as a header, to the hosts it is bound to.

    Attributes:
        hosts: `host`, `*.domain`, address or network, each with an optional `:port`.
    """

    hosts: tuple[Host, ...] = Field(min_length=1)

    def check_host(self, host: str, port: int) -> None:
        """Refuse to be sent anywhere else than the hosts it is bound to.

        Raises:
            AddressRefusedError: this host is not one of them.
        """
        address = parse_address(host)
        if not any(HostRule.parse(text).covers(host, port, address) for text in self.hosts):
            raise AddressRefusedError(
                f"Credential {self.shown!r} may not be sent to {host!r}: it is bound to "
                f"{', '.join(self.hosts)}. Use another one, or add the host to it."
            )

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """The header, secret included."""


class HeaderCredential(HttpCredential):
    """A key in a header of its own, such as `X-Api-Key`."""

    kind: Literal["header"]
    name: str = Field(min_length=1, max_length=200)
    value: Secret

    def headers(self) -> dict[str, str]:
        """The header, secret included."""
        return {self.name: self.value.get_secret_value()}

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""
        value = self.value.get_secret_value()
        # "Token abc" comes back as "abc" just as well.
        return (value, *value.split()[1:])


class BasicCredential(HttpCredential):
    """A user name and password, sent by HTTP's basic authentication."""

    kind: Literal["basic"]
    username: str = Field(min_length=1, pattern=r"^[^:\x00-\x1f\x7f]+$")
    password: Secret

    def headers(self) -> dict[str, str]:
        """The header, secret included."""
        return {"Authorization": f"Basic {self._pair()}"}

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""
        return (self._pair(), self.password.get_secret_value())

    def _pair(self) -> str:
        return base64.b64encode(
            f"{self.username}:{self.password.get_secret_value()}".encode()
        ).decode()


class BearerCredential(HttpCredential):
    """A token, sent as `Authorization: Bearer`."""

    kind: Literal["bearer"]
    token: Secret

    def headers(self) -> dict[str, str]:
        """The header, secret included."""
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""
        return (self.token.get_secret_value(),)


class SmtpCredential(Credential):
    """An account on a mail server, and sent nowhere else.

    Attributes:
        tls: `starttls` asks for encryption after connecting, `tls` begins with it.
        sender: of mail; empty means the user name.
    """

    kind: Literal["smtp"]
    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65535)
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""
        password = self.password.get_secret_value()
        pair = base64.b64encode(f"\0{self.username}\0{password}".encode()).decode()
        return (pair, base64.b64encode(password.encode()).decode(), password)


class OpenRouterCredential(HttpCredential):
    """A key for OpenRouter: what model calls of its project are made with."""

    kind: Literal["openrouter"]
    key: Secret

    def headers(self) -> dict[str, str]:
        """The header, secret included."""
        return {"Authorization": f"Bearer {self.key.get_secret_value()}"}

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could come back in a reply."""
        return (self.key.get_secret_value(),)
