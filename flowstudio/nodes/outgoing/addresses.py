"""Which network addresses are public, and rules that name hosts.

The table follows the IANA special-purpose registries rather than `ipaddress.is_global`, whose answer
changes between patch releases of Python and lets multicast and tunnels pass.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), label)
    for network, label in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmark address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::ffff:0:0/96", "an IPv4 address in disguise"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"),
        ("2001:db8::/32", "a documentation address"),
        ("2001::/32", "an IPv4 address behind Teredo"),
        ("2001::/23", "a reserved address"),
        ("2002::/16", "an IPv4 address behind 6to4"),
        ("3fff::/20", "a documentation address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*"
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


def why_not_public(address: Address) -> str | None:
    """What an address is if not a public unicast one, such as `a loopback address`, or None."""
    for network, label in _NOT_PUBLIC:
        if address.version == network.version and address in network:
            return label
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return "a reserved address"
    return None


def parse_address(text: str) -> Address | None:
    """An address in its usual form; None for names, and for `127.1`, `0x7f000001` and the like."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_name(host: str) -> bool:
    """Whether a host is a name that no resolver can take for a number."""
    return bool(_NAME.fullmatch(host)) and not _NUMBER.fullmatch(host.rpartition(".")[2])


def normal_host(host: str) -> str:
    """A host as rules and checks compare it: lower case, without the root's dot."""
    return host.lower().removesuffix(".")


@dataclass(frozen=True, slots=True)
class HostRule:
    """Names a host, everything under a domain (`*.example.com`), an address or a network.

    Attributes:
        port: the only port it covers; None covers all.
    """

    name: str = ""
    network: Network | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> "HostRule":
        """Read `host`, `*.domain`, `address` or `network`, each with an optional `:port`.

        IPv6 with a port stands in brackets: `[fd00::/8]:8080`.

        Raises:
            ValueError: says what is wrong with the text.
        """
        place, port = _split_port(text.strip())
        try:
            return cls(network=ip_network(place, strict=False), port=port)
        except ValueError:
            name = normal_host(place)
            if not is_name(name.removeprefix("*.")):
                message = f"{text!r} is no host, address or network with an optional :port."
                raise ValueError(message) from None
            return cls(name=name, port=port)

    def covers(self, host: str, port: int, address: Address | None) -> bool:
        """Whether the rule names this host, given as in the URL, or the address it stands at."""
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return (
                address is not None
                and address.version == self.network.version
                and address in self.network
            )
        name = normal_host(host)
        if self.name.startswith("*."):
            return name.endswith(self.name[1:])
        return name == self.name


def parse_rules(texts: Iterable[str]) -> tuple[HostRule, ...]:
    """Read several rules.

    Raises:
        ValueError: names the first that does not read.
    """
    return tuple(HostRule.parse(text) for text in texts)


def _split_port(text: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(\d{1,5}))?", text)
    plain = re.fullmatch(r"([^:\[\]]*):(\d{1,5})", text)
    if bracketed is None and plain is None:
        return text, None
    place, port = (bracketed or plain).groups()  # type: ignore[union-attr]
    if port is not None and not 0 < int(port) < 65536:
        message = f"{text!r} names a port that does not exist."
        raise ValueError(message)
    return place, int(port) if port else None
