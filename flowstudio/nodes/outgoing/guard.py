"""The check every outgoing connection passes: where does this host stand, and may we go there?"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from flowstudio.errors import AddressRefusedError, InvalidInputError, StepError
from flowstudio.nodes.outgoing.addresses import (
    is_name,
    normal_host,
    parse_address,
    parse_rules,
    why_not_public,
)

#: Finds the addresses of a name. Raises OSError when there are none.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

SETTING = "FLOWSTUDIO_HTTP_ALLOW_PRIVATE"


async def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system, as any program would: hosts file, DNS."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class AddressGuard:
    """Refuses every address that is not public, but for the exceptions it is given."""

    def __init__(self, allow: Sequence[str], resolve: Resolver = system_resolver) -> None:
        """Read the exceptions, in the form of `HostRule.parse`.

        Raises:
            InvalidInputError: an exception does not read.
        """
        try:
            self._allowed = parse_rules(allow)
        except ValueError as error:
            raise InvalidInputError([f"{SETTING}: {error}"]) from error
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, every one of them checked; a name is looked up once.

        Raises:
            AddressRefusedError: one of them is not allowed.
            StepError: the name is not known.
        """
        addresses = await self.look_up(host, port)
        for text in addresses:
            self._check(host, port, text)
        return addresses

    async def look_up(self, host: str, port: int) -> list[str]:
        """The addresses of a host, unchecked.

        Raises:
            AddressRefusedError: it is neither a name nor an address in its usual form.
            StepError: the name is not known.
        """
        if parse_address(host) is not None and "%" not in host:
            return [host]
        if not is_name(normal_host(host)):
            raise AddressRefusedError(
                f"{host!r} is neither a host name nor an address in its usual form, "
                "such as 93.184.215.14 or [2606:2800::1]."
            )
        try:
            found = list(await self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise StepError(
                f"The name {host!r} was not found: {getattr(error, 'strerror', None) or error}.",
                retryable=True,
            ) from error
        if not found:
            raise StepError(f"The name {host!r} has no address.", retryable=True)
        return found

    def _check(self, host: str, port: int, text: str) -> None:
        # Without its zone, so that fe80::1%eth0 is compared like any other address.
        address = parse_address(text.partition("%")[0])
        if address is None:
            raise AddressRefusedError(f"{host!r} has an address that does not read: {text!r}.")
        if any(rule.covers(host, port, address) for rule in self._allowed):
            return
        label = why_not_public(address)
        if label is None:
            return
        is_literal = parse_address(host) is not None
        place = f"{host!r}" if is_literal else f"{host!r} stands at {text}, which"
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise AddressRefusedError(
            f"{place} is {label}, and workflows may reach only public ones. "
            f"To allow it, add {entry} to {SETTING}."
        )
