"""Credentials: the secrets nodes use by name, each bound to the hosts it may be sent to."""

import base64
import json
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from flowstudio.errors import AddressRefusedError, InvalidInputError, StepError
from flowstudio.graph.document import describe
from flowstudio.nodes.outgoing.addresses import HostRule, parse_address
from flowstudio.nodes.outgoing.urls import check_headers
from flowstudio.settings import Settings

SETTING = "FLOWSTUDIO_CREDENTIALS"


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
    """A secret that nodes use by its id; neither `repr` nor an error shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(min_length=1, max_length=100)

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
                f"Credential {self.id!r} may not be sent to {host!r}: it is bound to "
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


_Any = Annotated[
    HeaderCredential | BasicCredential | BearerCredential | SmtpCredential,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[Credential] = TypeAdapter(_Any)


class Credentials:
    """The credentials nodes may name; the process offers it to them as a resource."""

    def __init__(self, settings: Settings) -> None:
        """Read `settings.credentials`.

        Raises:
            InvalidInputError: with every problem, and without the secrets.
        """
        self._by_id = _read(settings.credentials.get_secret_value())

    async def get(self, credential_id: str) -> Credential:
        """A credential by its id.

        Raises:
            StepError: there is none.
        """
        try:
            return self._by_id[credential_id]
        except KeyError:
            raise StepError(
                f"Credential {credential_id!r} does not exist. Pick another one in the node's "
                f"settings, or add it to {SETTING}.",
                retryable=False,
            ) from None


def _read(text: str) -> dict[str, Credential]:
    if not text.strip():
        return {}
    try:
        raw = json.loads(text)
    except ValueError:
        # The parser's own message and cause could quote a secret.
        raise InvalidInputError([f"{SETTING} is not valid JSON."]) from None
    if not isinstance(raw, dict):
        raise InvalidInputError([f"{SETTING} is not a JSON object of name to credential."])
    found: dict[str, Credential] = {}
    problems: list[str] = []
    for name, value in raw.items():
        try:
            found[name] = _read_one(name, value)
        except ValidationError as error:
            problems += [_say(name, details) for details in error.errors(include_input=False)]
        except StepError as error:
            problems.append(f"{SETTING}: {name}: {error}")
    if problems:
        raise InvalidInputError(problems) from None
    return found


def _read_one(name: str, value: Any) -> Credential:
    credential = _ADAPTER.validate_python(
        value | {"id": name} if isinstance(value, dict) else value
    )
    if isinstance(credential, HttpCredential):
        check_headers(credential.headers())
    return credential


def _say(name: str, details: Any) -> str:
    place = ".".join(str(part) for part in (name, *details["loc"][1:]))
    return f"{SETTING}: {place}: {describe(details)}"
