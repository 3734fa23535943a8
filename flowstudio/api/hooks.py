"""The door of webhooks: `/hooks/<token>`, and `/hooks/test/<token>` for the draft.

It stands beside the API rather than in it: nobody signs in here, a sender decides what it sends, and
each request pays only for what it needs.
"""

import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.api.problems import Kind, door_problem, problem, problem_of
from flowstudio.engine.events import Event
from flowstudio.errors import FlowStudioError, InvalidInputError, ThrottledError
from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime
from flowstudio.services.access import NOBODY
from flowstudio.services.addresses import client_address
from flowstudio.services.webhook_calls import Started, WebhookCalls
from flowstudio.services.webhook_inputs import Received
from flowstudio.services.webhook_links import Link
from flowstudio.services.webhook_requests import Noted
from flowstudio.services.webhook_waits import RunResult, RunWait

log = logging.getLogger(__name__)

PREFIX = "/hooks/"
_TEST = "test/"
#: Requests of one link that wait for their runs at once.
MOST_WAITING = 200
_MOST_QUERY = 100
_TIMED_OUT = Kind(504, "run-goes-on", "The run goes on")
_FAILED = Kind(500, "run-failed", "The run did not succeed")
_WORDS = {"failed": "failed", "cancelled": "been cancelled"}
_RUN = "x-run-id"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TooLargeError(Exception):
    """The body has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What counters and logs call the path, whose token is nobody's business."""

    path: str


_ROUTES = {False: Pattern("/hooks/{token}"), True: Pattern("/hooks/test/{token}")}


@dataclass(frozen=True, slots=True)
class _Call:
    """A request at a link; `run_id` is its own id, which the run takes over that it may make."""

    link: Link
    received: Received
    is_test: bool
    run_id: str

    async def start(self, calls: WebhookCalls) -> Started:
        return await calls.start(self.link, self.received, self.run_id, is_test=self.is_test)


class Hooks:
    """Answers requests at webhooks, and passes everything else on."""

    def __init__(self, site: ASGIApp, runtime_of: Callable[[], Runtime]) -> None:
        self._site = site
        self._runtime_of = runtime_of
        self._waiting: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._site(scope, receive, send)
            return
        rest = scope["path"].removeprefix(PREFIX)
        is_test = rest.startswith(_TEST)
        scope["route"] = _ROUTES[is_test]
        request_id = new_id()
        try:
            token = rest.removeprefix(_TEST)
            reply = await self._answer(scope, receive, token, request_id, is_test=is_test)
        except ClientDisconnect:
            return
        except Exception:
            log.exception("A webhook's request %s failed", request_id)
            reply = door_problem(500, f"The log has more, under {request_id}.", request_id)
        reply.headers.update({**_HEADERS, "X-Request-Id": request_id})
        await reply(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, token: str, request_id: str, *, is_test: bool
    ) -> Response:
        runtime = self._runtime_of()
        calls = runtime.studio.webhook_calls
        try:
            link = await calls.find(NOBODY, token, is_test=is_test)
            if link.record.kind != "webhook":
                return door_problem(404, "This is the link of a form; open it at /f/.", request_id)
            if scope["method"] not in link.record.methods:
                return _wrong_method(link, request_id)
            received = await read_request(scope, receive, runtime)
        except TooLargeError:
            most = runtime.settings.webhook_max_bytes
            return door_problem(413, f"The body may have {most:,} bytes.", request_id)
        except FlowStudioError as error:
            return problem_of(error, request_id)
        call, detail = _Call(link, received, is_test, request_id), ""
        try:
            await calls.admit(link, received, is_test=is_test)
            reply = await self._run(calls, call)
        except FlowStudioError as error:
            detail = str(error)
            reply = problem_of(error, request_id)
        noted = Noted(reply.status_code, detail, reply.headers.get(_RUN, ""))
        runtime.studio.webhook_requests.note(link, received, noted, is_test=is_test)
        return reply

    async def _run(self, calls: WebhookCalls, call: "_Call") -> Response:
        respond = call.link.record.respond
        if respond == "now":
            return _accepted(await call.start(calls))
        if respond == "stream":
            return await self._streamed(calls, call)
        with self._one_of_few(call.link.record.id), calls.waiting(call.run_id) as wait:
            started = await call.start(calls)
            if not started.is_first:
                return _accepted(started)
            try:
                result = await wait.result(call.link.record.timeout_s)
            except TimeoutError:
                detail = "The run has not ended yet and goes on."
                return _told(_TIMED_OUT, detail, call)
            return _ended(result, call)

    async def _streamed(self, calls: WebhookCalls, call: "_Call") -> Response:
        told = self._tell(calls, call)
        # Begun here, so that what is wrong can still be said by a status.
        first = await anext(told)
        if isinstance(first, Started):
            return _accepted(first)

        async def lines() -> AsyncGenerator[str]:
            async with aclosing(told):
                yield str(first)
                async for line in told:
                    yield str(line)

        headers = {_RUN: call.run_id}
        return StreamingResponse(lines(), headers=headers, media_type="text/event-stream")

    async def _tell(self, calls: WebhookCalls, call: "_Call") -> AsyncGenerator[str | Started]:
        waiting = calls.waiting(call.run_id, all_of_it=True)
        with self._one_of_few(call.link.record.id), waiting as wait:
            started = await call.start(calls)
            if not started.is_first:
                yield started
                return
            yield _sse("run", {"run_id": call.run_id})
            async for line in _lines(wait, call.link.record.timeout_s):
                yield line
            if not wait.has_ended:
                yield _sse("timeout", {"run_id": call.run_id, "address": self._page(call)})

    def _page(self, call: "_Call") -> str:
        """Where the people of its project see the run."""
        return f"{self._runtime_of().settings.base_url}/runs/{call.run_id}"

    @contextmanager
    def _one_of_few(self, webhook_id: str) -> Iterator[None]:
        if self._waiting[webhook_id] >= MOST_WAITING:
            message = f"{MOST_WAITING} requests of this link wait for their runs. Try again later."
            raise ThrottledError(message, 1.0)
        self._waiting[webhook_id] += 1
        try:
            yield
        finally:
            self._waiting[webhook_id] -= 1
            if not self._waiting[webhook_id]:
                del self._waiting[webhook_id]


