"""Mail for nodes, over SMTP."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx

from flowstudio.errors import InvalidInputError, StepError
from flowstudio.nodes.outgoing.addresses import parse_address, why_not_public
from flowstudio.nodes.outgoing.guard import AddressGuard, Resolver, system_resolver
from flowstudio.nodes.outgoing.text import brief
from flowstudio.nodes.outgoing.tls import find_distrust
from flowstudio.settings import Settings

CONNECT_S = 10.0
SEND_S = 120.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and the account on it.

    Attributes:
        tls: `offered` encrypts when the server can; `starttls` insists; `tls` begins encrypted.
        sender: the From address; may be empty.
        trusted: the operator named it, so it may stand at a private address.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["offered", "starttls", "tls", "none"] = "starttls"
    sender: str = ""
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server said.

    Attributes:
        refused: address and reason of each recipient it did not take.
    """

    accepted: tuple[str, ...]
    refused: dict[str, str]


class OutgoingMail:
    """Sends mail for all nodes of the process; each message has a connection of its own."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Read `smtp_url` and `smtp_from`; nothing is opened before the first message.

        Raises:
            InvalidInputError: one of them, or `http_allow_private`, does not read.
        """
        self._guard = AddressGuard(settings.http_allow_private, resolve)
        self._given_tls = tls
        self._server = _read_url(settings.smtp_url.get_secret_value(), settings.smtp_from)
        self.sender = settings.smtp_from

    @property
    def server(self) -> MailServer:
        """The server of the settings.

        Raises:
            StepError: there is none.
        """
        if self._server is None:
            message = (
                "No mail server is set up. Pick an smtp credential in the node's settings, or set "
                "FLOWSTUDIO_SMTP_URL, such as smtp://user:password@mail.example.com:587."
            )
            raise StepError(message, retryable=False)
        return self._server

    async def send(
        self, message: EmailMessage, server: MailServer, timeout_s: float = SEND_S
    ) -> Delivery:
        """Hand a message to a server.

        Raises:
            AddressRefusedError: the server stands at an address that is not allowed.
            StepError: it was not taken; `retryable` only while nothing can have been sent.
        """
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._connect(server)
                return await _hand_over(connection, message, server.host)
        except TimeoutError as error:
            raise StepError(
                f"The mail server {server.host} did not finish within {timeout_s:g} s; "
                "whether the message was sent is not known.",
                retryable=False,
            ) from error

    async def greet(self, server: MailServer) -> None:
        """Connect, sign in and leave, without a message.

        Raises:
            AddressRefusedError: the server stands at an address that is not allowed.
            StepError: it is not in reach, or does not let this account in.
        """
        connection = await self._connect(server)
        connection.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpx.create_ssl_context()

    async def _connect(self, server: MailServer) -> aiosmtplib.SMTP:
        look_up = self._guard.look_up if server.trusted else self._guard.addresses
        connected, address = await _open(
            server.host, server.port, await look_up(server.host, server.port)
        )
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=None,
            sock=connected,
            use_tls=server.tls == "tls",
            start_tls=False,
            tls_context=self._tls,
            timeout=CONNECT_S * 3,
        )
        try:
            with _explained(server.host):
                await client.connect()
                await _log_in(client, server, address)
        except BaseException:
            client.close()
            raise
        return client


async def _open(host: str, port: int, addresses: Sequence[str]) -> tuple[socket.socket, str]:
    loop = asyncio.get_running_loop()
    problem: OSError | None = None
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.sock_connect(connection, (address, port))
        except OSError as error:
            connection.close()
            problem = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection, address
    reason = "no answer" if isinstance(problem, TimeoutError) else problem
    raise StepError(
        f"The mail server {host}:{port} could not be reached: {reason}.", retryable=True
    ) from problem


async def _log_in(client: aiosmtplib.SMTP, server: MailServer, address: str) -> None:
    place = parse_address(address.partition("%")[0])
    # What stays on this machine needs no encryption, and a local server's certificate is seldom
    # one that anybody vouches for.
    is_local = place is not None and place.is_loopback
    encrypted = server.tls == "tls"
    await client.ehlo()
    if server.tls == "starttls" or (server.tls == "offered" and not is_local):
        if client.supports_extension("starttls"):
            await client.starttls()
            encrypted = True
        elif server.tls == "starttls":
            raise StepError(
                f"The mail server {server.host} offers no encryption (STARTTLS).", retryable=False
            )
    if not server.username:
        return
    if not encrypted and (place is None or why_not_public(place) is None):
        raise StepError(
            f"The mail server {server.host} offers no encryption, so the password was not sent. "
            "Use smtps:// or a server with STARTTLS.",
            retryable=False,
        )
    await client.login(server.username, server.password)


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage, host: str) -> Delivery:
    recipients = [str(address.addr_spec) for address in message["To"].addresses]
    try:
        with _explained(host, sending=True):
            errors, _ = await client.send_message(message, recipients=recipients)
            refused = {name: brief(f"{code} {text}") for name, (code, text) in errors.items()}
            accepted = tuple(name for name in recipients if name not in refused)
            return Delivery(accepted, refused)
    finally:
        client.close()


@contextmanager
def _explained(host: str, *, sending: bool = False) -> Iterator[None]:
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise StepError(
            f"The mail server {host} refused every recipient: {first.code} {brief(first.message)}.",
            retryable=all(400 <= one.code < 500 for one in error.recipients),
        ) from error
    except aiosmtplib.SMTPAuthenticationError as error:
        # Without the cause: a server may quote what it was sent.
        raise StepError(
            f"The mail server {host} refused the user name and password ({error.code}).",
            retryable=400 <= error.code < 500,
        ) from None
    except aiosmtplib.SMTPResponseException as error:
        raise StepError(
            f"The mail server {host} refused the message: {error.code} {brief(error.message)}.",
            retryable=400 <= error.code < 500,
        ) from error
    except aiosmtplib.SMTPNotSupported as error:
        raise StepError(
            f"The mail server {host} cannot do this: {brief(str(error))}.", retryable=False
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if distrust := find_distrust(error):
            raise StepError(
                f"The certificate of the mail server {host} is not trusted: "
                f"{distrust.verify_message}.",
                retryable=False,
            ) from error
        unknown = "; whether the message was sent is not known" if sending else ""
        raise StepError(
            f"The connection to the mail server {host} broke{unknown}: {brief(str(error))}.",
            retryable=not sending,
        ) from error


def _read_url(text: str, sender: str) -> MailServer | None:
    if not text:
        return None
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        url = urlsplit("")
        port = None
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        # The setting itself is not shown: it may hold a password.
        raise InvalidInputError(
            ["FLOWSTUDIO_SMTP_URL does not read; write smtp://user:password@host:port."]
        )
    username = unquote(url.username or "")
    return MailServer(
        host=url.hostname,
        port=port or (465 if url.scheme == "smtps" else 587 if username else 25),
        username=username,
        password=unquote(url.password or ""),
        tls="tls" if url.scheme == "smtps" else "offered",
        sender=sender or username,
        trusted=True,
    )
