"""One request of a chain of redirects, and the next one."""

from dataclasses import dataclass, replace

import httpx

from flowstudio.errors import AddressRefusedError
from flowstudio.nodes.outgoing.urls import check_url, port_of

MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: All that another host gets to see: any other header may be somebody's key.
_HARMLESS = frozenset(
    {
        "accept",
        "accept-language",
        "content-language",
        "content-type",
        "idempotency-key",
        "user-agent",
    }
)
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Hop:
    """A request about to be sent.

    Attributes:
        headers: by lower-case name.
        credentialed: whether the chain began with a secret; sticky, also where it was dropped.
    """

    method: str
    url: httpx.URL
    headers: dict[str, str]
    body: bytes
    credentialed: bool

    @classmethod
    def first(
        cls,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        secrets: dict[str, str],
        body: bytes,
    ) -> "Hop":
        """The request as the caller wants it."""
        credentialed = bool(secrets) or not _SECRET.isdisjoint(headers)
        return cls(method, url, headers | secrets, body, credentialed)

    def follow(self, status: int, location: str) -> "Hop":
        """The request a redirect asks for, by RFC 9110.

        Raises:
            AddressRefusedError: the new URL is none we go to, or would carry secrets in the clear.
        """
        try:
            url = check_url(str(self.url.join(location.strip())))
        except httpx.InvalidURL as error:
            raise AddressRefusedError(
                f"{self.url.host} redirects to a URL that does not read."
            ) from error
        if self.credentialed and self.url.scheme == "https" and url.scheme == "http":
            raise AddressRefusedError(
                f"{self.url.host} redirects a request with a credential from https to http, "
                "where anybody on the way could read it."
            )
        headers = self.headers
        if not _same_site(self.url, url):
            headers = {name: value for name, value in headers.items() if name in _HARMLESS}
        hop = replace(self, url=url, headers=headers)
        becomes_get = (status == 303 and self.method != "HEAD") or (
            status in {301, 302} and self.method == "POST"
        )
        return _as_get(hop) if becomes_get else hop


def _as_get(hop: Hop) -> Hop:
    headers = {
        name: value
        for name, value in hop.headers.items()
        if not name.startswith("content-") and name != "idempotency-key"
    }
    return replace(hop, method="GET", body=b"", headers=headers)


def _same_site(old: httpx.URL, new: httpx.URL) -> bool:
    if old.host != new.host:
        return False
    upgraded = (old.scheme, port_of(old), new.scheme, port_of(new)) == ("http", 80, "https", 443)
    return upgraded or (old.scheme, port_of(old)) == (new.scheme, port_of(new))
