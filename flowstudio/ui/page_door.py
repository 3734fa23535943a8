"""The ASGI layer before the pages: whoever is not signed in is sent to where they can."""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.errors import NotSignedInError
from flowstudio.security.tokens import AccessClaims
from flowstudio.services.cookies import read_cookie
from flowstudio.ui.built_pages import route_pattern

_SETUP, _SIGN_IN = "/setup", "/sign-in"


class PageDoor:
    """Answers the address of a page with 303 when the page would have nothing to show.

    Pages hold no data of their own, so this is a courtesy; what guards the data is that every
    event and every request is checked.

    Args:
        app: the site.
        routes: every page's route, and whether it is for people who are not signed in.
        cookie: name of the access cookie.
        read: gives what a token says, or raises.
        is_set_up: whether there is anybody yet.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Mapping[str, bool],
        cookie: str,
        read: Callable[[str], AccessClaims],
        is_set_up: Callable[[], Awaitable[bool]],
    ) -> None:
        self._app = app
        private = [route_pattern(route) for route, is_public in routes.items() if not is_public]
        self._private = re.compile("|".join(private))
        self._cookie = cookie
        self._read = read
        self._is_set_up = is_set_up
        self._was_set_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or send the browser elsewhere."""
        target = await self._target(scope)
        if target:
            await _redirect(target, send)
        else:
            await self._app(scope, receive, send)

    async def _target(self, scope: Scope) -> str:
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return ""
        path = scope["path"].rstrip("/") or "/"
        is_private = self._private.fullmatch(path) is not None
        if not (is_private or path == _SIGN_IN) or self._is_signed_in(scope):
            return ""
        if not await self._has_people():
            return _SETUP
        return self._sign_in(path, scope["query_string"]) if is_private else ""

    def _is_signed_in(self, scope: Scope) -> bool:
        cookies = "; ".join(Headers(scope=scope).getlist("cookie"))
        try:
            return bool(self._read(read_cookie(cookies, self._cookie)))
        except NotSignedInError:
            return False

    async def _has_people(self) -> bool:
        # Set-up happens once, so the answer yes stays true.
        self._was_set_up = self._was_set_up or await self._is_set_up()
        return self._was_set_up

    @staticmethod
    def _sign_in(path: str, query: bytes) -> str:
        place = quote(path) + (f"?{query.decode('latin-1')}" if query else "")
        return _SIGN_IN if place == "/" else f"{_SIGN_IN}?next={quote(place, safe='/')}"


async def _redirect(target: str, send: Send) -> None:
    headers = [
        (b"location", target.encode()),
        (b"cache-control", b"no-store"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
