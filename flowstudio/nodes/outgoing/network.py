"""The way connections are opened: through the address check."""

from collections.abc import Iterable

import httpcore

from flowstudio.errors import AddressRefusedError
from flowstudio.nodes.outgoing.guard import AddressGuard


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only; TLS still names the host."""

    def __init__(
        self, guard: AddressGuard, network: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        """Check with `guard`, then connect by `network`, which is given addresses, never names."""
        self._guard = guard
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up, check all its addresses, and connect to the first that answers."""
        addresses = await self._guard.addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(
            addresses[-1], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - likewise
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: such sockets lead into this machine."""
        raise AddressRefusedError(f"Sockets of this machine, such as {path!r}, are not reached.")

    async def sleep(self, seconds: float) -> None:
        """Wait, on behalf of the connection pool."""
        await self._network.sleep(seconds)
