"""ASGI layers around the page: who may open the websocket, and the security headers."""

import base64
import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_HASHED_FILE = re.compile(r"^/assets/.+-[\w-]{8,}\.\w+$")
_YEAR = "public, max-age=31536000, immutable"


class OriginDoor:
    """Refuses requests that a page of another origin makes with this server's name.

    Reads are left alone, since browsers already keep their replies from other origins; a websocket
    or a write is refused unless its Origin is listed. A client that sends none is no browser.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 403."""
        if self._is_foreign(scope):
            await _refuse(scope, send)
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            return False
        if scope["type"] not in {"http", "websocket"}:
            return False
        origin = Headers(scope=scope).get("origin")
        return origin is not None and origin.lower() not in self._origins


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "origin not allowed"})
        return
    body = b"This origin is not allowed. List it in FLOWSTUDIO_ALLOWED_ORIGINS."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class SecurityHeaders:
    """Adds the headers that keep a browser careful, and lets it keep files named by content."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, path: str, status: int) -> None:
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
        if headers.get("content-type", "").startswith("text/html"):
            headers["content-security-policy"] = self._policy
            headers["cache-control"] = "no-cache"
        elif status == 200 and _HASHED_FILE.match(path):
            headers["cache-control"] = _YEAR


def content_policy(pages: Path) -> str:
    """The Content-Security-Policy of the built pages: their own inline scripts, by hash, no other.

    Styles may be inline: React sets widths and positions as style attributes.
    """
    scripts = {
        _hash(script)
        for page in sorted(pages.rglob("*.html"))
        for script in _INLINE_SCRIPT.findall(page.read_bytes())
    }
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *sorted(scripts))),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _hash(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
