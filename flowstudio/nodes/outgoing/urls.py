"""What may be asked for: URLs, methods and headers checked before anything is sent."""

import re
from collections.abc import Iterable, Mapping
from typing import NoReturn
from urllib.parse import urlencode

import httpx

from flowstudio.errors import AddressRefusedError, StepError
from flowstudio.nodes.outgoing.text import brief

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
#: Headers that decide where a message ends, who it is for or how it is packed.
_MANAGED = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"}
    | {"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_url(text: str, query: Iterable[tuple[str, str]] = ()) -> httpx.URL:
    """Read a URL and add parameters to its query.

    Raises:
        AddressRefusedError: not http or https, carries a user name, or its host cannot be one.
    """
    text = text.strip()
    # Messages leave the query out: it may hold a key.
    shown = brief(text.partition("?")[0], 80)
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        if "@" in shown:
            _refuse("The URL does not read, and may not carry a user name or password.")
        _refuse(f"The URL {shown!r} does not read: {brief(str(error), 120)}.")
    if url.userinfo:
        _refuse(
            f"The URL of {url.host!r} carries a user name or password before its host; "
            "use a credential instead."
        )
    if url.scheme not in _DEFAULT_PORTS or not url.host:
        _refuse(f"The URL {shown!r} does not start with http:// or https:// and a host.")
    if not 0 < port_of(url) < 65536:
        _refuse(f"The URL {shown!r} names a port that does not exist.")
    if added := urlencode(list(query)).encode():
        url = url.copy_with(query=b"&".join(filter(None, (url.query, added))))
    return url.copy_with(fragment=None)


def host_of(url: httpx.URL) -> str:
    """The host as it goes over the wire: ASCII, IPv6 without brackets."""
    return url.raw_host.decode("ascii")


def port_of(url: httpx.URL) -> int:
    """The port, also where the URL leaves it to the scheme."""
    return _DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def check_method(method: str) -> str:
    """A method in capitals.

    Raises:
        StepError: not one that fetches or sends a resource.
    """
    method = method.upper()
    if not _TOKEN.fullmatch(method) or method in {"CONNECT", "TRACE"}:
        raise StepError(f"The method {brief(method, 40)!r} cannot be sent.", retryable=False)
    return method


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by lower-case name.

    Raises:
        StepError: a name or value could break out of its line, or the header is not the user's.
    """
    checked = {}
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise StepError(f"{brief(name, 60)!r} is not a header's name.", retryable=False)
        if name.lower() in _MANAGED:
            raise StepError(
                f"The header {name!r} is set by FlowStudio itself; remove it.", retryable=False
            )
        if _BAD_VALUE.search(value):
            raise StepError(
                f"The value of the header {name!r} holds a line break or another control "
                "character; remove it.",
                retryable=False,
            )
        checked[name.lower()] = value.strip()
    return checked


def _refuse(message: str) -> NoReturn:
    raise AddressRefusedError(message)
