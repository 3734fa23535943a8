"""Puts the API in front of the site, on the same port."""

from starlette.types import ASGIApp, Receive, Scope, Send


class ApiFirst:
    """Answers `/api/…` with the API, and everything else with the site, its start and end included."""

    def __init__(self, api: ASGIApp, site: ASGIApp) -> None:
        self._api = api
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to one of the two."""
        path = scope.get("path", "")
        is_api = scope["type"] == "http" and (path == "/api" or path.startswith("/api/"))
        await (self._api if is_api else self._site)(scope, receive, send)
