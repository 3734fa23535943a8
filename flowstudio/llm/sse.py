"""Server-sent events, as far as model providers use them: `data:` lines and comments."""

from flowstudio.llm.errors import BrokenAnswerError

#: An event longer than this is no token of text.
MAX_EVENT_BYTES = 16_000_000

_PREFIX = b"data: "


class EventParser:
    """Splits a byte stream into the payloads of its events; comments and other fields are skipped.

    Bytes may be cut anywhere, lines may end in LF or CRLF.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads of the events that this chunk completes.

        Raises:
            BrokenAnswerError: an event passes `MAX_EVENT_BYTES`.
        """
        buffer = self._rest + chunk if self._rest else chunk
        if b"\r" in buffer:
            buffer = self._without_returns(buffer)
        *events, self._rest = buffer.split(b"\n\n")
        if len(self._rest) > MAX_EVENT_BYTES:
            message = "The provider sent one event of more than 16 MB; the call was ended."
            raise BrokenAnswerError(message)
        return [payload for event in events if (payload := _payload(event))]

    def _without_returns(self, buffer: bytes) -> bytes:
        # A return at the very end may be half of a CRLF; it waits for the next chunk.
        if buffer.endswith(b"\r"):
            return buffer[:-1].replace(b"\r\n", b"\n") + b"\r"
        return buffer.replace(b"\r\n", b"\n")


def _payload(event: bytes) -> bytes:
    if event.startswith(_PREFIX) and b"\n" not in event:
        return event[6:]
    lines = [
        line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
    ]
    return b"\n".join(lines)
