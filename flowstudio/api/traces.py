"""A span for each request, when traces are sent anywhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.api.hooks import PREFIX
from flowstudio.runtime import Runtime

if TYPE_CHECKING:
    from flowstudio.services.tracing import Tracing

_TOLD = ("/api/", PREFIX)


class Traced:
    """Puts requests of the API and of webhooks into traces; a span names the route, not the address."""

    def __init__(self, site: ASGIApp, runtime_of: Callable[[], Runtime]) -> None:
        self._site = site
        self._runtime_of = runtime_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, within a span if there is somebody to tell."""
        is_told = scope["type"] == "http" and scope["path"].startswith(_TOLD)
        tracing = self._tracing() if is_told else None
        if tracing is None:
            await self._site(scope, receive, send)
            return
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with tracing.request(scope["method"][:10], Headers(scope=scope)) as span:
            try:
                await self._site(scope, receive, send_noted)
            finally:
                if route := getattr(scope.get("route"), "path", ""):
                    span.update_name(f"{scope['method'][:10]} {route}")
                    span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)

    def _tracing(self) -> "Tracing | None":
        try:
            return self._runtime_of().tracing
        except IndexError:
            # The services are not open; the site says so better.
            return None
