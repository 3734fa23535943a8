"""Messages between people whose pages different processes serve."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flowstudio.scale.channels import Listener, MemoryChannels, Message
from flowstudio.scale.postgres.hub import GAP, Hub

_MESSAGE = "message"


class PgChannels:
    """`Channels` of all processes on one database.

    Every message goes to every process: they are few, and a listener would otherwise miss those
    sent while its wish to hear them is still on its way.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._local = MemoryChannels()
        hub.hear(_MESSAGE, self._take)
        # Whoever listens may have missed something, and asks anew.
        hub.hear(GAP, lambda *_: self._local.lose())

    def publish(self, channel: str, message: Message) -> None:
        """Hand a message to everybody who listens; never waits for them."""
        self._local.publish(channel, message)
        self._hub.send(_MESSAGE, [channel, dict(message)])

    @contextmanager
    def listen(self, channel: str) -> Iterator[Listener]:
        """Listen for the length of the block."""
        with self._local.listen(channel) as listener:
            yield listener

    def _take(self, _origin: str, body: list[Any]) -> None:
        channel, message = body
        self._local.publish(channel, message)
