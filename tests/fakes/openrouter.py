"""A server on the loopback address that speaks OpenRouter's protocol, faults included.

    async with FakeOpenRouter() as server:
        server.answer(say("Hello"))
        gateway = Gateway(Settings(openrouter_base_url=server.url, openrouter_api_key=KEY), http)

Replies are taken in the order they were given; without any, it says "Hello.". What it was asked
stands in `requests`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

KEY = "sk-or-v1-fake-0123456789"
COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.00015}
GENERATION = "gen-1"

Ending = Literal["complete", "stall", "cut"]


@dataclass(frozen=True)
class Reply:
    """What the server sends to one request.

    Attributes:
        frames: pieces of the body, each sent by itself.
        ending: `complete` ends it properly, `stall` says no more until the client leaves, `cut`
            closes the connection in the middle.
        gate: waited for after the first frame with text, so that a test can look in between.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    frames: Iterable[bytes] = ()
    ending: Ending = "complete"
    gate: asyncio.Event | None = None


@dataclass
class Received:
    """One request, and what became of its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    #: Set when the client has closed the connection before the answer was complete.
    left: asyncio.Event = field(default_factory=asyncio.Event)


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": GENERATION, "model": "test/model", "choices": [choice], **more}


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def stream(*frames: bytes, ending: Ending = "complete", **headers: str) -> Reply:
    return Reply(200, {"content-type": "text/event-stream", **headers}, frames, ending)


def pieces(text: str) -> list[bytes]:
    """A text as a model streams it: word by word."""
    words = text.split(" ")
    parts = [word if n == 0 else f" {word}" for n, word in enumerate(words)]
    return [event(chunk({"content": part})) for part in parts]


def say(
    text: str,
    *,
    usage: dict[str, Any] | None = USAGE,
    finish: str = "stop",
    model: str = "test/model",
) -> Reply:
    """A whole streamed answer, with comments, usage in the last chunk, and the end mark."""
    frames = [COMMENT, event(chunk({"role": "assistant", "content": ""}))]
    frames += pieces(text)
    frames.append(event(chunk({}, finish, model=model)))
    if usage is not None:
        frames.append(event(chunk({}, None, model=model, usage=usage) | {"choices": []}))
    return stream(*frames, DONE)


def say_json(value: Any, **more: Any) -> Reply:
    return say(json.dumps(value), **more)


def fail(
    status: int,
    message: str = "it failed",
    *,
    retry_after: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Reply:
    """An error before any token: JSON and a status."""
    error = {"code": status, "message": message, "metadata": metadata or {}}
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = retry_after
    return Reply(status, headers, [json.dumps({"error": error}).encode()])


def break_off(text: str, code: int | str = 502, message: str = "provider lost") -> Reply:
    """An error in the middle of an answer, at status 200."""
    error = {"code": code, "message": message, "metadata": {"provider_name": "Acme"}}
    last = chunk({"content": ""}, "error", error=error)
    return stream(*(pieces(text) if text else []), event(last))


def stall(text: str) -> Reply:
    return stream(*pieces(text), ending="stall")


def cut(text: str) -> Reply:
    return stream(*pieces(text), ending="cut")


class FakeOpenRouter:
    """The server; an async context manager.

    Attributes:
        connections: how many were ever opened.
        models: entries of `GET /models`.
        costs: of generations, for `GET /generation`; others are not found.
        handler: chooses a reply by the request instead of by the script.
    """

    def __init__(self, key: str | None = KEY) -> None:
        self.key = key
        self.url = ""
        self.requests: list[Received] = []
        self.connections = 0
        self.models: list[dict[str, Any]] = []
        self.costs: dict[str, float] = {}
        self.handler: Callable[[Received], Reply | None] | None = None
        self._script: deque[Reply] = deque()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def answer(self, *replies: Reply) -> None:
        """Give these to the next requests for chat, in order."""
        self._script.extend(replies)

    @property
    def chats(self) -> list[Received]:
        return [request for request in self.requests if request.path == "/chat/completions"]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        tasks = list(self._connections)
        for writer in list(self._connections.values()):
            writer.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                if not await self._send(self._reply(request), request, reader, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            del self._connections[task]
            writer.close()

    def _reply(self, request: Received) -> Reply:
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return fail(401, f"No auth credentials found: {request.headers.get('authorization')}")
        if self.handler is not None and (reply := self.handler(request)) is not None:
            return reply
        path, _, query = request.path.partition("?")
        match path:
            case "/models":
                return _json({"data": self.models})
            case "/generation":
                return self._generation(query.removeprefix("id="))
            case "/embeddings" if not self._script:
                data = [
                    {"index": index, "embedding": [float(len(text)), 1.0]}
                    for index, text in enumerate(request.body["input"])
                ]
                # Out of order, as the protocol allows.
                return _json({"data": data[::-1], "model": "test/embed", "usage": USAGE})
        return self._script.popleft() if self._script else say("Hello.")

    def _generation(self, generation: str) -> Reply:
        if generation not in self.costs:
            return fail(404, "Generation not found")
        data = {
            "id": generation,
            "total_cost": self.costs[generation],
            "native_tokens_prompt": 7,
            "native_tokens_completion": 3,
            "model": "test/model",
        }
        return _json({"data": data})

    async def _send(
        self,
        reply: Reply,
        request: Received,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Send a reply; false when the connection is no longer of use."""
        head = [f"HTTP/1.1 {reply.status} Fake", "transfer-encoding: chunked"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        try:
            gate = reply.gate
            for frame in reply.frames:
                writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                await writer.drain()
                if gate is not None and b'"content": "' in frame and b'"content": ""' not in frame:
                    await gate.wait()
            if reply.ending == "complete":
                writer.write(b"0\r\n\r\n")
                await writer.drain()
                return True
            if reply.ending == "stall":
                await reader.read()
                request.left.set()
        except ConnectionError:
            request.left.set()
        return False


def _json(value: Any) -> Reply:
    return Reply(200, {"content-type": "application/json"}, [json.dumps(value).encode()])


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path, headers, json.loads(body) if body else None)
