"""A real HTTP server on 127.0.0.1 whose answers a test writes down, and which keeps what it got."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value, status: int = 200, **headers: str) -> "Answer":
        return cls(
            status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers}
        )

    @classmethod
    def of_text(cls, text: str, status: int = 200, **headers: str) -> "Answer":
        return cls(status, text.encode(), {"Content-Type": "text/plain", **headers})

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> "Answer":
        return cls(status, b"", {"Location": location})


def echo(request: Request) -> Answer:
    """What arrived, as JSON."""
    return Answer.of_json(
        {
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode(errors="replace"),
        }
    )


Raw = Callable[[asyncio.StreamWriter], Awaitable[None]]
Script = Answer | Callable[[Request], Answer] | list[Answer]


class HttpServer:
    """Answers by path.

    `answers[path]` is an `Answer`, a function of the request, or a list taken one by one (the last
    one stays); `raw[path]` writes to the connection itself.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Script] = {"/echo": echo}
        self.raw: dict[str, Raw] = {"/endless": endless, "/drip": self._drip, "/cut": cut}
        self.requests: list[Request] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self._tls = tls
        self._tasks: set[asyncio.Task] = set()

    async def __aenter__(self) -> "HttpServer":
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._tls, **_patience(self._tls)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_) -> None:
        self._server.close()
        self.closed.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks) if self._tasks else None

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            while request := await _read(reader):
                self.requests.append(request)
                self.asked.set()
                if request.path in self.raw:
                    await self.raw[request.path](writer)
                    break
                await _write(writer, request, self._answer(request))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self.left.set()
            writer.close()
            self._tasks.discard(asyncio.current_task())

    def _answer(self, request: Request) -> Answer:
        script = self.answers.get(request.path, Answer.of_text("nothing here", 404))
        if isinstance(script, list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script if isinstance(script, Answer) else script(request)

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        """One byte at a time, often enough that no single read ever waits long."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not self.closed.is_set():
            writer.write(b"x")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closed.wait(), 0.01)


async def endless(writer: asyncio.StreamWriter) -> None:
    """A chunked body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()


async def cut(writer: asyncio.StreamWriter) -> None:
    """A body that breaks off."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    start = await reader.readline()
    if not start.strip():
        return None
    method, target, _ = start.decode("latin-1").split()
    headers = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _write(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    headers = {"Content-Length": str(len(answer.body))} | answer.headers
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    writer.write(head if request.method == "HEAD" else head + answer.body)
    await writer.drain()


def _patience(tls: ssl.SSLContext | None) -> dict[str, float]:
    # A client that just leaves shall not hold the server's end up.
    return {"ssl_shutdown_timeout": 0.1} if tls else {}
