"""HTTP for nodes: only to allowed addresses, within limits of size and time."""

import asyncio
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpcore
import httpx

from flowstudio.errors import StepError
from flowstudio.nodes.outgoing.body import ACCEPTED, BoundedBody
from flowstudio.nodes.outgoing.guard import AddressGuard, Resolver, system_resolver
from flowstudio.nodes.outgoing.hops import MAX_REDIRECTS, REDIRECTS, Hop
from flowstudio.nodes.outgoing.network import GuardedNetwork
from flowstudio.nodes.outgoing.text import brief
from flowstudio.nodes.outgoing.tls import find_distrust
from flowstudio.nodes.outgoing.urls import check_headers, check_method, check_url
from flowstudio.settings import Settings

CONNECT_S = 10.0
REQUEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply read to its end.

    Attributes:
        url: it came from, after redirects.
        headers: by lower-case name; repeated ones joined by commas.
        content: the body, unpacked.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes


class OutgoingHttp:
    """Sends requests for all nodes of the process; connections are kept for reuse.

    A connection is opened only to an address that `AddressGuard` has checked, so a kept one is as
    safe as a new one. Proxies, cookies and passwords of the environment play no part.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is opened before the first request.

        Args:
            settings: `http_allow_private` and `http_max_bytes` are used.
            resolve: finds the addresses of a name.
            tls: whom to trust; by default the well-known authorities and `SSL_CERT_FILE`.

        Raises:
            InvalidInputError: `http_allow_private` does not read.
        """
        self._guard = AddressGuard(settings.http_allow_private, resolve)
        self._max_bytes = settings.http_max_bytes
        self._tls = tls

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float = REQUEST_S,
    ) -> Reply:
        """Send a request and read its reply, following up to five redirects.

        Args:
            method: any but CONNECT and TRACE.
            url: http or https.
            headers: of the user; the ones that frame a message are refused.
            secret_headers: of a credential; dropped, like all but harmless ones, when a redirect
                leaves the host.
            body: sent as it is.
            timeout_s: for everything from looking the name up to the last byte.

        Raises:
            AddressRefusedError: the URL, or one it redirects to, is not allowed.
            StepError: no reply, or one that is too large; `retryable` says if it may work later.
        """
        hop = Hop.first(
            check_method(method),
            check_url(url),
            check_headers(headers or {}),
            check_headers(secret_headers or {}),
            body,
        )
        try:
            async with asyncio.timeout(timeout_s):
                return await self._follow(hop)
        except TimeoutError as error:
            raise StepError(
                f"{hop.url.host} did not answer in full within {timeout_s:g} s.", retryable=True
            ) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    @cached_property
    def _pool(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls or httpx.create_ssl_context(),
            max_connections=200,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=GuardedNetwork(self._guard),
        )

    async def _follow(self, hop: Hop) -> Reply:
        for _ in range(MAX_REDIRECTS + 1):
            reply = await self._send(hop)
            if reply.status not in REDIRECTS or "location" not in reply.headers:
                return reply
            hop = hop.follow(reply.status, reply.headers["location"])
        raise StepError(
            f"{hop.url.host} redirects more than {MAX_REDIRECTS} times.", retryable=False
        )

    async def _send(self, hop: Hop) -> Reply:
        with _explained(hop.url.host):
            async with self._pool.stream(
                hop.method,
                _core_url(hop.url),
                headers=_core_headers(hop),
                content=hop.body or None,
                extensions={"timeout": {"connect": CONNECT_S}},
            ) as response:
                headers = _joined(response.headers)
                content = b""
                if response.status not in REDIRECTS:
                    content = await self._read(hop, response, headers)
                return Reply(response.status, str(hop.url), headers, content)

    async def _read(
        self, hop: Hop, response: httpcore.Response, headers: Mapping[str, str]
    ) -> bytes:
        coding = headers.get("content-encoding", "")
        body = BoundedBody(hop.url.host, coding, self._max_bytes)
        if hop.method != "HEAD":
            body.expect(headers.get("content-length", ""))
        async for chunk in response.aiter_stream():
            body.feed(chunk)
        return body.finish()


@contextmanager
def _explained(host: str) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise StepError(f"{host} could not be reached in time.", retryable=True) from error
    except httpcore.LocalProtocolError as error:
        message = f"The request to {host} cannot be sent: {brief(str(error))}."
        raise StepError(message, retryable=False) from error
    except (httpcore.NetworkError, httpcore.RemoteProtocolError, OSError) as error:
        if distrust := find_distrust(error):
            message = f"The certificate of {host} is not trusted: {distrust.verify_message}."
            raise StepError(message, retryable=False) from error
        reason = brief(str(error)) or "the connection broke"
        raise StepError(f"{host} gave no reply: {reason}.", retryable=True) from error


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _core_headers(hop: Hop) -> list[tuple[bytes, bytes]]:
    headers = {
        "host": hop.url.netloc.decode("ascii"),
        "user-agent": "FlowStudio",
        "accept": "*/*",
        "accept-encoding": ACCEPTED,
    } | hop.headers
    if hop.body or hop.method in {"POST", "PUT", "PATCH"}:
        headers["content-length"] = str(len(hop.body))
    return [(name.encode("ascii"), value.encode()) for name, value in headers.items()]


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1").lower(), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
