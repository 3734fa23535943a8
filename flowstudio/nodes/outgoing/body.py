"""A reply's body, read within a limit that counts what it unpacks to."""

import zlib

from flowstudio.errors import StepError

#: What requests offer as Accept-Encoding.
ACCEPTED = "gzip"
_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f"


class BoundedBody:
    """Collects a body chunk by chunk; a bomb is cut off at the limit, not after unpacking."""

    def __init__(self, host: str, coding: str, limit: int) -> None:
        """Prepare for a body with this Content-Encoding and at most `limit` decoded bytes.

        Raises:
            StepError: the coding is not one that was offered.
        """
        self._host = host
        self._limit = limit
        self._content = bytearray()
        self._received = 0
        coding = coding.strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise StepError(
                f"{host} answered in the encoding {coding[:40]!r}, although only gzip was offered.",
                retryable=False,
            )
        self._unpack = zlib.decompressobj(_GZIP) if coding.endswith("gzip") else None

    def expect(self, length: str) -> None:
        """Refuse a body at once that announces more than the limit."""
        if length.isdecimal() and len(length) < 20 and int(length) > self._limit:
            self._refuse()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire.

        Raises:
            StepError: the body is larger than the limit, or not gzip although it says so.
        """
        self._received += len(chunk)
        # Counted too, because empty gzip blocks unpack to nothing, for ever.
        if self._received > self._limit:
            self._refuse()
        if self._unpack is None:
            self._content += chunk
        else:
            self._feed_packed(chunk)

    def finish(self) -> bytes:
        """The whole body.

        Raises:
            StepError: a packed body ended too early.
        """
        if self._unpack is not None and self._received and not self._unpack.eof:
            raise StepError(f"The reply of {self._host} ended too early.", retryable=True)
        return bytes(self._content)

    def _feed_packed(self, chunk: bytes) -> None:
        while chunk:
            if self._unpack is None or self._unpack.eof:
                # Padding may follow the last member; only another member is read on.
                if not chunk.startswith(_MAGIC):
                    return
                self._unpack = zlib.decompressobj(_GZIP)
            room = self._limit - len(self._content)
            try:
                self._content += self._unpack.decompress(chunk, room + 1)
            except zlib.error as error:
                raise StepError(
                    f"The reply of {self._host} is not valid gzip.", retryable=False
                ) from error
            if len(self._content) > self._limit:
                self._refuse()
            chunk = self._unpack.unused_data

    def _refuse(self) -> None:
        raise StepError(
            f"The reply of {self._host} is larger than {self._limit:,} bytes, "
            "the limit FLOWSTUDIO_HTTP_MAX_BYTES.",
            retryable=False,
        )
