"""What every request passes before a route: its name in the log, the door, the safety net."""

import logging
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.api.access_log import write_line
from flowstudio.api.problems import door_problem
from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime
from flowstudio.services.log_context import note
from flowstudio.services.page_origins import page_origins

MAX_BODY_BYTES = 6_000_000
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?', re.IGNORECASE)
_NOT_JSON = "Send JSON, with Content-Type: application/json."
_TOO_LARGE = f"The body may have {MAX_BODY_BYTES:,} bytes."

log = logging.getLogger(__name__)


class RequestNames:
    """Gives each request an id, which its reply and its line in the log carry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a sane id that came with it is kept."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_ID.fullmatch(given) else new_id()
        # Whatever the server put there belongs to all requests; this one gets a place of its own.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        note(request_id=request_id, user_id="")
        start, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _finish(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            write_line(scope, status, time.perf_counter() - start)


def _finish(headers: MutableHeaders, scope: Scope) -> None:
    state = scope["state"]
    headers["x-request-id"] = state["request_id"]
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "same-origin"
    headers.setdefault("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    if (rate := state.get("rate")) is not None:
        headers.update(rate.headers())
    if "cache-control" not in headers:
        headers["cache-control"] = "private, no-cache" if "etag" in headers else "no-store"


class Door:
    """Refuses what no route should see: foreign pages, bodies too large, and bodies not JSON."""

    def __init__(self, app: ASGIApp, runtime_of: Callable[[], Runtime]) -> None:
        self._app = app
        self._runtime_of = runtime_of
        self._origins: frozenset[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a problem."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers)
        if refusal is None:
            await self._app(scope, _limited(headers, receive), send)
            return
        status, detail = refusal
        reply = door_problem(status, detail, scope["state"]["request_id"])
        await reply(scope, receive, send)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        if self._is_foreign(headers):
            return 403, "A page of another origin may not do this; see FLOWSTUDIO_ALLOWED_ORIGINS."
        if not all(_JSON.fullmatch(kind) for kind in headers.getlist("content-type")):
            return 415, _NOT_JSON
        if headers.get("content-encoding", "identity") != "identity":
            return 415, "Send the body as it is, without Content-Encoding."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY_BYTES:
            return 413, _TOO_LARGE
        return None

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") == "cross-site"
        if self._origins is None:
            allowed = page_origins(self._runtime_of().settings)
            self._origins = frozenset(one.lower() for one in allowed)
        return origin.lower() not in self._origins


def _limited(headers: Headers, receive: Receive) -> Receive:
    """Counts a body as it comes, since a stream does not say how long it will be."""
    received, is_json = 0, "content-type" in headers

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        if received and not is_json:
            raise HTTPException(415, _NOT_JSON)
        return message

    return counted


class SafetyNet:
    """Answers what nobody foresaw with 500 and the request's id; the log has the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and catch what comes back."""
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            request_id = scope.get("state", {}).get("request_id", "")
            log.exception("The request %s failed", request_id)
            if has_started:
                raise
            detail = f"The server's log has the details under {request_id}."
            await door_problem(500, detail, request_id)(scope, receive, send)
