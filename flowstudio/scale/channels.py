"""Messages between the people of one place, such as everybody who has a workflow open."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

Message = Mapping[str, Any]
_MOST_WAITING = 2_000


class Listener:
    """One listener's queue. Whoever falls behind loses messages and is told so."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue(_MOST_WAITING)
        self.has_lost = False

    def put(self, message: Message) -> None:
        """Hand over a message."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.has_lost = True

    async def get(self) -> Message:
        """The next message."""
        return await self._queue.get()


class Channels(Protocol):
    """Carries messages to those who listen, wherever they are; they are small JSON objects."""

    def publish(self, channel: str, message: Message) -> None:
        """Hand a message to everybody who listens; never waits for them."""

    def listen(self, channel: str) -> AbstractContextManager[Listener]:
        """Listen for the length of the block."""


class MemoryChannels:
    """Channels within one process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}

    def publish(self, channel: str, message: Message) -> None:
        """Hand a message to everybody who listens; never waits for them."""
        for listener in tuple(self._listeners.get(channel, ())):
            listener.put(message)

    def lose(self) -> None:
        """Tell every listener that messages were lost."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.has_lost = True

    @contextmanager
    def listen(self, channel: str) -> Iterator[Listener]:
        """Listen for the length of the block."""
        listener = Listener()
        self._listeners.setdefault(channel, set()).add(listener)
        try:
            yield listener
        finally:
            listeners = self._listeners[channel]
            listeners.discard(listener)
            if not listeners:
                del self._listeners[channel]
