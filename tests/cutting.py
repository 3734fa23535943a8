"""A line to a server that can be cut at any moment, in the middle of a request or of its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.site import free_port


class Line:
    """Passes bytes on to a port, as a proxy does that lets the server think it is the page's origin.

    Attributes:
        port: to connect to instead.
        target: the server's own.
        is_down: nobody gets through while it is set.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.is_down = False
        self.target = target
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Close every connection there is, at once and without a word."""
        for writer in tuple(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways."""
        try:
            if self.is_down:
                raise ConnectionRefusedError
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        both = {writer, forth}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as group:
                names = (f"127.0.0.1:{port}".encode() for port in (self.port, self.target))
                group.create_task(_pump(reader, forth, *names))
                group.create_task(_pump(back, writer))
        finally:
            self._open -= both


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, old: bytes = b"", new: bytes = b""
) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data.replace(old, new) if old else data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A line that is up for the length of the block."""
    line = Line(port)
    async with await asyncio.start_server(line.serve, "127.0.0.1", line.port) as server:
        yield line
        server.close()
        line.cut()