async def read_request(scope: Scope, receive: Receive, runtime: Runtime) -> Received:
    """The request, its body counted as it comes.

    Raises:
        TooLargeError: the body has more bytes than are taken.
        InvalidInputError: the query or the body's encoding does not read.
    """
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    )
    look = Headers(scope=scope)
    if look.get("content-encoding", "identity") != "identity":
        message = "body: Send it as it is, without Content-Encoding."
        raise InvalidInputError([message])
    body = await _body(look.get("content-length", ""), receive, runtime.settings.webhook_max_bytes)
    address = client_address(scope, runtime.settings.trusted_proxies)
    return Received(scope["method"], headers, _query(scope["query_string"]), body, address)


async def _body(length: str, receive: Receive, most: int) -> bytes:
    if length and (not length.isdecimal() or int(length[:20]) > most):
        raise TooLargeError
    pieces: list[bytes] = []
    received = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        received += len(piece)
        if received > most:
            raise TooLargeError
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


def _query(text: bytes) -> tuple[tuple[str, str], ...]:
    if not text:
        return ()
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_QUERY,
            errors="strict",
        )
    except ValueError as error:
        message = f"query: It must be UTF-8 text, of at most {_MOST_QUERY} fields."
        raise InvalidInputError([message]) from error
    return tuple(pairs)


def _wrong_method(link: Link, request_id: str) -> Response:
    allowed = ", ".join(link.record.methods)
    return door_problem(405, f"This link takes {allowed}.", request_id, Allow=allowed)


def _accepted(started: Started) -> Response:
    # Asking again is no fault: the first request's run is the answer.
    status = 202 if started.is_first else 200
    told = {"run_id": started.run_id, "is_first": started.is_first}
    return JSONResponse(told, status, {_RUN: started.run_id})


def _ended(result: RunResult, call: _Call) -> Response:
    if result.status != "succeeded":
        detail = f"The run has {_WORDS[result.status]}. The people of its project see why."
        return _told(_FAILED, detail, call)
    told = {"run_id": result.run_id, "status": result.status, "outputs": result.outputs}
    return JSONResponse(told, headers={_RUN: result.run_id})


def _told(kind: Kind, detail: str, call: _Call) -> Response:
    more, headers = {"run_id": call.run_id}, {_RUN: call.run_id}
    return problem(kind, detail, call.run_id, headers=headers, more=more)


async def _lines(wait: RunWait, within_s: float) -> AsyncIterator[str]:
    """The run as server-sent events; what goes on inside it stays inside, but for live text."""
    async for event in wait.events(within_s):
        if event is None:
            yield ": still here\n\n"
        elif isinstance(event, RunResult):
            yield _sse("end", {"status": event.status, "outputs": event.outputs})
        elif line := _live(event):
            yield line


def _live(event: Event) -> str:
    if event.type == "step_streamed" and "text" in event.data:
        return _sse("text", {"node": event.node, "text": event.data["text"]})
    return ""


def _sse(kind: str, data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n"
