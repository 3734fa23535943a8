"""The address a request came from, seen through reverse proxies."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any


def client_address(scope: Mapping[str, Any], trusted: tuple[str, ...]) -> str:
    """The client's address, from the ASGI scope of its request.

    Read from the right, as each proxy adds the address that it saw; the first that is not a
    trusted proxy is the client, whatever stands left of it.

    Args:
        scope: with the other end of the connection and all `X-Forwarded-For` fields.
        trusted: addresses or networks of the proxies that are believed.
    """
    peer: str = (scope.get("client") or ("", 0))[0]
    networks = _networks(trusted)
    if not networks or not _is_in(peer, networks):
        return peer
    named = [
        part.strip()
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
        for part in value.decode("latin-1").split(",")
    ]
    found = peer
    for address in reversed(named):
        read = _read(address)
        if read is None:
            break
        found = str(read)
        if not _is_in(found, networks):
            break
    return found


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in trusted)


def _is_in(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    read = _read(address)
    return read is not None and any(read in network for network in networks)


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        read = ip_address(address)
    except ValueError:
        return None
    if isinstance(read, IPv6Address) and read.ipv4_mapped:
        return read.ipv4_mapped
    return read
