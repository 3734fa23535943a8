"""Callers of a webhook: each sends the next request as soon as the one before is answered."""

import asyncio
import time

from flowstudio.security.signatures import sign

#: What the run is to hand on to its end.
_TEXT = b"an order of seven chairs"
_BODY = b'{"text": "%s", "n": 7}' % _TEXT


class Caller:
    """One connection that sends a request as soon as the one before is answered.

    Written by hand: a library for clients would take as much of these cores as the server.
    """

    def __init__(self, port: int, case: str, token: str, secret: str, number: int) -> None:
        self._port, self._case, self._secret = port, case, secret
        self._path, self._number = f"/hooks/{token}", number
        self._sent = 0
        self.times: list[float] = []
        self.wrong = 0

    async def call(self, until: float) -> None:
        """Send one request after another until then."""
        self.times, self.wrong = [], 0
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while time.monotonic() < until:
            request = self._request()
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            body = await reader.readexactly(int(length))
            self.times.append(time.perf_counter() - start)
            self.wrong += not self._is_right(head, body)
        writer.close()

    def _is_right(self, head: bytes, body: bytes) -> bool:
        if "outputs" in self._case:
            return head.startswith(b"HTTP/1.1 200") and _TEXT in body
        return head.startswith(b"HTTP/1.1 202")

    def _request(self) -> bytes:
        self._sent += 1
        key, more = f"{self._number}-{self._sent}-{time.time_ns()}", ""
        if "key" in self._case:
            more = f"idempotency-key: {key}\r\n"
        if self._secret:
            stamp = int(time.time())
            more = f"webhook-id: {key}\r\nwebhook-timestamp: {stamp}\r\n"
            more += f"webhook-signature: {sign(self._secret, key, stamp, _BODY)}\r\n"
        head = (
            f"POST {self._path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(_BODY)}\r\n{more}\r\n"
        )
        return head.encode() + _BODY


async def send(callers: list[Caller], seconds: float) -> None:
    """Have all of them call for so long."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.call(until))
