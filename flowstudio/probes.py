"""What machines ask about this process: does it live, is it ready, what has it counted.

These stand beside the API rather than in it: nobody signs in, and no rate is counted. The web
process has them in front of its site, a worker has nothing else.
"""

import hmac
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.errors import FlowStudioError
from flowstudio.runtime import Runtime
from flowstudio.services.access import NOBODY, OPERATOR
from flowstudio.settings import Settings

SHORTEST_TOKEN = 16
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_STARTING = "The server is starting, or about to end."


class Probes:
    """Answers `/healthz`, `/readyz` and `/metrics`, and counts what goes on to the site."""

    def __init__(self, site: ASGIApp, runtime_of: Callable[[], Runtime]) -> None:
        self._site = site
        self._runtime_of = runtime_of
        self._answers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/healthz": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        kind = scope["type"]
        if kind == "http" and (answer := self._answers.get(scope["path"])) is not None:
            await (await self._answer(answer, Request(scope)))(scope, receive, send)
        elif kind == "http":
            await self._counted(scope, receive, send)
        elif kind == "websocket":
            await self._held(scope, receive, send)
        else:
            await self._site(scope, receive, send)

    async def _answer(
        self, answer: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return PlainTextResponse("Only GET.", 405, {"allow": "GET, HEAD"})
        reply = await answer(request)
        reply.headers["cache-control"] = "no-store"
        reply.headers["x-content-type-options"] = "nosniff"
        return reply

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _ready(self, _: Request) -> Response:
        try:
            problems = list(await self._runtime_of().readiness.look(NOBODY))
        except IndexError:
            problems = [_STARTING]
        except FlowStudioError:
            problems = ["The services cannot be opened; `flowstudio doctor` says why."]
        if problems:
            return JSONResponse({"status": "not ready", "problems": problems}, 503)
        return JSONResponse({"status": "ready"})

    async def _metrics(self, request: Request) -> Response:
        try:
            runtime = self._runtime_of()
        except IndexError:
            return PlainTextResponse(_STARTING, 503)
        if (refusal := _refuse(request, runtime.settings)) is not None:
            return refusal
        try:
            page = await runtime.metrics.render(OPERATOR, request.headers.get("accept", ""))
        except FlowStudioError:
            return PlainTextResponse("The database cannot be read.", 503)
        return Response(page.body, headers={"content-type": page.content_type})

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, status = time.perf_counter(), 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._site(scope, receive, send_noted)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._note(method, _route(scope), status, time.perf_counter() - start)

    def _note(self, method: str, route: str, status: int, took_s: float) -> None:
        try:
            self._runtime_of().traffic.count(method, route, status, took_s)
        except IndexError:
            # The services are not open: nobody will ask either.
            return

    async def _held(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            traffic = self._runtime_of().traffic
        except IndexError:
            await self._site(scope, receive, send)
            return
        traffic.sockets += 1
        try:
            await self._site(scope, receive, send)
        finally:
            traffic.sockets -= 1


async def nothing_else(scope: Scope, receive: Receive, send: Send) -> None:
    """The site of a process that has none."""
    if scope["type"] == "http":
        says = "A worker answers /healthz, /readyz and /metrics, and has no pages."
        await PlainTextResponse(says, 404)(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


def _route(scope: Scope) -> str:
    """The pattern, for an address may hold anything."""
    found = getattr(scope.get("route"), "path", "")
    if found:
        return str(found)
    return "(no route)" if scope["path"].startswith("/api") else "(page)"


def _refuse(request: Request, settings: Settings) -> Response | None:
    token = settings.metrics_token.get_secret_value()
    if not token:
        return None if _is_this_machine(request, settings) else _closed()
    if len(token) < SHORTEST_TOKEN:
        return _closed()
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), token.encode()):
        return None
    says = "Send the token of FLOWSTUDIO_METRICS_TOKEN as Authorization: Bearer …"
    return PlainTextResponse(says, 401, {"www-authenticate": "Bearer"})


def _closed() -> Response:
    says = f"Set FLOWSTUDIO_METRICS_TOKEN to {SHORTEST_TOKEN} characters or more, and send it as a bearer token."
    return PlainTextResponse(says, 403)


def _is_this_machine(request: Request, settings: Settings) -> bool:
    """Whether a program of this machine asks, and no proxy for somebody elsewhere.

    A proxy that adds no header of its own cannot be told from a program here; but a site behind one
    works only once it has been told its public address or origin.
    """
    if settings.public_url or settings.allowed_origins or settings.trusted_proxies:
        return False
    headers = request.headers
    if any(name in headers for name in _OF_PROXIES) or not _is_own_host(headers):
        return False
    peer = request.client.host if request.client else ""
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False


def _is_own_host(headers: Headers) -> bool:
    # A page elsewhere may give its own name this machine's address.
    host = headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOOPBACK
